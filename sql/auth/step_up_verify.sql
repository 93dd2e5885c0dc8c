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
	select t.* from core.statement t where t.nonce = $2 and t.session_id = $1 and t.purpose = 'step_up'
), signed as (
	update core.statement t set signed_at = now() from me
	where t.nonce = $2 and t.session_id = $1 and t.purpose = 'step_up' and t.message = $3 and t.signed_at is null
		and t.used_at is null and t.expires_at > now() and me.person_id is not null
	returning t.action, t.object_id, t.signed_at
), audited as materialized (
	select audit.append('auth.stepped_up', 'session', $1::text, jsonb_build_object('action', s.action, 'object_id', s.object_id,
		'trace_id', $4::text), 'person', me.person_id::text) as id
	from signed s, me
)
select case
		when me.person_id is null then 'auth.session_ended'
		when s.action is not null then null
		when t.nonce is null then 'auth.nonce_unknown'
		when t.message <> $3 then 'auth.message_changed'
		when t.signed_at is null and t.used_at is null and t.expires_at <= now() then 'auth.expired'
		else 'auth.nonce_used'
	end as refused,
	s.action, s.object_id, s.signed_at + $5::interval as valid_until
from (select count(*) as n from audited) as noted, me left join there t on true left join signed s on true
where noted.n >= 0
