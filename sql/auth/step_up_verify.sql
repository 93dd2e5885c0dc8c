-- one row: the text came back signed: while that is fresh the session may do what it names
-- in   session_id   uuid
-- in   nonce        text
-- in   message      text
-- in   trace        text?
-- in   fresh        interval     how long the signature counts
-- out  refused      text?
-- out  action       text?
-- out  object_id    text?
-- out  valid_until  timestamptz?
-- role api
with me as (
	select core.session_person($1) as person_id
), there as (
	select t from core.statement t where t.nonce = $2 and t.session_id = $1 and t.purpose = 'step_up'
), judged as (
	select core.statement_refused(me.person_id, h.t, $3) as code from me left join there h on true
), signed as (
	update core.statement t set signed_at = now() from judged j
	where t.nonce = $2 and t.signed_at is null and t.used_at is null and j.code is null
	returning t.action, t.object_id, t.signed_at
), audited as materialized (
	select audit.append('auth.stepped_up', 'session', $1::text, jsonb_build_object('action', s.action, 'object_id', s.object_id,
		'trace_id', $4::text), 'person', me.person_id::text) as id
	from signed s, me
)
select case when j.code is not null then j.code when s.action is null then 'auth.nonce_used' end as refused,
	s.action, s.object_id, s.signed_at + $5::interval as valid_until
from (select count(*) as n from audited) as noted, judged j left join signed s on true
where noted.n >= 0
