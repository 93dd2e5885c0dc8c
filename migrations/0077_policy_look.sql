-- A project that never had a policy file is left as it is by a look: its first version counts from when it is found.

-- What was found at the end of the default branch. A push that brought just this commit says since when; else it counts from now on.
create or replace function core.policy_found(p_project uuid, p_commit text, p_text bytea, p_url text, p_rules jsonb, p_code text, p_detail text,
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
