-- one row: a browser came back from GitHub; a code, or why there is none, is kept for the session that asked. Told twice the same.
-- in   state_sha256    bytea
-- in   code            bytea?       sealed
-- in   error           text?        error code
-- in   confirm_sha256  bytea
-- out  refused  text?
-- out  id       uuid?
-- out  confirm  text?               told once
-- out  reason   text?
-- role api
with asked as (
	select l.id, l.state, l.expires_at, l.confirm_sha256, l.reason, core.session_person(l.session_id) as person_id
	from core.account_link l where l.state_sha256 = $1
), moved as (
	update core.account_link l
	set state = case when $3::text is null then 'answered' else 'refused' end, reason = $3, code = $2, confirm_sha256 = $4,
		expires_at = now() + interval '10 minutes',
		decided_at = case when $3 is not null then now() end
	from asked a
	where l.id = a.id and l.state = 'started' and l.expires_at > now() and a.person_id is not null
	returning l.id, l.reason
), told as (
	select id, reason from moved
	union all
	select id, reason from asked where confirm_sha256 = $4
)
select case
		when t.id is not null then null
		when a.id is null then 'link.state_unknown'
		when a.person_id is null then 'auth.session_ended'
		when a.state = 'started' and a.expires_at <= now() then 'link.expired'
		else 'link.state_used'
	end as refused, t.id, null as confirm, t.reason
from (select) as once left join asked a on true left join told t on true
