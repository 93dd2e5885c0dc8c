-- one: a ping for this repository that the process's secret signs: its administrator switched the hook on. What could not be read is
-- looked at; what nobody is known any more to own waits for a proof
-- in   project_id   uuid
-- in   delivery_id  int8
-- in   received_at  timestamptz
-- in   trace        text?
-- out  verified     bool    this ping changed the project
-- out  looked       int8    jobs: it is read again, since it could not be read
-- role worker
with before as (
	select id, state, core.project_unread(p) as unread,
		state in ('degraded', 'lost') and coalesce(state_reason ~ '^ownership\.', false) as unowned
	from core.project p where id = $1 for update
), alive as (
	update core.project p
	set hook_alive_at = $3, state = case when before.unowned then p.state when before.unread then 'degraded' else 'verified' end,
		state_reason = case when before.unread or before.unowned then p.state_reason end, updated_at = now(), version = version + 1
	from before
	where p.id = before.id and (p.hook_alive_at is null or p.hook_alive_at < $3)
	returning p.id, p.repo_id, p.full_name, p.state, before.state as was, before.unread
), told as (
	select q.emit('project.verified', id || ':' || $2, 'project/' || id,
		jsonb_build_object('project_id', id, 'repo_id', repo_id, 'full_name', full_name, 'delivery_id', $2), $4, id)
	from alive where was <> 'verified' and state = 'verified'
), looked as (
	select q.enqueue('sync', 'sync.project', 'project:' || id || ':' || $2, jsonb_build_object('project_id', id), trace => $4,
		project_id => id)
	from alive where unread
)
select exists (select from told) as verified, (select count(*) from looked) as looked;
