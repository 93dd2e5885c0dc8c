/* project branches, verify resolve, verify replay: what counts as a base, what a person decides about a submission, and a verdict
 * made again from what was kept. */
#include <stdio.h>

#include "base/hex.h"
#include "base/json.h"
#include "command.h"
#include "crypto/digest.h"
#include "sql.h"
#include "stages/verify/replay.h"

static bool list_branches(struct work *w, struct tx *tx, void *arg)
{
	struct sql_project_branches_out out;

	if (!sql_project_branches(w, tx, arg, &out))
		return false;
	return out.known || err_set(w, ERR_INVALID, "project.not_found", "there is no such project");
}

int command_project_branches(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct sql_project_branches_in args = { 0 };
	struct command_by by;
	str *branches;
	int status;

	if (!command_by(w, &rest, &by))
		return EXIT_USAGE;
	if (rest.argc < 1 || !uuid_parse(str_c(rest.argv[0]), &args.project_id))
		return command_usage("project branches PROJECT [BRANCH...] --reason TEXT");
	branches = arena_array(w->arena, (size_t)rest.argc, sizeof(branches[0]));
	for (int i = 1; i < rest.argc; i++)
		branches[i - 1] = str_c(rest.argv[i]);
	args.branches = (struct strs){ branches, (size_t)rest.argc - 1 };
	args.actor = by.actor;
	args.reason = by.reason;
	status = command_visit(w, in, list_branches, &args);
	if (status != EXIT_OK)
		return status;
	if (in->json)
		printf("{\"project_id\":\"%s\",\"branches\":%zu,\"dry_run\":%s}\n", rest.argv[0], args.branches.n,
			in->dry_run ? "true" : "false");
	else
		printf("%s lists %zu\n", rest.argv[0], args.branches.n);
	return EXIT_OK;
}

static bool resolve(struct work *w, struct tx *tx, void *arg)
{
	struct sql_submission_resolve_out out;

	if (!sql_submission_resolve(w, tx, arg, &out))
		return false;
	if (out.refused.p == NULL)
		return true;
	if (str_eq(out.refused, STR("verify.submission_unknown")))
		return err_set(w, ERR_INVALID, "verify.submission_unknown", "there is no such submission");
	return err_set(w, ERR_INVALID, "verify.not_in_review",
		"nothing is to be decided: the bounty is not frozen, or another submission is what it waits for");
}

int command_verify_resolve(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct sql_submission_resolve_in args = { 0 };
	struct command_by by;
	str decision;
	int status;

	if (!command_by(w, &rest, &by))
		return EXIT_USAGE;
	if (rest.argc != 2 || !uuid_parse(str_c(rest.argv[0]), &args.submission_id))
		return command_usage("verify resolve SUBMISSION accept|reject --reason TEXT");
	decision = str_c(rest.argv[1]);
	if (!str_one_of(decision, "accept|reject"))
		return command_usage("the decision is accept or reject");
	args.accept = str_eq(decision, STR("accept"));
	args.actor = by.actor;
	args.reason = by.reason;
	status = command_visit(w, in, resolve, &args);
	if (status != EXIT_OK)
		return status;
	if (in->json)
		printf("{\"submission_id\":\"%s\",\"decision\":\"" STR_FMT "\",\"dry_run\":%s}\n", rest.argv[0],
			STR_ARG(decision), in->dry_run ? "true" : "false");
	else
		printf("%s %sed\n", rest.argv[0], rest.argv[1]);
	return EXIT_OK;
}

struct replay {
	uuid id;
	struct sql_verdict_get_out row;
};

static bool read_verdict(struct work *w, struct tx *tx, void *arg)
{
	struct replay *r = arg;
	bool found;

	if (!sql_verdict_get(w, tx, &(struct sql_verdict_get_in){ r->id }, &r->row, &found))
		return false;
	return found || err_set(w, ERR_INVALID, "verify.verdict_unknown", "no verdict, and no submission with one");
}

static void print_replay(struct work *w, const struct invocation *in, const struct replay *r, str body, str difference)
{
	struct buf b = buf_new(w->arena, 1 << 16);
	struct json j = { .b = &b };
	uint8_t was[32], is[32];
	str text;

	sha256(r->row.body, was);
	sha256(body, is);
	json_open(&j, NULL, '{');
	json_uuid(&j, "verdict_id", r->row.id);
	json_str(&j, "kind", r->row.kind);
	json_str(&j, "sha256", hex_str(w->arena, str_of(was, 32)));
	json_str(&j, "again", hex_str(w->arena, str_of(is, 32)));
	json_bool(&j, "identical", difference.p == NULL);
	json_str(&j, "difference", difference);
	json_close(&j, '}');
	text = buf_str(&b);
	if (in->json)
		printf(STR_FMT "\n", STR_ARG(text));
	else if (difference.p == NULL)
		printf("the same bytes, sha256 " STR_FMT "\n", STR_ARG(hex_str(w->arena, str_of(was, 32))));
	else
		printf("other bytes, first at " STR_FMT "\n", STR_ARG(difference));
}

int command_verify_replay(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	const char *id = command_option(&rest, "replay");
	struct replay r = { 0 };
	str body, difference;
	int status;

	if (id == NULL && rest.argc == 1)
		id = rest.argv[--rest.argc];
	if (rest.argc != 0 || !uuid_parse(str_c(id), &r.id))
		return command_usage("verify replay ID, of a verdict or of a submission");
	status = command_visit(w, in, read_verdict, &r);
	if (status != EXIT_OK)
		return status;
	if (!verdict_replay(w,
		    &(struct kept){ r.row.kind, r.row.policy_sha256, r.row.evidence_root, r.row.body, r.row.hashes.at,
			    r.row.documents.at, r.row.hashes.n },
		    &body, &difference))
		return command_failed(w);
	print_replay(w, in, &r, body, difference);
	return difference.p == NULL ? EXIT_OK : EXIT_FAILED;
}
