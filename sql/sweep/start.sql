-- one: a sweep for each project that can be read; one that is under way goes on
-- in   job     int8
-- in   trace   text?
-- out  sweeps  int8
-- role worker
with known as (
	insert into ingest.sync_cursor (project_id, resource)
	select id, 'issues' from core.project where state = 'verified' and repo_id is not null
	on conflict do nothing
	returning project_id, serial, page
), due as (
	select project_id, serial, page from known
	union all
	select c.project_id, c.serial, c.page from ingest.sync_cursor c join core.project p on p.id = c.project_id
	where p.state = 'verified' and c.resource = 'issues'
), queued as (
	select q.enqueue('sync', 'sync.sweep', 'sweep:' || project_id || ':' || serial || ':' || page,
		jsonb_build_object('project_id', project_id), $1, priority => 1::smallint, trace => $2, project_id => project_id)
	from due
)
select count(*) as sweeps from queued;
