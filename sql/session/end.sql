-- maybe: end a session of one's own, this one when no other is named; a machine's token ends the same way
-- in   session_id  uuid         that asks
-- in   id          uuid?
-- in   trace       text?
-- out  refused     text?
-- out  id          uuid?
-- out  revoked_at  timestamptz?
-- role api
with me as (
	select core.session_person($1) as person_id
), mine as (
	select s.id, s.kind, s.revoked_at from core.session s join me using (person_id) where s.id = coalesce($2, $1)
), ended as (
	update core.session s set revoked_at = now(), revoked_reason = 'ended by its owner'
	from mine where s.id = mine.id and s.revoked_at is null
	returning s.id, s.person_id, s.revoked_at, s.kind
), audited as materialized (
	select audit.append('session.ended', 'session', e.id::text,
		jsonb_build_object('kind', e.kind, 'by_session', $1, 'trace_id', $3::text), 'person', e.person_id::text) as id
	from ended e
), told as materialized (
	select q.emit('session.revoked', e.id::text, 'session/' || e.id, jsonb_build_object('session_id', e.id,
		'person_id', e.person_id, 'reason', 'ended'), trace => $3) as id
	from ended e
)
select case when me.person_id is null then 'auth.session_ended' end as refused, mine.id,
	coalesce(ended.revoked_at, mine.revoked_at) as revoked_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, me
left join mine on true left join ended on true
where noted.n >= 0 and (me.person_id is null or mine.id is not null)
