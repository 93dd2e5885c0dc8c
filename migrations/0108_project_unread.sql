-- Whose a project is, and whether it can be read, are two things: a proof does not bring back what cannot be read, and reading does
-- not bring back what our App was taken from, unless the project is shown to be somebody's without it.

-- Only reading it again brings it back.
create function core.project_unread(p core.project) returns bool language sql immutable as $$
	select p.state in ('degraded', 'lost') and coalesce(p.state_reason ~ '^(github|installation|project)\.', false)
$$;

-- Why a degraded project that was read stays so; NULL: nothing keeps it from being verified.
create function core.project_kept(p core.project) returns text language sql stable as $$
	select case
		when p.hook_alive_at is null and not exists (select from core.ownership_check k
			where k.project_id = p.id and k.method <> 'file' and k.state = 'passed') then p.state_reason
		when i.id is null and p.state_reason !~ '^installation\.' then null
		when i.suspended_at is null and i.deleted_at is null and i.id is not null then null
		when exists (select from core.ownership_check k
			where k.project_id = p.id and k.method in ('permission', 'ping') and k.state = 'passed') then null
		when i.deleted_at is not null then 'installation.deleted'
		when i.suspended_at is not null then 'installation.suspended'
		else p.state_reason
	end
	from (select 1) one left join core.installation i on i.id = p.installation_id
$$;

-- Somebody has shown whose a project is that could not be read: it is looked at now. What was lost waits for that as degraded.
create function core.project_look(p_project uuid, p_trace text) returns text language plpgsql as $$
declare
	v_now core.project;
begin
	update core.project set state = 'degraded', updated_at = now(), version = version + 1 where id = p_project and state = 'lost'
	returning * into v_now;
	if found then
		perform q.emit('project.degraded', p_project || ':' || v_now.version, 'project/' || p_project,
			jsonb_build_object('project_id', p_project, 'repo_id', v_now.repo_id, 'reason', v_now.state_reason), p_trace, p_project);
	else
		select * into strict v_now from core.project where id = p_project;
	end if;
	perform q.enqueue('sync', 'sync.project', 'project:' || p_project || ':p' || v_now.version,
		jsonb_build_object('project_id', p_project), trace => p_trace, project_id => p_project);
	return v_now.state;
end $$;

-- As of 0056, but for what cannot be read.
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
	elsif v_was.state = 'verified' then
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

-- As of 0056; what was lost and is degraded again has its 30 days from then on.
create or replace function core.project_degraded() returns trigger language plpgsql as $$
begin
	new.degraded_at := case when new.state = 'degraded' and old.state <> 'lost' then coalesce(old.degraded_at, now())
		when new.state = 'degraded' then now()
		when new.state = 'lost' then old.degraded_at end;
	return new;
end $$;
