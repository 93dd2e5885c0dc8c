/* What the tables of routes are written in. */
#pragma once

#include "routes.h"

#define BODY_MAX 65536

/* Where members of a statement's input come from. */
#define PARAM(FROM, TYPE, S, member, ...)                                                                              \
	{                                                                                                              \
		FROM, FIELD(TYPE, struct sql_##S##_in, member, __VA_ARGS__)                                            \
	}
#define MAYBE(FROM, TYPE, S, member, ...) PARAM(FROM, TYPE, S, member, .optional = true, __VA_ARGS__)
#define HAS(S, member) .has = offsetof(struct sql_##S##_in, has_##member)
#define SESSION(S) PARAM(FROM_SESSION, FIELD_UUID, S, session_id)
#define SEEN(S) MAYBE(FROM_SESSION, FIELD_UUID, S, session_id, HAS(S, session_id))
#define TRACE(S) PARAM(FROM_TRACE, FIELD_STR, S, trace)
#define ID(S, what) PARAM(FROM_PATH, FIELD_UUID, S, id, .doc = what)
#define PAGED(S) PARAM(FROM_CURSOR, FIELD_STR, S, after), PARAM(FROM_LIMIT, FIELD_I32, S, page)
#define CHAIN_DOC "its chain, CAIP-2: eip155:338, casper:casper-test"
#define SIGNATURE_DOC "over that message, as for /v1/auth/verify"
#define CONTRACT_DOC "0x and up to 8192 bytes: what the contract takes, wrapped by EIP-6492 while it is not deployed"
#define REASON(S) PARAM(FROM_BODY, FIELD_STR, S, reason, .min = 1, .max = 500, .doc = "goes into the audit log")

#define READERS "admin|operator|auditor"
#define WRITERS "admin|operator"

/* Members of a route. */
#define PARAMS(table) .params = table, .n_params = sizeof(table) / sizeof((table)[0])
#define READ(p, noun, statement, REPLY, text)                                                                          \
	.method = "GET", .path = p, .limit = LIMIT_READ, .sql = &sql_##statement##_stmt, .status = 200,                \
	.reply = REPLY, .tag = noun, .doc = text
#define WRITE(p, noun, statement, code, text)                                                                          \
	.method = "POST", .path = p, .sql = &sql_##statement##_stmt, .status = code, .body_max = BODY_MAX,             \
	.tag = noun, .doc = text
#define REMOVE(p, noun, statement, text)                                                                               \
	.method = "DELETE", .path = p, .sql = &sql_##statement##_stmt, .status = 200, .tag = noun, .doc = text
#define OWN(p, noun, type, fn, text)                                                                                   \
	.method = "GET", .path = p, .status = 200, .reply = REPLY_OWN, .media = type, .finish = fn, .tag = noun,       \
	.doc = text

#define TABLE(routes)                                                                                                  \
	{                                                                                                              \
		routes, sizeof(routes) / sizeof((routes)[0])                                                           \
	}
