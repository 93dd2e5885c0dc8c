-- Third parties put no money on the issues of a project that has not opted in: nobody has shown that it is theirs, or its policy says so.

create function core.is_member(p_project uuid, p_person uuid) returns bool language sql stable as $$
	select core.roles(p_person, 'project', p_project) && array['owner', 'maintainer', 'reviewer']
$$;

-- Whether this person may put a bounty on an issue of the project.
create function core.opted_in(p_project uuid, p_person uuid) returns bool language sql stable as $$
	select coalesce((core.policy_at(p_project, 'infinity')).rules ->> 'bounties', 'anyone') = 'anyone' or core.is_member(p_project, p_person)
$$;

-- Whether this person may put money into a bounty: members' bounties, and those that somebody made by comment who may write, take anybody's.
create function core.may_fund(p_bounty uuid, p_person uuid) returns bool language sql stable as $$
	select core.opted_in(b.project_id, p_person) or core.is_member(b.project_id, b.created_by)
		or exists (select from core.command c where c.bounty_id = b.id and c.verb = 'bounty' and c.code is null)
	from core.bounty b where b.id = p_bounty
$$;

grant select (bounty_id, verb, code) on core.command to patchwork_api;
