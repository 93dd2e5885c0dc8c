-- A project's accounts are shown as its own: they are linked by who may, once somebody has shown that the project is theirs, and they
-- end with that. At most 20 at once.

-- Of two that link, or of one and a check of ownership, the second knows of the first. The API may change no project.
create function core.project_accounts_lock(p_project uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	perform from core.project where id = p_project for no key update;
end $$;
revoke execute on function core.project_accounts_lock from public;
grant execute on function core.project_accounts_lock to patchwork_api;

create function core.links_accounts(p_person uuid, p_project uuid) returns bool language sql stable as $$
	select core.roles(p_person, 'project', p_project) && array['admin', 'owner', 'maintainer']
$$;

-- Why this person cannot link this account now: an error code; NULL: it can be linked, or is. Until the transaction ends.
create function core.project_account_refused(p_person uuid, p_project uuid, p_caip10 text) returns text language plpgsql volatile as $$
begin
	perform core.project_accounts_lock(p_project);
	return case
		when not core.links_accounts(p_person, p_project) then 'auth.role'
		when not exists (select from core.ownership_check k
			where k.project_id = p_project and k.method <> 'file' and k.state = 'passed') then 'project_account.unproven'
		when exists (select from core.project_account a
			where a.project_id = p_project and a.caip10 = p_caip10 and a.unlinked_at is null) then null
		when (select count(*) from core.project_account a where a.project_id = p_project and a.unlinked_at is null) >= 20
			then 'project_account.many'
	end;
end $$;

-- What a check of ownership ends is unlinked by the person that the check is about.
create function core.project_accounts_end(p_accounts uuid[], p_check core.ownership_check, p_trace text) returns void
language plpgsql as $$
declare
	v_ended core.project_account;
begin
	for v_ended in
		update core.project_account set unlinked_at = now(), unlinked_by = p_check.person_id
		where id = any (p_accounts) and unlinked_at is null
		returning *
	loop
		perform audit.append('project.account_unlinked', 'project', v_ended.project_id::text, jsonb_build_object(
			'account_id', v_ended.id, 'caip10', v_ended.caip10, 'check_id', p_check.id, 'trace_id', p_trace), 'stage', 'sync');
		perform q.emit('project.account_unlinked', v_ended.id::text, 'project/' || v_ended.project_id, jsonb_build_object(
			'project_id', v_ended.project_id, 'account_id', v_ended.id, 'caip10', v_ended.caip10,
			'person_id', v_ended.unlinked_by), trace => p_trace, project_id => v_ended.project_id);
	end loop;
end $$;

-- As of 0056, and the project's accounts: with the first proof end those that anybody else linked, with the last of a person's proofs
-- theirs, unless another role lets them link.
create or replace function core.ownership_settle(p_check uuid, p_passed bool, p_code text, p_evidence bytea, p_commit text, p_job bigint, p_trace text)
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
		perform core.project_accounts_end(array(
			select a.id from core.project_account a
			where a.project_id = v_project.id and a.unlinked_at is null and a.linked_by <> v_check.person_id and not exists (
				select from core.ownership_check k
				where k.project_id = v_project.id and k.method <> 'file' and k.proven_at is not null and k.id <> p_check)), v_check, p_trace);
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
		perform core.project_accounts_end(array(
			select a.id from core.project_account a
			where a.project_id = v_project.id and a.unlinked_at is null and a.linked_by = v_check.person_id
				and v_check.state = 'passed' and not core.links_accounts(a.linked_by, a.project_id)), v_check, p_trace);
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

-- Those of before.
do $$
declare
	v_account core.project_account;
	v_check core.ownership_check;
begin
	for v_account in select * from core.project_account where unlinked_at is null loop
		select * into v_check from core.ownership_check k
		where k.project_id = v_account.project_id and k.method <> 'file' and k.proven_at is not null order by k.proven_at, k.id limit 1;
		continue when not found;
		if v_account.linked_by <> v_check.person_id and v_account.linked_at < v_check.proven_at then
			perform core.project_accounts_end(array[v_account.id], v_check, null);
			continue;
		end if;
		select * into v_check from core.ownership_check k
		where k.project_id = v_account.project_id and k.person_id = v_account.linked_by and k.method <> 'file' and k.proven_at is not null
		order by k.checked_at desc, k.id limit 1;
		if found and not core.links_accounts(v_account.linked_by, v_account.project_id) then
			perform core.project_accounts_end(array[v_account.id], v_check, null);
		end if;
	end loop;
end $$;

grant update (unlinked_by, unlinked_at) on core.project_account to patchwork_worker;
