-- one: a signed ping for this repository: its administrator switched the hook on
-- in   project_id   uuid
-- in   delivery_id  int8
-- in   received_at  timestamptz
-- in   trace        text?
-- out  verified     bool    this ping changed the project
-- role worker
with before as (
	select id, state from core.project where id = $1 for update
), alive as (
	update core.project p
	set hook_alive_at = $3, state = 'verified', state_reason = null, updated_at = now(), version = version + 1
	from before
	where p.id = before.id and (p.hook_alive_at is null or p.hook_alive_at < $3)
	returning p.id, p.repo_id, p.full_name, before.state as was
), told as (
	select q.emit('project.verified', id || ':' || $2, 'project/' || id,
		jsonb_build_object('project_id', id, 'repo_id', repo_id, 'full_name', full_name, 'delivery_id', $2), $4, id)
	from alive where was <> 'verified'
)
select exists (select from told) as verified;
