-- one row: register a repository and ask GitHub about it; the same person's repeat finds the project there is
-- in   session_id  uuid
-- in   full_name   text         owner/name
-- in   trace       text?
-- out  refused     text?
-- out  status      int4
-- out  id          uuid?        also of the project that is in the way
-- out  provider    text?
-- out  full_name   text?
-- out  state       text?        unverified until a signed webhook of the repository arrives
-- out  created_by  uuid?
-- out  created_at  timestamptz?
-- out  job_id      int8?        asks GitHub about the repository
-- role api
with me as (
	select s.person_id from core.session s join core.person p on p.id = s.person_id
	where s.id = $1 and s.revoked_at is null and s.expires_at > now() and p.status = 'active'
), there as (
	select p.* from core.project p
	where p.provider = 'github' and lower(p.full_name) = lower($2)
	order by p.created_at limit 1
), made as (
	insert into core.project (full_name, created_by) select $2, me.person_id from me where not exists (select from there)
	returning *
), mine as (
	select made.*, 201 as status from made
	union all
	select there.*, 200 from there join me on me.person_id = there.created_by
), job as materialized (
	select q.enqueue('sync', 'sync.project', 'project:' || m.id, jsonb_build_object('project_id', m.id), trace => $3,
		project_id => m.id, created_by => 'person/' || m.created_by) as id
	from mine m
), renamed as materialized (
	-- the name may have gone to another repository since: then the project's name changes, and it is in nobody's way
	select q.enqueue('sync', 'sync.project', 'project:' || t.id || ':n' || to_char(now(), 'YYYYMMDDHH24MI'),
		jsonb_build_object('project_id', t.id), trace => $3, project_id => t.id, created_by => 'person/' || me.person_id) as id
	from there t join me on me.person_id <> t.created_by where t.repo_id is not null
), event as materialized (
	select q.emit('project.created', m.id::text, 'project/' || m.id, jsonb_build_object('project_id', m.id,
		'full_name', m.full_name, 'created_by', m.created_by), trace => $3, project_id => m.id) as id
	from made m
)
select case when not exists (select from me) then 'auth.session_ended' when m.id is null then 'project.exists' end as refused,
	coalesce(m.status, 200) as status, coalesce(m.id, (select id from there where not private)) as id, m.provider, m.full_name, m.state, m.created_by, m.created_at, job.id as job_id
from (select (select count(*) from event) + (select count(*) from renamed) as n) as told left join mine m on true left join job on true
where told.n >= 0
