-- Who owns a project: what was checked, on what evidence, and what follows. Names of methods and states are docs/stages.md's.

-- Installations of our GitHub App: repositories that have it are asked about in its name.
create table core.installation (
	id bigint primary key,                       -- GitHub's
	account_id bigint,                           -- of who installed it; null until GitHub was asked
	account_login text,
	suspended_at timestamptz,
	deleted_at timestamptz,
	seen_at timestamptz not null default now()
);

alter table core.project
	add column installation_id bigint references core.installation,
	add column listed_at timestamptz,            -- a file in it has asked to be listed: no more than that
	add column degraded_at timestamptz;          -- since when it is degraded; after core.project_patience() it is lost

create function core.project_patience() returns interval language sql immutable as $$ select interval '30 days' $$;

-- One row per person and method; what each check found is in core.ownership_result.
create table core.ownership_check (
	id uuid primary key default core.uuid_v7(),
	project_id uuid not null references core.project,
	person_id uuid not null references core.person,
	method text not null check (method in ('permission', 'app', 'ping', 'file')),
	state text not null default 'pending' check (state in ('pending', 'passed', 'refused')),
	code text,                                   -- why it is refused
	challenge text not null default encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex'),
	asked_at timestamptz not null default now(),
	checked_at timestamptz,                      -- last
	proven_at timestamptz,                       -- first
	runs int not null default 0,
	constraint ownership_check_person unique (project_id, person_id, method),
	check ((state = 'refused') = (code is not null)),
	check ((state = 'pending') = (checked_at is null) or runs > 0)
);
create index ownership_check_due on core.ownership_check (checked_at) where proven_at is not null;

create table core.ownership_result (
	check_id uuid not null references core.ownership_check,
	job_id bigint not null,
	passed bool not null,
	code text,
	evidence_sha256 bytea check (length(evidence_sha256) = 32),
	commit_sha text,                             -- of the branch that the file was read from
	at timestamptz not null default now(),
	primary key (check_id, job_id)
);

-- Who registered a project owns its row until somebody has proven that the repository is his.
create or replace function core.roles(p_person uuid, p_kind text default null, p_id uuid default null) returns text[]
language sql stable as $$
	with object as (
		select core.project_of(p_kind, p_id) as project_id, core.bounty_of(p_kind, p_id) as bounty_id where p_kind is not null
	)
	select coalesce(array_agg(distinct role order by role), '{}') from (
		select g.role from core.role_grant g left join object o on true
		where g.person_id = p_person and g.revoked_at is null
			and (g.project_id is null or g.project_id = o.project_id) and (g.bounty_id is null or g.bounty_id = o.bounty_id)
		union all
		select 'owner' from core.project p join object o on o.project_id = p.id
		where p.created_by = p_person and not exists (
			select from core.ownership_check k where k.project_id = p.id and k.method <> 'file' and k.proven_at is not null)
		union all
		select 'funder' from core.bounty b join object o on o.bounty_id = b.id where b.created_by = p_person
		union all
		select 'funder' from core.contribution c join object o on o.bounty_id = c.bounty_id
			where c.funder_id = p_person and c.state <> 'refused'
		union all
		select 'claimant' from core.submission s join object o on o.bounty_id = s.bounty_id where s.claimant_id = p_person
	) as held (role)
$$;

-- The project follows from what is known of its owners: verified while one check other than a file stands, degraded when the last
-- one has fallen. Returns the state it has now.
create function core.ownership_follow(p_project uuid, p_code text, p_trace text) returns text language plpgsql as $$
declare
	v_was core.project;
	v_now text;
begin
	select * into strict v_was from core.project where id = p_project for update;
	if v_was.state_reason ~ '^project\.' then
		v_now := v_was.state; -- what it must be to be here at all, whoever owns it
	elsif exists (select from core.ownership_check where project_id = p_project and method <> 'file' and state = 'passed') then
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

-- What one check found, once per job. Returns what the project's state is now.
create function core.ownership_settle(p_check uuid, p_passed bool, p_code text, p_evidence bytea, p_commit text, p_job bigint, p_trace text)
returns text language plpgsql as $$
declare
	v_check core.ownership_check;
	v_project core.project;
begin
	select * into strict v_check from core.ownership_check where id = p_check for update;
	select * into strict v_project from core.project where id = v_check.project_id for update;
	insert into core.ownership_result (check_id, job_id, passed, code, evidence_sha256, commit_sha)
	values (p_check, p_job, p_passed, p_code, p_evidence, p_commit) on conflict do nothing;
	if not found then
		return v_project.state;
	end if;
	update core.ownership_check
	set state = case when p_passed then 'passed' else 'refused' end, code = p_code, checked_at = now(), runs = runs + 1,
		proven_at = case when p_passed then coalesce(proven_at, now()) else proven_at end
	where id = p_check;
	if v_check.method = 'file' then
		update core.project set listed_at = case when p_passed then coalesce(listed_at, now()) end, updated_at = now(), version = version + 1
		where id = v_project.id and (listed_at is not null) is distinct from p_passed;
		return v_project.state;
	end if;
	if p_passed and v_check.proven_at is null then
		-- what somebody without proof has given away is taken back with the first proof of another
		update core.role_grant g set revoked_by = 'check/' || p_check, revoked_at = now()
		where g.project_id = v_project.id and g.revoked_at is null and v_project.created_by <> v_check.person_id
			and g.granted_by = 'person/' || v_project.created_by and not exists (
				select from core.ownership_check k
				where k.project_id = v_project.id and k.method <> 'file' and k.proven_at is not null and k.id <> p_check);
	end if;
	if p_passed then
		insert into core.role_grant (person_id, role, project_id, granted_by)
		values (v_check.person_id, 'owner', v_project.id, 'check/' || p_check) on conflict do nothing;
	elsif not exists (select from core.ownership_check k where k.project_id = v_project.id and k.person_id = v_check.person_id
			and k.method <> 'file' and k.state = 'passed') then
		update core.role_grant g set revoked_by = 'check/' || p_check, revoked_at = now()
		where g.project_id = v_project.id and g.person_id = v_check.person_id and g.role = 'owner' and g.revoked_at is null
			and g.granted_by like 'check/%';
	end if;
	if p_passed is distinct from (v_check.state = 'passed') and (p_passed or v_check.state = 'passed') then
		perform audit.append(case when p_passed then 'ownership.proven' else 'ownership.lost' end, 'project', v_project.id::text,
			jsonb_build_object('check_id', p_check, 'person_id', v_check.person_id, 'method', v_check.method, 'code', p_code,
				'evidence_sha256', encode(p_evidence, 'hex')), 'stage', 'sync');
		if p_passed then
			perform q.emit('ownership.proven', p_check || ':' || p_job, 'project/' || v_project.id, jsonb_build_object(
				'project_id', v_project.id, 'person_id', v_check.person_id, 'check_id', p_check, 'method', v_check.method),
				p_trace, v_project.id);
		else
			perform q.emit('ownership.lost', p_check || ':' || p_job, 'project/' || v_project.id, jsonb_build_object(
				'project_id', v_project.id, 'person_id', v_check.person_id, 'check_id', p_check, 'method', v_check.method,
				'code', p_code), p_trace, v_project.id);
		end if;
	end if;
	return core.ownership_follow(v_project.id, 'ownership.lost', p_trace);
end $$;

-- Degraded for too long is lost: only a new proof brings it back.
create function core.projects_lose() returns int language plpgsql as $$
declare
	v_lost int;
begin
	with lost as (
		update core.project set state = 'lost', updated_at = now(), version = version + 1
		where state = 'degraded' and degraded_at < now() - core.project_patience()
		returning id, repo_id, version, state_reason
	), told as (
		select q.emit('project.lost', id || ':' || version, 'project/' || id,
			jsonb_build_object('project_id', id, 'repo_id', repo_id, 'reason', state_reason), null, id)
		from lost
	)
	select count(*) into v_lost from told;
	return v_lost;
end $$;

-- When it became so, whatever statement said it.
create function core.project_degraded() returns trigger language plpgsql as $$
begin
	new.degraded_at := case when new.state = 'degraded' then coalesce(old.degraded_at, now())
		when new.state = 'lost' then old.degraded_at end;
	return new;
end $$;
create trigger degraded before update of state on core.project for each row
	when (new.state is distinct from old.state) execute function core.project_degraded();
update core.project set degraded_at = updated_at where state = 'degraded';

grant select on core.installation, core.ownership_check to patchwork_api, patchwork_worker;
grant select on core.ownership_result to patchwork_worker, patchwork_api;
grant insert (project_id, person_id, method), update (asked_at, state, code) on core.ownership_check to patchwork_api;
grant insert, update (account_id, account_login, suspended_at, deleted_at, seen_at) on core.installation to patchwork_worker;
grant update (state, code, checked_at, proven_at, runs) on core.ownership_check to patchwork_worker;
grant insert on core.ownership_result to patchwork_worker;
grant update (installation_id, listed_at, degraded_at) on core.project to patchwork_worker;
grant select on core.role_grant to patchwork_worker;
grant insert (person_id, role, project_id, granted_by), update (revoked_by, revoked_at) on core.role_grant to patchwork_worker;
grant select on core.installation, core.ownership_check, core.ownership_result to patchwork_auditor;
