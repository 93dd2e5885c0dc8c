/* Sign-in texts (EIP-4361) and what wallets' signatures look like. */
#include "fuzz.h"

#include "model/login.h"

static void fuzz(struct work *w, str in)
{
	struct login l;

	if (!login_parse(w, in, &l))
		return;
	HOLDS(l.domain.n > 0 && l.nonce.n >= 8);
	HOLDS(!login_verify(w, in, &l, STR("")));
}
