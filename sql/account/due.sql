-- one: linked accounts that GitHub was not asked about for a day are asked about
-- in   job       int8
-- in   trace     text?
-- out  accounts  int8
-- role worker
-- A token that has ended says nothing any more; one that nobody's account was found for goes.
with gone as (
	delete from core.account_token where account_id is null and created_at < now() - interval '1 day'
), due as (
	select t.id from core.account_token t join core.external_account a on a.id = t.account_id
	where a.revoked_at is null and coalesce(a.checked_at, a.verified_at) < now() - interval '1 day'
		and (t.refresh is not null or coalesce(t.expires_at > now(), true))
), queued as (
	select q.enqueue('sync', 'sync.account', 'account:' || id || ':' || to_char(now() at time zone 'utc', 'YYYY-MM-DD'),
		jsonb_build_object('token_id', id), $1, priority => 1::smallint, trace => $2)
	from due
)
select count(*) as accounts from queued
