/* vectors FILE...: runs every case of each file {title, fields, cases: [{id, kind?, in, out}]}, prints a line for each case
 * that failed and, last, how many passed and failed. Exit 1 if any failed. A case is known by its kind and by the members
 * of its `in` and `out`, never by the file it stands in; one that is not known fails. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/vectors/vector.h"

#define FILE_MAX (64 << 20)

/* in, out: a member that tells kinds of the same name apart, and files without kinds; NULL = any */
static const struct {
	const char *kind, *in, *out;
	vector_check check;
} checks[] = {
	{ NULL, "data", "hash", check_keccak },
	{ NULL, "types", "domain_separator", check_eip712 },
	{ "encode_decode", "item", NULL, check_rlp },
	{ "reject", "rlp", NULL, check_rlp_reject },
	{ "call", "signature", NULL, check_abi_call },
	{ "return", "types", NULL, check_abi_return },
	{ "revert", "error", NULL, check_abi_revert },
	{ "event", "event", NULL, check_abi_event },
	{ "from_private_key", NULL, NULL, check_key },
	{ "checksum", NULL, NULL, check_checksum },
	{ "validate", NULL, NULL, check_validate },
	{ "create", NULL, NULL, check_create },
	{ "create2", NULL, NULL, check_create2 },
	{ "sign", "tx", NULL, check_evm_tx },
	{ "sign", "message", "eip191_hash", check_personal_sign },
	{ "recover", "message", NULL, check_personal_recover },
	{ "valid", "fields", NULL, check_siwe_valid },
	{ "reject_parse", "message", NULL, check_siwe_reject_parse },
	{ "reject_verify", "expected", NULL, check_siwe_reject_verify },
	{ "accept_verify", "expected", NULL, check_siwe_accept_verify },
	{ "key", "algorithm", "checksummed", check_casper_key },
	{ "pem", "pem", NULL, check_casper_pem },
	{ "parse", "text", "valid", check_casper_parse },
	{ "sign", "message", "tagged_signature", check_casper_sign },
	{ "verify", "public_key", "accept", check_casper_verify },
	{ "cronos_header", NULL, NULL, check_x402_cronos_header },
	{ "cronos_request_body", NULL, NULL, check_x402_cronos_body },
	{ "v2_signature_header", NULL, NULL, check_x402_signature_header },
	{ "v2_required_header", NULL, NULL, check_x402_required_header },
	{ "v2_response_header", NULL, NULL, check_x402_response_header },
	{ "deterministic_nonce", NULL, NULL, check_x402_nonce },
	{ "facilitator", NULL, NULL, check_x402_facilitator },
};

struct score {
	unsigned long passed, failed;
};

/* name NULL asks for nothing. */
static bool has(const cJSON *object, const char *name)
{
	return name == NULL || (cJSON_IsObject(object) && cJSON_GetObjectItemCaseSensitive(object, name) != NULL);
}

static vector_check find(const cJSON *kind, const struct vector *v)
{
	str wanted = cJSON_IsString(kind) ? str_c(kind->valuestring) : (str){ NULL, 0 };

	if (kind != NULL && !cJSON_IsString(kind))
		return NULL;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		str own = str_c(checks[i].kind);

		if ((own.p == NULL) == (wanted.p == NULL) && str_eq(own, wanted) && has(v->in, checks[i].in) &&
			has(v->out, checks[i].out))
			return checks[i].check;
	}
	return NULL;
}

/* Every member of `out` was compared with something. */
static bool all_checked(struct vector *v)
{
	const cJSON *item;
	unsigned at = 0;

	cJSON_ArrayForEach(item, v->out) {
		if (at >= OUT_MAX || (v->checked >> at & 1) == 0)
			return differs(v, "out: nothing is known of %.100s", item->string);
		at++;
	}
	return true;
}

static bool run(const cJSON *item, struct vector *v)
{
	const cJSON *kind = cJSON_GetObjectItemCaseSensitive(item, "kind");
	vector_check check;

	if (!cJSON_IsObject(item))
		return differs(v, "a case must be an object");
	v->in = cJSON_GetObjectItemCaseSensitive(item, "in");
	v->out = cJSON_GetObjectItemCaseSensitive(item, "out");
	if (!cJSON_IsObject(v->in) || (v->out != NULL && !cJSON_IsObject(v->out) && !cJSON_IsNull(v->out)))
		return differs(v, "in and out must be objects");
	check = find(kind, v);
	if (check == NULL)
		return differs(v, "no such kind of case: %.100s", cJSON_IsString(kind) ? kind->valuestring : "(none)");
	return check(v) && all_checked(v);
}

/* Names and differences may hold anything that a file holds: one line, no control characters. */
static void print_line(const char *file, const char *id, const char *why)
{
	const char *parts[] = { file, " ", id, ": ", why, "\n" };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (const char *p = parts[i]; *p != '\0'; p++)
			putchar((unsigned char)*p < 0x20 && i != 5 ? '?' : *p);
}

static void run_case(
	struct work *w, const char *file, const cJSON *cases, const cJSON *item, int at, struct score *score)
{
	struct vector v = { .w = w, .cases = cases, .item = item };
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(item, "id");
	char number[32];

	snprintf(number, sizeof(number), "#%d", at);
	if (run(item, &v) && v.why[0] == '\0') {
		score->passed++;
	} else {
		score->failed++;
		print_line(file, cJSON_IsString(id) ? id->valuestring : number, v.why[0] == '\0' ? "failed" : v.why);
	}
	work_reset(w);
}

static bool read_file(struct work *w, const char *path, str *out)
{
	struct buf b = buf_new(w->arena, FILE_MAX);
	FILE *f = fopen(path, "rb");
	char chunk[16384];
	size_t n;
	bool ok;

	if (f == NULL)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, str_of(chunk, n));
	ok = !ferror(f) && !buf_full(&b);
	fclose(f);
	*out = buf_str(&b);
	return ok;
}

static void run_file(const char *path, struct score *score)
{
	struct work file, one;
	const cJSON *tree = NULL, *cases, *item;
	int at = 0;
	str text;

	work_init(&file);
	work_init(&one);
	if (!read_file(&file, path, &text) || !json_parse(&file, text, &tree)) {
		print_line(path, "-", file.err.text[0] == '\0' ? "cannot be read" : file.err.text);
		score->failed++;
	}
	cases = cJSON_GetObjectItemCaseSensitive(tree, "cases");
	if (tree != NULL && (!cJSON_IsArray(cases) || cases->child == NULL)) {
		print_line(path, "-", "cases must be an array with at least one case");
		score->failed++;
	}
	cJSON_ArrayForEach(item, cases)
		run_case(&one, path, cases, item, at++, score);
	work_end(&one);
	work_end(&file);
}

int main(int argc, char **argv)
{
	struct score score = { 0 };

	if (argc < 2) {
		fprintf(stderr, "usage: vectors FILE...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		run_file(argv[i], &score);
	printf("%lu passed, %lu failed\n", score.passed, score.failed);
	return score.failed > 0;
}
