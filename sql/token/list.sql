-- many: one's own machine tokens, newest first; never the tokens themselves
-- in   session_id    uuid
-- in   after         text?        "created_at|id" of the last row seen
-- in   page          int4
-- out  id            uuid
-- out  name          text
-- out  scopes        text
-- out  created_at    timestamptz
-- out  expires_at    timestamptz
-- out  last_used_at  timestamptz? to the minute
-- out  revoked_at    timestamptz?
-- out  cursor        text
-- role api
select s.id, s.name, array_to_string(s.scopes, ' ') as scopes, s.created_at, s.expires_at, s.last_used_at, s.revoked_at,
	s.created_at || '|' || s.id as cursor
from core.session s
where s.person_id = core.session_person($1) and s.kind = 'machine'
	and (s.created_at, s.id) < (coalesce(split_part($2, '|', 1)::timestamptz, 'infinity'),
		coalesce(split_part($2, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
order by s.created_at desc, s.id desc limit $3
