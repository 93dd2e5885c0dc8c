-- many: roles that were granted, newest first
-- in   after       text?        "granted_at|id" of the last row seen
-- in   page        int4
-- in   project_id  uuid?        only of this project
-- in   person_id   uuid?        only of this person
-- in   revoked     bool?        also those that were taken away
-- out  id          uuid
-- out  person_id   uuid
-- out  login       text?        of the linked GitHub account
-- out  role        text
-- out  project_id  uuid?
-- out  bounty_id   uuid?
-- out  granted_by  text
-- out  granted_at  timestamptz
-- out  revoked_by  text?
-- out  revoked_at  timestamptz?
-- out  cursor      text
-- role api owner
select g.id, g.person_id, a.login_display as login, g.role, g.project_id, g.bounty_id, g.granted_by, g.granted_at, g.revoked_by,
	g.revoked_at, g.granted_at || '|' || g.id as cursor
from core.role_grant g
left join core.external_account a on a.person_id = g.person_id and a.provider = 'github' and a.revoked_at is null
where (g.granted_at, g.id) < (coalesce(split_part($1, '|', 1)::timestamptz, 'infinity'),
	coalesce(split_part($1, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
	and ($3::uuid is null or g.project_id = $3) and ($4::uuid is null or g.person_id = $4)
	and ($5 or g.revoked_at is null)
order by g.granted_at desc, g.id desc limit $2
