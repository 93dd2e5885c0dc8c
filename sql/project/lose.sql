-- one: repositories that cannot be read any more; what is in escrow stays
-- in   repo_ids     int8[]
-- in   reason       text     error code
-- in   delivery_id  int8     that said so, 0 = GitHub did when it was asked
-- in   trace        text?
-- in   installation int8   of our App, whose other repositories are meant, too; 0 = none
-- out  lost         int8     projects that were not before
-- role worker
with lost as (
	update core.project p
	set state = 'degraded', state_reason = $2, updated_at = now(), version = version + 1
	where p.provider = 'github' and (p.repo_id = any ($1) or p.installation_id = $5)
		and (p.state = 'verified' or (p.state = 'degraded' and p.state_reason is distinct from $2
			-- what GitHub refuses once our App was taken away has that reason
			and not ($3 = 0 and p.state_reason ~ '^installation\.' and core.project_kept(p) is not null)))
	returning p.id, p.version, p.repo_id
), told as (
	select q.emit('project.degraded', id || ':' || version, 'project/' || id, jsonb_build_object('project_id', id,
		'repo_id', repo_id, 'reason', $2, 'delivery_id', $3), $4, id)
	from lost
)
select count(*) as lost from told;
