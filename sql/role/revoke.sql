-- maybe: take a role away; what was granted stays in the history
-- in   id          uuid
-- in   project_id  uuid?        only a grant in this project
-- in   actor_kind  text         person, cli
-- in   actor       text
-- in   reason      text?
-- in   trace       text?
-- out  id          uuid
-- out  person_id   uuid
-- out  role        text
-- out  revoked_at  timestamptz
-- role api owner
with there as (
	select g.* from core.role_grant g where g.id = $1 and ($2::uuid is null or g.project_id = $2)
), revoked as (
	update core.role_grant g set revoked_at = now(), revoked_by = $4 from there t where g.id = t.id and g.revoked_at is null
	returning g.*
), named as materialized (
	select audit.act($3 || ':' || $4, $5), set_config('patchwork.trace', coalesce($6, ''), true) from revoked
), told as materialized (
	select q.emit('role.revoked', r.id::text, 'person/' || r.person_id, jsonb_build_object('grant_id', r.id,
		'person_id', r.person_id, 'role', r.role, 'project_id', r.project_id, 'bounty_id', r.bounty_id), trace => $6,
		project_id => r.project_id) as id
	from revoked r
)
select t.id, t.person_id, t.role, coalesce(r.revoked_at, t.revoked_at, now()) as revoked_at
from (select (select count(*) from named) + (select count(*) from told) as n) as noted, there t left join revoked r on true
where noted.n >= 0
