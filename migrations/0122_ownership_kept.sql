-- As of 0108, and: a project that somebody has shown to be his, and whose last proof has fallen, is nobody's again once it can be read,
-- whatever it was degraded for meanwhile; a ping by the process's common secret is no proof of an owner.
create or replace function core.project_kept(p core.project) returns text language sql stable as $$
	select case
		when not owned and core.project_proven(p) then 'ownership.lost'
		when not owned and p.hook_alive_at is null then p.state_reason
		when i.id is null and p.state_reason !~ '^installation\.' then null
		when i.suspended_at is null and i.deleted_at is null and i.id is not null then null
		when exists (select from core.ownership_check k
			where k.project_id = p.id and k.method in ('permission', 'ping') and k.state = 'passed') then null
		when i.deleted_at is not null then 'installation.deleted'
		when i.suspended_at is not null then 'installation.suspended'
		else p.state_reason
	end
	from (select exists (select from core.ownership_check k
			where k.project_id = p.id and k.method <> 'file' and k.state = 'passed') as owned) one
		left join core.installation i on i.id = p.installation_id
$$;

-- As of 0108, but for a project that nobody has shown to be his yet: a refused check takes nothing from what a ping has verified, or
-- anybody could degrade it by asking for one.
create or replace function core.ownership_follow(p_project uuid, p_code text, p_trace text) returns text language plpgsql as $$
declare
	v_was core.project;
	v_now text;
	v_owned bool;
begin
	select * into strict v_was from core.project where id = p_project for update;
	v_owned := exists (select from core.ownership_check where project_id = p_project and method <> 'file' and state = 'passed');
	if core.project_unread(v_was) then
		return case when v_owned then core.project_look(p_project, p_trace) else v_was.state end;
	elsif v_owned then
		v_now := 'verified';
	elsif v_was.state = 'verified' and core.project_proven(v_was) then
		v_now := 'degraded';
	else
		v_now := v_was.state;
	end if;
	if v_now = v_was.state then
		return v_now;
	end if;
	update core.project
	set state = v_now, state_reason = case v_now when 'degraded' then p_code end,
		degraded_at = case v_now when 'degraded' then now() end, updated_at = now(), version = version + 1
	where id = p_project;
	if v_now = 'verified' then
		perform q.emit('project.verified', p_project || ':v' || v_was.version + 1, 'project/' || p_project,
			jsonb_build_object('project_id', p_project, 'repo_id', v_was.repo_id, 'full_name', v_was.full_name), p_trace, p_project);
	else
		perform q.emit('project.degraded', p_project || ':' || v_was.version + 1, 'project/' || p_project,
			jsonb_build_object('project_id', p_project, 'repo_id', v_was.repo_id, 'reason', p_code), p_trace, p_project);
	end if;
	return v_now;
end $$;

-- What reading it brings back: it could not be read, or was read a moment before the proof that it waited for.
create function core.project_returns(p core.project) returns bool language sql stable as $$
	select core.project_unread(p) or p.state = 'degraded' and p.state_reason = 'ownership.lost' and exists (
		select from core.ownership_check k where k.project_id = p.id and k.method <> 'file' and k.state = 'passed')
$$;
