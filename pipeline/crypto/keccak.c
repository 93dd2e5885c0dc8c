/* Keccak-f[1600] as in the Keccak reference (section 2.3), lanes little endian, lane[x + 5 * y]. */
#include "crypto/keccak.h"

#define RATE 136
#define ROUNDS 24

/* clang-format off */
static const uint64_t round_constant[ROUNDS] = {
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* rho's rotation of the lane at the same index */
static const unsigned rotation[25] = {
	0,  1,  62, 28, 27, /* y = 0 */
	36, 44, 6,  55, 20, /* y = 1 */
	3,  10, 43, 25, 39, /* y = 2 */
	41, 45, 15, 21, 8,  /* y = 3 */
	18, 2,  61, 56, 14, /* y = 4 */
};
/* clang-format on */

static uint64_t rotate(uint64_t v, unsigned by)
{
	return by == 0 ? v : v << by | v >> (64 - by);
}

static void theta(uint64_t a[25])
{
	uint64_t column[5];

	for (int x = 0; x < 5; x++)
		column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
	for (int x = 0; x < 5; x++) {
		uint64_t d = column[(x + 4) % 5] ^ rotate(column[(x + 1) % 5], 1);

		for (int y = 0; y < 25; y += 5)
			a[x + y] ^= d;
	}
}

static void rho_pi_chi(uint64_t a[25])
{
	uint64_t b[25];

	for (int x = 0; x < 5; x++)
		for (int y = 0; y < 5; y++)
			b[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(a[x + 5 * y], rotation[x + 5 * y]);
	for (int y = 0; y < 25; y += 5)
		for (int x = 0; x < 5; x++)
			a[x + y] = b[x + y] ^ (~b[(x + 1) % 5 + y] & b[(x + 2) % 5 + y]);
}

static void permute(uint64_t a[25])
{
	for (int i = 0; i < ROUNDS; i++) {
		theta(a);
		rho_pi_chi(a);
		a[0] ^= round_constant[i];
	}
}

static void mix(struct keccak *k, size_t at, uint8_t byte)
{
	k->lane[at / 8] ^= (uint64_t)byte << (8 * (at % 8));
}

void keccak_init(struct keccak *k)
{
	*k = (struct keccak){ 0 };
}

void keccak_add(struct keccak *k, str bytes)
{
	for (size_t i = 0; i < bytes.n; i++) {
		mix(k, k->at++, (uint8_t)bytes.p[i]);
		if (k->at == RATE) {
			permute(k->lane);
			k->at = 0;
		}
	}
}

void keccak_end(struct keccak *k, uint8_t out[32])
{
	mix(k, k->at, 0x01); /* SHA-3 would be 0x06 */
	mix(k, RATE - 1, 0x80);
	permute(k->lane);
	for (int i = 0; i < 32; i++)
		out[i] = (uint8_t)(k->lane[i / 8] >> (8 * (i % 8)));
}

void keccak256(str bytes, uint8_t out[32])
{
	struct keccak k;

	keccak_init(&k);
	keccak_add(&k, bytes);
	keccak_end(&k, out);
}
