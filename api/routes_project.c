/* Projects: whose they are, their webhooks, accounts on chains and roles. */
#include "routes_table.h"

#include "bounty.h"
#include "contract.h"
#include "role.h"
#include "statement.h"

static const struct param project_create[] = {
	SESSION(project_create),
	TRACE(project_create),
	PARAM(FROM_BODY, FIELD_STR, project_create, full_name, .min = 3, .max = 170,
		.doc = "owner/name on GitHub, or the address of its page, with .git or without"),
};
static const struct param project_check[] = {
	SESSION(project_check),
	TRACE(project_check),
	ID(project_check, "a project"),
	PARAM(FROM_BODY, FIELD_STR, project_check, method, .one_of = "permission|app|ping|file",
		.doc = "how: docs/stages.md says what each looks at and grants"),
};
static const struct param project_checks[] = {
	PAGED(project_checks),
	ID(project_checks, "a project"),
	SEEN(project_checks),
};
static const struct param hook_ask[] = { SESSION(hook_ask), TRACE(hook_ask), ID(hook_ask, "a project") };
static const struct param hook_rotate[] = { SESSION(hook_rotate), TRACE(hook_rotate), ID(hook_rotate, "a project") };
static const struct param account_challenge[] = {
	SESSION(project_account_challenge),
	ID(project_account_challenge, "a project"),
	/* in places of their own only after the bind function */
	PARAM(FROM_BODY, FIELD_STR, project_account_challenge, nonce, .name = "address", .min = 42, .max = 68,
		.doc = "of the account: EVM, lower case or EIP-55; or a Casper public key with its tag"),
	PARAM(FROM_BODY, FIELD_STR, project_account_challenge, caip10, .name = "chain", .min = 1, .max = 80,
		.doc = CHAIN_DOC),
};
static const struct param project_account_link[] = {
	SESSION(project_account_link),
	TRACE(project_account_link),
	ID(project_account_link, "a project"),
	PARAM(FROM_BODY, FIELD_STR, project_account_link, message, .min = 1, .max = 4096,
		.doc = "unchanged, signed by the account"),
	PARAM(FROM_BODY, FIELD_STR, project_account_link, signature, .min = 128, .max = 132, .doc = SIGNATURE_DOC),
};
static const struct param project_account_link_contract[] = {
	SESSION(project_account_link_contract),
	TRACE(project_account_link_contract),
	ID(project_account_link_contract, "a project"),
	PARAM(FROM_BODY, FIELD_STR, project_account_link_contract, message, .min = 1, .max = 4096,
		.doc = "unchanged, signed by the account"),
	PARAM(FROM_BODY, FIELD_STR, project_account_link_contract, signature, .min = 4, .max = 16386,
		.doc = CONTRACT_DOC),
};
static const struct param project_account_list[] = { PAGED(project_account_list),
	ID(project_account_list, "a project") };
static const struct param project_account_unlink[] = {
	SESSION(project_account_unlink),
	TRACE(project_account_unlink),
	PARAM(FROM_PATH, FIELD_UUID, project_account_unlink, project_id, .name = "id", .doc = "a project"),
	PARAM(FROM_PATH, FIELD_UUID, project_account_unlink, id, .name = "account", .doc = "an account of it"),
};
static const struct param project_get[] = { ID(project_get, "a project"), SEEN(project_get) };
static const struct param project_list[] = {
	PAGED(project_list),
	SEEN(project_list),
	MAYBE(FROM_QUERY, FIELD_STR, project_list, state, .one_of = "unverified|verified|degraded|lost",
		.doc = "only these"),
};

#define GRANTEE(S) PARAM(FROM_BODY, FIELD_UUID, S, person_id, HAS(S, person_id), .doc = "who gets the role")
static const struct param role_list_params[] = {
	PAGED(role_list),
	MAYBE(FROM_QUERY, FIELD_UUID, role_list, project_id, HAS(role_list, project_id), .doc = "only of this project"),
	MAYBE(FROM_QUERY, FIELD_UUID, role_list, person_id, HAS(role_list, person_id), .doc = "only of this person"),
	MAYBE(FROM_QUERY, FIELD_BOOL, role_list, revoked, HAS(role_list, revoked), .doc = "also those taken away"),
};
static const struct param role_grant_params[] = {
	TRACE(role_grant),
	GRANTEE(role_grant),
	PARAM(FROM_BODY, FIELD_STR, role_grant, role,
		.one_of = "admin|operator|auditor|owner|maintainer|reviewer|contributor|arbiter", .doc = "the role"),
	MAYBE(FROM_BODY, FIELD_UUID, role_grant, project_id, HAS(role_grant, project_id),
		.doc = "of owner, maintainer, reviewer, contributor"),
	MAYBE(FROM_BODY, FIELD_UUID, role_grant, bounty_id, HAS(role_grant, bounty_id), .doc = "of arbiter"),
	REASON(role_grant),
};
static const struct param role_revoke_params[] = {
	TRACE(role_revoke),
	PARAM(FROM_PATH, FIELD_UUID, role_revoke, id, .doc = "a grant"),
};
static const struct param project_roles[] = {
	PAGED(role_list),
	PARAM(FROM_PATH, FIELD_UUID, role_list, project_id, .name = "id", HAS(role_list, project_id),
		.doc = "a project"),
	MAYBE(FROM_QUERY, FIELD_BOOL, role_list, revoked, HAS(role_list, revoked), .doc = "also those taken away"),
};
static const struct param project_role_grant[] = {
	TRACE(role_grant),
	PARAM(FROM_PATH, FIELD_UUID, role_grant, project_id, .name = "id", HAS(role_grant, project_id),
		.doc = "a project"),
	GRANTEE(role_grant),
	PARAM(FROM_BODY, FIELD_STR, role_grant, role, .one_of = "maintainer|reviewer|contributor", .doc = "the role"),
	REASON(role_grant),
};
static const struct param project_role_revoke[] = {
	TRACE(role_revoke),
	PARAM(FROM_PATH, FIELD_UUID, role_revoke, project_id, .name = "id", HAS(role_revoke, project_id),
		.doc = "a project"),
	PARAM(FROM_PATH, FIELD_UUID, role_revoke, id, .name = "grant", .doc = "a grant in it"),
};

static const struct route routes[] = {
	{ WRITE("/v1/projects", "projects", project_create, 201, "Register a repository; 200 when it is yours already"),
		PARAMS(project_create), .access = ACCESS_SESSION, .scope = "projects:write", .limit = LIMIT_PROJECT,
		.bind = bounty_repository, .wakes = "sync" },
	{ READ("/v1/projects", "projects", project_list, REPLY_PAGE, "Projects, newest first"), PARAMS(project_list),
		.access = ACCESS_ANYONE },
	{ READ("/v1/projects/{id}", "projects", project_get, REPLY_OBJECT, "One project"), PARAMS(project_get),
		.access = ACCESS_ANYONE },

	{ WRITE("/v1/projects/{id}/checks", "projects", project_check, 202,
		  "Have it checked whether the repository is yours; the answer is in the list of checks"),
		PARAMS(project_check), .access = ACCESS_SESSION, .scope = "projects:write", .limit = LIMIT_PROJECT,
		.wakes = "sync" },
	{ READ("/v1/projects/{id}/checks", "projects", project_checks, REPLY_PAGE,
		  "Who has shown, or tried to show, that the repository is theirs, newest first"),
		PARAMS(project_checks), .access = ACCESS_SESSION, .object = "project" },

	{ WRITE("/v1/projects/{id}/hook", "projects", hook_ask, 202,
		  "Have a webhook made in the repository; 200 when there is one of yours"),
		.body_max = 0, PARAMS(hook_ask), .access = ACCESS_SESSION, .limit = LIMIT_PROJECT, .object = "project",
		.roles = "admin|owner", .wakes = "sync" },
	{ WRITE("/v1/projects/{id}/hook/rotate", "projects", hook_rotate, 202,
		  "Have its secret replaced; the one of now is accepted for another day"),
		.body_max = 0, PARAMS(hook_rotate), .access = ACCESS_SESSION, .limit = LIMIT_PROJECT,
		.object = "project", .roles = "admin|owner", .wakes = "sync" },

	{ WRITE("/v1/projects/{id}/accounts/challenge", "projects", project_account_challenge, 201,
		  "A text that names the project, for an account on a chain to sign"),
		PARAMS(account_challenge), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "project",
		.roles = "admin|owner|maintainer", .bind = statement_account },
	{ WRITE("/v1/projects/{id}/accounts", "projects", project_account_link, 201,
		  "That text, signed: the account is the project's; 200 when it was already"),
		PARAMS(project_account_link), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "project",
		.roles = "admin|owner|maintainer", .action = "project.link_account", .bind = statement_account_verify },
	{ WRITE("/v1/projects/{id}/accounts/contract", "projects", project_account_link_contract, 202,
		  "That text, signed by an account that is a contract: the chain will be asked"),
		PARAMS(project_account_link_contract), .access = ACCESS_SESSION, .limit = LIMIT_WRITE,
		.object = "project", .roles = "admin|owner|maintainer", .action = "project.link_account",
		.bind = contract_account, .wakes = "verify" },
	{ READ("/v1/projects/{id}/accounts", "projects", project_account_list, REPLY_PAGE,
		  "A project's accounts on chains and what each of them signed, newest first"),
		PARAMS(project_account_list), .access = ACCESS_SESSION, .object = "project" },
	{ REMOVE("/v1/projects/{id}/accounts/{account}", "projects", project_account_unlink,
		  "An account leaves the project; its history stays"),
		PARAMS(project_account_unlink), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "project",
		.roles = "admin|owner|maintainer", .action = "project.unlink_account" },

	{ READ("/v1/projects/{id}/roles", "roles", role_list, REPLY_PAGE, "Who has a role in a project, newest first"),
		PARAMS(project_roles), .access = ACCESS_SESSION, .object = "project",
		.roles = "admin|operator|auditor|owner|maintainer" },
	{ WRITE("/v1/projects/{id}/roles", "roles", role_grant, 201, "Give a role in a project; 200 when it is held"),
		PARAMS(project_role_grant), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "project",
		.roles = "admin|owner", .action = "role.grant", .bind = role_grant },
	{ REMOVE("/v1/projects/{id}/roles/{grant}", "roles", role_revoke, "Take a role in a project away"),
		PARAMS(project_role_revoke), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "project",
		.roles = "admin|owner", .bind = role_revoke },
	{ READ("/v1/roles", "roles", role_list, REPLY_PAGE, "All roles that were granted, newest first"),
		PARAMS(role_list_params), .access = ACCESS_SESSION, .roles = READERS },
	{ WRITE("/v1/roles", "roles", role_grant, 201, "Give a role; 200 when it is held"), PARAMS(role_grant_params),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = "admin", .action = "role.grant",
		.bind = role_grant },
	{ REMOVE("/v1/roles/{id}", "roles", role_revoke, "Take a role away"), PARAMS(role_revoke_params),
		.access = ACCESS_SESSION, .limit = LIMIT_WRITE, .roles = "admin", .bind = role_revoke },
};
const struct route_table routes_project = TABLE(routes);
