-- maybe: what GitHub says the repository is; no row when the project is bound to another one
-- in   project_id      uuid
-- in   repo_id         int8
-- in   full_name       text
-- in   default_branch  text
-- in   private         bool
-- in   archived        bool
-- in   trace           text?
-- out  event           uuid
-- role worker
with resolved as (
	update core.project p
	set repo_id = $2, full_name = $3, default_branch = $4, private = $5, archived = $6, updated_at = now(), version = version + 1,
		-- it can be read again
		state = case when p.state = 'degraded' and core.project_returns(p) and core.project_kept(p) is null then 'verified' else p.state end,
		state_reason = case when p.state = 'degraded' and core.project_returns(p) then core.project_kept(p) else p.state_reason end
	where id = $1 and (repo_id is null or repo_id = $2)
		and ((repo_id, full_name, default_branch, private, archived) is distinct from ($2, $3, $4, $5, $6)
			or (p.state = 'degraded' and core.project_returns(p) and core.project_kept(p) is distinct from p.state_reason))
	returning id
)
select q.emit('project.resolved', $1::text, 'project/' || $1,
	jsonb_build_object('project_id', $1, 'repo_id', $2, 'full_name', $3, 'default_branch', $4, 'private', $5, 'archived', $6),
	$7, $1) as event
where exists (select from resolved) or exists (select from core.project where id = $1 and repo_id = $2);
