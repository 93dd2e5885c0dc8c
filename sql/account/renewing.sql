-- maybe: a renewal begins: from now on GitHub may have given the next pair of tokens. No row when it has ended.
-- in   token_id  uuid
-- in   renewals  int4   those before
-- out  refresh   bytea  sealed
-- out  again     bool   it was begun before, so this refresh token may be used up
-- out  over      bool   the refresh token's time is over
-- role worker
with token as (
	select id, refresh, renewing_at, coalesce(refresh_expires_at <= now(), false) as over
	from core.account_token where id = $1 and renewals = $2 and refresh is not null for update
), begun as (
	update core.account_token t set renewing_at = now() from token k where t.id = k.id and k.renewing_at is null and not k.over
)
select refresh, renewing_at is not null as again, over from token
