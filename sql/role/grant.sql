-- one row: give a person a role; the same again finds the grant there is
-- in   person_id   uuid?
-- in   address     bytea?       of a linked wallet, instead of the person
-- in   role        text
-- in   project_id  uuid?
-- in   bounty_id   uuid?
-- in   actor_kind  text         person, cli
-- in   actor       text
-- in   reason      text?
-- in   trace       text?
-- out  refused     text?
-- out  status      int4
-- out  id          uuid?
-- out  person_id   uuid?
-- out  role        text?
-- out  project_id  uuid?
-- out  bounty_id   uuid?
-- out  granted_by  text?
-- out  granted_at  timestamptz?
-- role api owner
with person as (
	select p.id from core.person p
	where p.id = coalesce($1, (select person_id from core.wallet where address = $2 and unlinked_at is null))
), checked as materialized (
	select case
		when not exists (select from person) then 'role.person_unknown'
		when $4::uuid is not null and not exists (select from core.project where id = $4) then 'project.not_found'
		when $5::uuid is not null and not exists (select from core.bounty where id = $5) then 'bounty.not_found'
	end as refused
), there as (
	select g.* from core.role_grant g join person on person.id = g.person_id
	where g.role = $3 and g.project_id is not distinct from $4 and g.bounty_id is not distinct from $5 and g.revoked_at is null
), made as (
	insert into core.role_grant (person_id, role, project_id, bounty_id, granted_by)
	select person.id, $3, $4, $5, $7 from person, checked where checked.refused is null and not exists (select from there)
	on conflict do nothing
	returning *
), named as materialized (
	select audit.act($6 || ':' || $7, $8), set_config('patchwork.trace', coalesce($9, ''), true) from made
), told as materialized (
	select q.emit('role.granted', m.id::text, 'person/' || m.person_id, jsonb_build_object('grant_id', m.id,
		'person_id', m.person_id, 'role', m.role, 'project_id', m.project_id, 'bounty_id', m.bounty_id), trace => $9,
		project_id => m.project_id) as id
	from made m
), held as (
	select 201 as status, * from made union all select 200, * from there
)
select coalesce(checked.refused, case when h.id is null then 'db.conflict' end) as refused, coalesce(h.status, 200) as status,
	h.id, h.person_id, h.role, h.project_id, h.bounty_id, h.granted_by, h.granted_at
from (select (select count(*) from named) + (select count(*) from told) as n) as noted, checked left join held h on true
where noted.n >= 0
