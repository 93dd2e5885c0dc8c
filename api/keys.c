#include "host.h"

#include "conf.h"
#include "crypto/digest.h"
#include "crypto/secret.h"
#include "keys.h"
#include "random.h"

struct keys keys;

static struct secret *seeds[2]; /* until the process ends */

static void add_key(struct secret *seed)
{
	seeds[keys.n_jwt] = seed;
	jwt_key_init(&keys.jwt[keys.n_jwt], (const uint8_t *)secret_bytes(seed).p);
	hmac_sha256(secret_bytes(seed), STR("patchwork cursor"), keys.cursor[keys.n_jwt]);
	keys.n_jwt++;
}

static struct secret *read_seed(struct work *w, str file)
{
	struct secret *seed;

	if (!secret_load_hex32(w, arena_cstr(w->arena, file), &seed)) {
		log_failure(LOG_ERROR, w, "api.jwt_key");
		exit(2);
	}
	return seed;
}

static struct secret *random_seed(void)
{
	struct secret *seed;
	uint8_t fresh[32];

	log_event(LOG_WARN, NULL, "api.jwt_key", "random=true");
	random_bytes(fresh, sizeof(fresh));
	seed = secret_of(str_of(fresh, sizeof(fresh)));
	explicit_bzero(fresh, sizeof(fresh));
	return seed;
}

static void read_seeds(struct work *w)
{
	add_key(api_conf.jwt_key_file.n > 0 ? read_seed(w, api_conf.jwt_key_file) : random_seed());
	if (api_conf.jwt_key_file_other.n > 0)
		add_key(read_seed(w, api_conf.jwt_key_file_other));
}

static void read_seal(struct work *w)
{
	if (api_conf.seal_key_file.n == 0)
		return;
	if (!seal_load(w, api_conf.seal_key_file, api_conf.seal_key_file_other, &keys.seal)) {
		log_failure(LOG_ERROR, w, "api.seal_key");
		exit(2);
	}
}

static void read_chains(void)
{
	str rest = api_conf.chain_ids, piece;

	while (str_next(&rest, ',', &piece)) {
		if (keys.n_chains == KEYS_CHAINS || !str_i64(str_trim(piece), &keys.chains[keys.n_chains++])) {
			log_event(LOG_ERROR, NULL, "api.chain_ids", "value=%s", LOG_Q(api_conf.chain_ids));
			exit(2);
		}
	}
}

void keys_load(void)
{
	struct work w;
	str rest = api_conf.origin;

	work_init(&w);
	read_seeds(&w);
	read_seal(&w);
	read_chains();
	keys.origins = api_conf.origin;
	if (!str_next(&rest, ',', &keys.uri))
		keys.uri = STR("");
	keys.uri = str_trim(keys.uri);
	work_end(&w);
}
