-- one row: have a webhook made in the project's repository; the same person's repeat finds the one there is
-- in   session_id  uuid
-- in   id          uuid         a project
-- in   trace       text?
-- out  refused     text?
-- out  status      int4
-- out  id          uuid?
-- out  project_id  uuid?
-- out  created_at  timestamptz?
-- out  pinged_at   timestamptz? a signed ping came
-- out  job_id      int8?
-- role api
with me as (
	select core.session_person($1) as person_id
), there as (
	select h.* from core.hook h join me on me.person_id = h.person_id where h.project_id = $2 and h.gone_at is null
), made as (
	insert into core.hook (project_id, person_id)
	select $2, me.person_id from me where me.person_id is not null and not exists (select from there)
	on conflict do nothing returning *
), hook as (
	select *, 202 as status from made union all select *, 200 from there
), job as materialized (
	select q.enqueue('sync', 'sync.hook', 'hook:' || h.id, jsonb_build_object('hook_id', h.id), trace => $3, project_id => $2,
		created_by => 'person/' || h.person_id) as id
	from hook h
)
select case when me.person_id is null then 'auth.session_ended' when h.id is null then 'db.conflict' end as refused,
	coalesce(h.status, 200) as status, h.id, h.project_id, h.created_at, h.pinged_at, job.id as job_id
from me left join hook h on true left join job on true
