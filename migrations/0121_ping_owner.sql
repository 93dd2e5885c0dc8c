-- The process's common secret signs what every repository sends. A ping by it shows that a repository's administrator wants us, not that
-- it is he who registered the project: from then on the registrant's word counts for nothing until a check of ownership has passed.

-- Somebody has shown, once at least, that it is his.
create function core.project_proven(p core.project) returns bool language sql stable as $$
	select exists (select from core.ownership_check k where k.project_id = p.id and k.method <> 'file' and k.proven_at is not null)
$$;

-- As of 0056, but for what such a ping has verified: its registrant owns no row of it, and what he has given away gives nothing.
create or replace function core.roles(p_person uuid, p_kind text default null, p_id uuid default null) returns text[]
language sql stable as $$
	with object as (
		select core.project_of(p_kind, p_id) as project_id, core.bounty_of(p_kind, p_id) as bounty_id where p_kind is not null
	)
	select coalesce(array_agg(distinct role order by role), '{}') from (
		select g.role from core.role_grant g left join object o on true
		where g.person_id = p_person and g.revoked_at is null
			and (g.project_id is null or g.project_id = o.project_id) and (g.bounty_id is null or g.bounty_id = o.bounty_id)
			and not exists (select from core.project p where p.id = g.project_id and g.granted_by = 'person/' || p.created_by
				and p.hook_alive_at is not null and not core.project_proven(p))
		union all
		select 'owner' from core.project p join object o on o.project_id = p.id
		where p.created_by = p_person and p.hook_alive_at is null and not core.project_proven(p)
		union all
		select 'funder' from core.bounty b join object o on o.bounty_id = b.id where b.created_by = p_person
		union all
		select 'funder' from core.contribution c join object o on o.bounty_id = c.bounty_id
			where c.funder_id = p_person and c.state <> 'refused'
		union all
		select 'claimant' from core.submission s join object o on o.bounty_id = s.bounty_id where s.claimant_id = p_person
	) as held (role)
$$;
