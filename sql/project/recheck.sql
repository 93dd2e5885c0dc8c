-- one: has GitHub asked about repositories again
-- in   repo_ids     int8[]
-- in   delivery_id  int8
-- in   job          int8
-- in   trace        text?
-- in   installation int8   of our App, whose other repositories are meant, too; 0 = none
-- out  jobs         int8
-- role worker
with asked as (
	select q.enqueue('sync', 'sync.project', 'project:' || p.id || ':' || $2, jsonb_build_object('project_id', p.id), $3, trace => $4,
		project_id => p.id)
	from core.project p where p.provider = 'github' and (p.repo_id = any ($1) or p.installation_id = $5)
)
select count(*) as jobs from asked;
