-- one row: the session that asked takes up what the browser brought back: the code is exchanged. Another session ends the attempt.
-- in   session_id      uuid
-- in   confirm_sha256  bytea
-- in   trace           text?
-- out  refused  text?
-- out  id       uuid?
-- out  state    text?
-- role api
with me as (
	select core.session_person($1) as person_id
), asked as (
	select id, session_id, state, reason, expires_at from core.account_link where confirm_sha256 = $2
), taken as (
	update core.account_link l set state = 'pending' from asked a, me
	where l.id = a.id and l.session_id = $1 and me.person_id is not null and l.state = 'answered' and l.expires_at > now()
	returning l.id
), burnt as (
	update core.account_link l
	set state = 'refused', reason = 'link.session', decided_at = now()
	from asked a, me where l.id = a.id and l.session_id <> $1 and me.person_id is not null and l.state = 'answered'
	returning l.id, l.person_id
), audited as materialized (
	select audit.append('account.link_foreign', 'person', b.person_id::text, jsonb_build_object('link_id', b.id, 'by_session', $1,
		'trace_id', $3::text), 'person', me.person_id::text) as id
	from burnt b, me
), job as materialized (
	select q.enqueue('sync', 'sync.link', 'link:' || t.id, jsonb_build_object('link_id', t.id), trace => $3, created_by => 'api')
		as id
	from taken t
)
select case
		when me.person_id is null then 'auth.session_ended'
		when a.id is null then 'link.unknown'
		when a.session_id <> $1 then 'link.session'
		when a.state = 'refused' then a.reason
		when a.state = 'answered' and t.id is null and a.expires_at <= now() then 'link.expired'
	end as refused, a.id, case when a.state = 'answered' then 'pending' else a.state end as state
from (select (select count(*) from job) + (select count(*) from audited) as n) as queued, me left join asked a on true left join taken t on true
where queued.n >= 0
