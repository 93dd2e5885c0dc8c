/* proof verify: a saved DSSE envelope against a public key, without any network. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/hex.h"
#include "base/json.h"
#include "command.h"
#include "wire/cid.h"
#include "wire/dsse.h"

#define PROOF_FILE_MAX (1 << 20)

/* Whose numbers of system calls these are; a call by another's is refused. */
#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "name this machine's AUDIT_ARCH"
#endif

/* From here on the kernel gives this process no socket; false where it cannot do that. An io_uring could make one, too. */
static bool cut_off(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	return prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == 0 &&
		prctl(PR_SET_SECCOMP, (long)SECCOMP_MODE_FILTER, &program) == 0 &&
		socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) == -1 && errno == EPERM;
}

static bool read_file(struct work *w, const char *path, str *out)
{
	char *p = arena_alloc(w->arena, PROOF_FILE_MAX + 1);
	FILE *f = fopen(path, "rbe");
	size_t n;

	if (f == NULL)
		return err_set(w, ERR_INVALID, "proof.unreadable", "cannot open %s", path);
	n = fread(p, 1, PROOF_FILE_MAX + 1, f);
	fclose(f);
	if (n > PROOF_FILE_MAX)
		return err_set(w, ERR_INVALID, "proof.unreadable", "%s is larger than a proof can be", path);
	*out = str_trim(str_of(p, n));
	return true;
}

/* The payload must be the canonical text of itself: otherwise two proofs of one thing could have two addresses. */
static bool check_canonical(struct work *w, str payload, const cJSON **statement)
{
	str canonical;

	if (!json_parse(w, payload, statement) || !json_canonical(w, *statement, &canonical))
		return false;
	if (!str_eq(canonical, payload))
		return err_set(w, ERR_INVALID, "proof.not_canonical", "the payload is not canonical JSON (RFC 8785)");
	return true;
}

static bool verify(
	struct work *w, const char *path, const uint8_t key[32], str cid_wanted, str *cid, const cJSON **statement)
{
	struct dsse envelope;
	str text;

	if (!read_file(w, path, &text) || !dsse_parse(w, text, &envelope) || !dsse_verify(w, &envelope, key))
		return false;
	if (!str_eq(envelope.payload_type, DSSE_INTOTO))
		return err_set(w, ERR_INVALID, "proof.type", "the envelope does not hold an in-toto statement");
	if (!check_canonical(w, envelope.payload, statement))
		return false;
	*cid = cid_raw_text(w->arena, envelope.payload);
	if (cid_wanted.p != NULL && !str_eq(*cid, cid_wanted))
		return err_set(
			w, ERR_INVALID, "proof.cid_mismatch", "the payload's address is " STR_FMT, STR_ARG(*cid));
	return true;
}

static void print_line(const char *label, str value)
{
	if (value.p != NULL)
		printf("  %-10s " STR_FMT "\n", label, STR_ARG(value));
}

static void print(struct work *w, const struct invocation *in, bool offline, str cid, const cJSON *statement)
{
	str amount = json_get_str(statement, "predicate.bounty.amount");

	if (in->json) {
		printf("{\"valid\":true,\"offline\":%s,\"cid\":\"" STR_FMT "\",\"statement\":" STR_FMT "}\n",
			offline ? "true" : "false", STR_ARG(cid), STR_ARG(json_print(w, statement)));
		return;
	}
	printf("proof is valid: signed by the key given, canonical, unchanged\n");
	print_line("network", offline ? STR("none: the kernel gave it no socket") : (str){ 0 });
	print_line("cid", cid);
	print_line("type", json_get_str(statement, "predicateType"));
	print_line("commit", json_get_str(statement, "predicate.pull.merge_sha"));
	print_line("merged at", json_get_str(statement, "predicate.pull.merged_at"));
	print_line("bounty", json_get_str(statement, "predicate.bounty.id"));
	if (amount.p != NULL)
		printf("  %-10s " STR_FMT " of the asset's smallest units\n", "amount", STR_ARG(amount));
	print_line("asset", json_get_str(statement, "predicate.bounty.asset"));
}

int command_proof(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	const char *key_text = command_option(&rest, "key"), *cid_text = command_option(&rest, "cid");
	const cJSON *statement;
	uint8_t key[32];
	bool offline;
	str cid = { 0 }, trusted = key_text != NULL ? str_c(key_text) : in->conf->proof_public_key;

	if (rest.argc != 1)
		return command_usage("proof verify FILE [--key HEX] [--cid CID]");
	if (!hex_decode(trusted, key, sizeof(key)))
		return command_usage(
			"proof verify needs --key (or proof.public_key): the platform's Ed25519 public key, 64 hex digits");
	offline = cut_off();
	if (!verify(w, rest.argv[0], key, str_c(cid_text), &cid, &statement))
		return command_failed(w);
	print(w, in, offline, cid, statement);
	return EXIT_OK;
}
