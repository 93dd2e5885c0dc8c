-- none: the next pair of tokens is kept; the one before is worth nothing any more
-- in   token_id       uuid
-- in   renewals       int4   those before
-- in   sealed         bytea
-- in   lives          int8?  seconds; null = it does not expire
-- in   refresh        bytea? sealed
-- in   refresh_lives  int8?  seconds; null = it does not expire
-- role worker
update core.account_token
set sealed = $3, expires_at = now() + $4 * interval '1 second', refresh = $5, refresh_expires_at = now() + $6 * interval '1 second',
	renewals = renewals + 1, renewing_at = null
where id = $1 and renewals = $2
