-- one: has what stands under issues written anew; nothing where the project wants none of it
-- in   project_id  uuid
-- in   numbers     int4[]
-- in   job         int8
-- in   trace       text?
-- out  jobs        int8
-- role worker
with asked as (
	select q.enqueue('sync', 'sync.status', 'status:' || $1 || ':' || n || ':' || $3,
		jsonb_build_object('project_id', $1, 'number', n), $3, priority => (-1)::smallint, trace => $4, project_id => $1)
	from core.project p, unnest($2) n where p.id = $1 and p.comments
)
select count(*) as jobs from asked;
