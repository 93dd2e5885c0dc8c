-- one row: have one's webhook get another secret; the one of now is accepted for another day, and is the only one before it that is
-- in   session_id  uuid
-- in   id          uuid         a project
-- in   trace       text?
-- out  refused     text?
-- out  id          uuid?
-- out  serial      int4?        of the secret that is in force
-- out  job_id      int8?
-- role api
with me as (
	select core.session_person($1) as person_id
), hook as (
	select h.id, h.serial, coalesce(h.before_until > now(), false) as turning from core.hook h
	where h.project_id = $2 and h.gone_at is null and h.github_id is not null order by h.created_at desc limit 1
), job as materialized (
	select q.enqueue('sync', 'sync.rotate', 'rotate:' || h.id || ':' || h.serial, jsonb_build_object('hook_id', h.id), trace => $3,
		project_id => $2, created_by => 'person/' || me.person_id) as id
	from hook h, me where me.person_id is not null and not h.turning
)
select case when me.person_id is null then 'auth.session_ended' when h.id is null then 'hook.none'
		when h.turning then 'hook.rotated' end as refused,
	h.id, h.serial, job.id as job_id
from me left join hook h on true left join job on true
