-- many: projects, newest first
-- in   after           text?        "created_at|id" of the last row seen
-- in   page            int4
-- in   state           text?
-- in   session_id      uuid?        who asks, when signed in
-- out  id              uuid
-- out  repo_id         int8?
-- out  full_name       text
-- out  state           text
-- out  state_reason    text?
-- out  bounties        int8         that are not drafts
-- out  created_at      timestamptz
-- out  updated_at      timestamptz
-- out  cursor          text
-- role api
select p.id, p.repo_id, p.full_name, p.state, p.state_reason,
	(select count(*) from core.bounty b where b.project_id = p.id and b.state <> 'draft') as bounties,
	p.created_at, p.updated_at, p.created_at || '|' || p.id as cursor
from core.project p
where (p.created_at, p.id) < (coalesce(split_part($1, '|', 1)::timestamptz, 'infinity'),
	coalesce(split_part($1, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
	and ($3::text is null or p.state = $3) and (not p.private or core.sees($4, 'project', p.id))
order by p.created_at desc, p.id desc limit $2
