/* Payments in headers and what facilitators answer. */
#include "fuzz.h"

#include "base/json.h"
#include "wire/x402.h"

static void read(struct work *w, const cJSON *tree)
{
	struct x402_requirements requirements;
	struct x402_payment payment;
	struct x402_reply reply;

	if (x402_payment_read(w, tree, &payment))
		(void)x402_cronos_payment(w, &payment);
	(void)!x402_requirements_read(w, tree, &requirements);
	x402_reply_read(tree, &reply);
}

static void fuzz(struct work *w, str in)
{
	const cJSON *tree;

	if (x402_header_decode(w, in, &tree))
		read(w, tree);
	if (json_parse(w, in, &tree))
		read(w, tree);
}
