-- What a project's file says about its bounties: each version as it was read, and from when on it counts.

create table core.policy_version (
	id uuid primary key default core.uuid_v7(),
	project_id uuid not null references core.project,
	commit_sha text not null constraint policy_commit check (commit_sha ~ '^[0-9a-f]{40}([0-9a-f]{24})?$'),
	sha256 bytea not null check (length(sha256) = 32),
	text bytea,                                  -- the file, byte for byte; null: the commit has none, or one that is too large
	url text not null,                           -- where it was read
	rules jsonb,                                 -- what it says, of a valid one
	code text,                                   -- why it is refused
	detail text,
	read_at timestamptz not null default now(),
	constraint policy_version_once unique (project_id, commit_sha, sha256),
	check (code is null or rules is null),
	check (text is null or sha256 = sha256(text))
);

-- A row whenever the file was found to be another than before, also when it is an earlier one again.
create table core.policy_reading (
	id bigint generated always as identity primary key,
	project_id uuid not null references core.project,
	version_id uuid not null references core.policy_version,
	since timestamptz not null,
	job_id bigint,
	at timestamptz not null default now()
);
create index policy_reading_order on core.policy_reading (project_id, since desc, id desc);

alter table core.project add column policy_looked_at timestamptz; -- GitHub was asked for the file after that

-- The version that counts for what happened then, by GitHub's clock: the last valid one. What a merge itself brought does not count for it.
create function core.policy_at(p_project uuid, p_at timestamptz, p_but text default '') returns core.policy_version
language sql stable as $$
	select v.* from core.policy_reading r join core.policy_version v on v.id = r.version_id
	where r.project_id = p_project and r.since < p_at and v.code is null and v.commit_sha <> p_but
	order by r.since desc, r.id desc limit 1
$$;

-- What was found at the end of the default branch. A push that brought just this commit says since when; else it counts from now on.
-- A project that never had a file is left as it is by a look: its first version counts from when it is found.
create function core.policy_found(p_project uuid, p_commit text, p_text bytea, p_url text, p_rules jsonb, p_code text, p_detail text,
	p_asked timestamptz, p_pushed timestamptz, p_job bigint, p_trace text) returns bool language plpgsql as $$
declare
	v_sha bytea := sha256(coalesce(p_text, ''));
	v_project core.project;
	v_last core.policy_version;
	v_since timestamptz;
	v_id uuid;
	v_reading core.policy_reading;
begin
	select * into strict v_project from core.project where id = p_project for update;
	select r.since, v.* into v_since, v_last.id, v_last.project_id, v_last.commit_sha, v_last.sha256, v_last.text, v_last.url, v_last.rules,
		v_last.code, v_last.detail, v_last.read_at
	from core.policy_reading r join core.policy_version v on v.id = r.version_id
	where r.project_id = p_project order by r.since desc, r.id desc limit 1;
	if v_last.id is null and p_text is null and p_code is null then
		return false;
	end if;
	update core.project set policy_looked_at = greatest(policy_looked_at, p_asked) where id = p_project;
	if (v_last.sha256 = v_sha and (v_last.text is null) = (p_text is null) and v_last.code is not distinct from p_code)
		or p_asked < v_project.policy_looked_at then
		return false;
	end if;
	insert into core.policy_version (project_id, commit_sha, sha256, text, url, rules, code, detail)
	values (p_project, p_commit, v_sha, p_text, p_url, p_rules, p_code, p_detail)
	on conflict on constraint policy_version_once do nothing;
	select v.id into strict v_id from core.policy_version v where (v.project_id, v.commit_sha, v.sha256) = (p_project, p_commit, v_sha);
	insert into core.policy_reading (project_id, version_id, since, job_id)
	values (p_project, v_id, greatest(coalesce(p_pushed, now()), coalesce(v_project.policy_looked_at, now()), v_since), p_job) returning * into v_reading;
	perform q.emit('project.policy', p_project || ':' || v_reading.id, 'project/' || p_project, jsonb_build_object('project_id', p_project,
		'version_id', v_id, 'commit_sha', p_commit, 'sha256', encode(v_sha, 'hex'), 'code', p_code, 'since', v_reading.since), p_trace, p_project);
	perform core.status_ask(s.project_id, s.number, p_job, p_trace) from core.status_comment s
	where s.project_id = p_project and (p_code is null) is distinct from (v_last.code is null) and exists (
		select from core.bounty b join core.issue i on i.id = b.issue_id where i.project_id = p_project and i.number = s.number
			and b.state not in ('paid', 'refunded', 'cancelled'));
	return true;
end $$;

-- It is read when the project is verified, and when another branch is the default one.
create function core.policy_look() returns trigger language plpgsql as $$
begin
	perform q.enqueue('sync', 'sync.policy', 'policy:' || new.id || ':v' || new.version, jsonb_build_object('project_id', new.id),
		project_id => new.id);
	return null;
end $$;
create trigger policy_look after update of state, default_branch on core.project for each row
	when (new.state = 'verified' and new.repo_id is not null and new.default_branch is not null
		and (old.state, old.default_branch) is distinct from (new.state, new.default_branch))
	execute function core.policy_look();

-- Whoever judges, by whatever program: a verdict under a project's policy names it among its evidence. Else it is judged once more.
create function proof.verdict_policy() returns trigger language plpgsql as $$
declare
	v_policy core.policy_version;
begin
	select o.* into v_policy from core.submission s join core.pull p on p.id = s.pull_id join core.bounty b on b.id = s.bounty_id,
		core.policy_at(b.project_id, p.merged_at, p.merge_sha) o
	where s.id = new.submission_id;
	if v_policy.text is not null and not v_policy.sha256 = any (new.evidence) then
		raise exception 'the verdict does not name the project''s policy' using errcode = '40001';
	end if;
	return new;
end $$;
create trigger verdict_policy before insert on proof.verdict for each row execute function proof.verdict_policy();

grant select, insert on core.policy_version to patchwork_worker;
grant select, insert on core.policy_reading to patchwork_worker;
grant update (policy_looked_at) on core.project to patchwork_worker;
grant select on core.policy_version, core.policy_reading to patchwork_api, patchwork_auditor;
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select on core.policy_version, core.policy_reading to patchwork_operator;
	end if;
end $$;

select q.enqueue('sync', 'sync.policy', 'policy:' || id || ':v' || version, jsonb_build_object('project_id', id), project_id => id)
from core.project where state = 'verified' and repo_id is not null and default_branch is not null;
