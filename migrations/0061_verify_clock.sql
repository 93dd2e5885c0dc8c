-- Bases that a project lists beside its default branch; and the clock of a bounty that nobody decides about.
alter table core.project add column branches text[] not null default '{}'
	constraint "project.branches" check (array_position(branches, null) is null and cardinality(branches) <= 20
		and not '' = any (branches));

-- Who lists what, with a reason; false when there is no such project. What is being judged goes by the list of when it is judged.
create function core.project_branches(p_project uuid, p_branches text[], p_actor text, p_reason text) returns bool
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
	update core.project set branches = p_branches where id = p_project;
	if not found then
		return false;
	end if;
	perform audit.append('project.branches', 'project', p_project::text, jsonb_build_object('branches', p_branches),
		case when p_actor like '%_:_%' then split_part(p_actor, ':', 1) else 'cli' end,
		case when p_actor like '%_:_%' then substr(p_actor, strpos(p_actor, ':') + 1) else p_actor end, p_reason);
	return true;
end $$;
revoke execute on function core.project_branches(uuid, text[], text, text) from public;

-- The clock decides, too: nothing is paid when nobody has said that it should be.
grant execute on function core.submission_resolve(uuid, bool, text, text) to patchwork_worker;

do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant execute on function core.project_branches(uuid, text[], text, text) to patchwork_operator;
	end if;
end $$;
