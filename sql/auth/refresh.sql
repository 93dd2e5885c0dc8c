-- one row: exchange a refresh token for the next one; one that was used before ends its session and the tokens it made
-- in   sha256       bytea        of the token that came
-- in   next_sha256  bytea        of the one handed out instead
-- in   trace        text?
-- out  refused     text?
-- out  person_id   uuid?
-- out  session_id  uuid?
-- out  expires_at  timestamptz? of the session
-- role api
-- Two requests with one token meet at its row: the second finds it used, whatever its snapshot says.
with presented as (
	select t.session_id, s.person_id, s.revoked_at is null and s.expires_at > now() as open, p.status
	from core.refresh_token t join core.session s on s.id = t.session_id join core.person p on p.id = s.person_id
	where t.sha256 = $1
), spent as (
	update core.refresh_token t set used_at = now()
	from presented p where t.sha256 = $1 and t.used_at is null and p.open and p.status = 'active'
	returning t.session_id
), next as (
	insert into core.refresh_token (sha256, session_id) select $2, session_id from spent
), session as (
	update core.session s set refreshed_at = now() from spent where s.id = spent.session_id
	returning s.id, s.person_id, s.expires_at
), ended as (
	update core.session s set revoked_at = now(), revoked_reason = 'refresh_reused'
	from presented p where s.id = p.session_id and s.revoked_at is null and p.open and p.status = 'active'
		and not exists (select from spent)
	returning s.id, s.person_id
), token as materialized (
	select t.id, e.person_id, e.id as made_by from ended e, core.revoke_tokens(e.id, 'refresh_reused') as t (id)
), audited as materialized (
	select audit.append('auth.refresh_reused', 'session', e.id::text, jsonb_build_object('person_id', e.person_id,
		'trace_id', $3::text), 'person', e.person_id::text) as id
	from ended e
	union all
	select audit.append('session.ended', 'session', t.id::text, jsonb_build_object('kind', 'machine', 'by_session', t.made_by,
		'reason', 'refresh_reused', 'trace_id', $3::text), 'person', t.person_id::text)
	from token t
), told as materialized (
	select q.emit('session.revoked', e.id::text, 'session/' || e.id, jsonb_build_object('session_id', e.id,
		'person_id', e.person_id, 'reason', 'refresh_reused'), trace => $3) as id
	from (select id, person_id from ended union all select id, person_id from token) as e
)
select case
		when s.id is not null then null
		when p.session_id is null then 'auth.refresh_unknown'
		when exists (select from ended) then 'auth.refresh_reused'
		when p.status <> 'active' then 'auth.suspended'
		else 'auth.session_ended'
	end as refused,
	s.person_id, s.id as session_id, s.expires_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted
left join presented p on true left join session s on true
where noted.n >= 0
