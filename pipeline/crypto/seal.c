#include "crypto/seal.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/hex.h"
#include "crypto/secret.h"

#define VERSION 1
#define ID 8
#define NONCE_AT (1 + ID)
#define TEXT_AT (NONCE_AT + crypto_secretbox_NONCEBYTES)

_Static_assert(SEAL_OVERHEAD == TEXT_AT + crypto_secretbox_MACBYTES, "the header's number");

struct ring_key {
	struct secret *secret;
	uint8_t id[ID];
};
struct seal {
	struct ring_key keys[2];
	size_t n;
};

static const uint8_t *bytes_of(const struct ring_key *k)
{
	return (const uint8_t *)secret_bytes(k->secret).p;
}

static void add_key(struct seal *s, struct secret *secret)
{
	struct ring_key *k = &s->keys[s->n++];
	uint8_t hash[crypto_generichash_BYTES];

	k->secret = secret;
	crypto_generichash(hash, sizeof(hash), bytes_of(k), 32, NULL, 0);
	memcpy(k->id, hash, ID);
}

static struct seal *empty(void)
{
	struct seal *s = calloc(1, sizeof(*s));

	if (s == NULL || sodium_init() < 0)
		abort();
	return s;
}

struct seal *seal_of(const uint8_t key[32], const uint8_t *other)
{
	struct seal *s = empty();

	add_key(s, secret_of(str_of(key, 32)));
	if (other != NULL)
		add_key(s, secret_of(str_of(other, 32)));
	return s;
}

static bool add_file(struct work *w, struct seal *s, str file)
{
	struct secret *secret;

	if (!secret_load_hex32(w, arena_cstr(w->arena, file), &secret))
		return false;
	add_key(s, secret);
	return true;
}

bool seal_load(struct work *w, str key_file, str other_file, struct seal **out)
{
	*out = empty();
	if (add_file(w, *out, key_file) && (other_file.n == 0 || add_file(w, *out, other_file)))
		return true;
	seal_free(out);
	return false;
}

void seal_free(struct seal **s)
{
	if (*s == NULL)
		return;
	for (size_t i = 0; i < (*s)->n; i++)
		secret_free(&(*s)->keys[i].secret);
	free(*s);
	*s = NULL;
}

static void key_about(const struct ring_key *k, str about, uint8_t out[crypto_secretbox_KEYBYTES])
{
	crypto_generichash(out, crypto_secretbox_KEYBYTES, (const unsigned char *)about.p, about.n, bytes_of(k), 32);
}

str seal_close(struct arena *arena, const struct seal *s, str about, str plain)
{
	uint8_t *box = arena_alloc(arena, SEAL_OVERHEAD + plain.n), key[crypto_secretbox_KEYBYTES];

	box[0] = VERSION;
	memcpy(box + 1, s->keys[0].id, ID);
	randombytes_buf(box + NONCE_AT, crypto_secretbox_NONCEBYTES);
	key_about(&s->keys[0], about, key);
	crypto_secretbox_easy(box + TEXT_AT, (const unsigned char *)plain.p, plain.n, box + NONCE_AT, key);
	sodium_memzero(key, sizeof(key));
	return str_of(box, SEAL_OVERHEAD + plain.n);
}

static const struct ring_key *key_of(const struct seal *s, str box)
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(box.p + 1, s->keys[i].id, ID) == 0)
			return &s->keys[i];
	return NULL;
}

static bool is_box(str box)
{
	return box.n >= SEAL_OVERHEAD && box.p[0] == VERSION;
}

struct plain {
	uint8_t *p;
	size_t n;
};

static void wipe(void *arg)
{
	struct plain *plain = arg;

	sodium_memzero(plain->p, plain->n);
}

/* Memory of the arena: locked pages want calls of the system that the API's sandbox does not allow. */
static struct plain *plain_new(struct arena *arena, size_t n)
{
	struct plain *plain = ARENA_NEW(arena, struct plain);

	*plain = (struct plain){ arena_alloc(arena, n), n };
	arena_defer(arena, wipe, plain);
	return plain;
}

bool seal_open(struct work *w, const struct seal *s, str about, str box, str *plain)
{
	const struct ring_key *k = is_box(box) ? key_of(s, box) : NULL;
	const unsigned char *p = (const unsigned char *)box.p;
	uint8_t key[crypto_secretbox_KEYBYTES];
	struct plain *text;
	bool opened;

	if (!is_box(box))
		return err_set(w, ERR_INVALID, "seal.broken", "these bytes are no box");
	if (k == NULL)
		return err_set(w, ERR_INVALID, "seal.key_unknown", "it was closed with a key that is not configured");
	text = plain_new(w->arena, box.n);
	key_about(k, about, key);
	opened = crypto_secretbox_open_easy(text->p, p + TEXT_AT, box.n - TEXT_AT, p + NONCE_AT, key) == 0;
	sodium_memzero(key, sizeof(key));
	*plain = str_of(text->p, box.n - SEAL_OVERHEAD);
	return opened ||
		err_set(w, ERR_INVALID, "seal.broken", "changed since it was closed, or it belongs to another row");
}

str seal_key_id(struct arena *arena, const struct seal *s)
{
	return hex_str(arena, str_of(s->keys[0].id, ID));
}

bool seal_is_current(const struct seal *s, str box)
{
	return is_box(box) && key_of(s, box) == &s->keys[0];
}
