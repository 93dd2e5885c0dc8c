-- one: has everything that stands, or stood, for the ownership of repositories looked at again
-- in   repo_ids     int8[]
-- in   delivery_id  int8
-- in   job          int8
-- in   trace        text?
-- out  jobs         int8
-- role worker
with asked as (
	select q.enqueue('sync', 'sync.check', 'check:' || k.id || ':d' || $2, jsonb_build_object('check_id', k.id), $3,
		priority => (-1)::smallint, trace => $4, project_id => k.project_id)
	from core.ownership_check k join core.project p on p.id = k.project_id
	where p.provider = 'github' and p.repo_id = any ($1) and k.proven_at is not null
)
select count(*) as jobs from asked;
