-- many: one's own sessions, newest first, those of machines left out
-- in   session_id    uuid
-- in   after         text?        "created_at|id" of the last row seen
-- in   page          int4
-- out  id            uuid
-- out  wallet        text         CAIP-10
-- out  current       bool         the one that asks
-- out  created_at    timestamptz
-- out  refreshed_at  timestamptz?
-- out  expires_at    timestamptz
-- out  revoked_at    timestamptz?
-- out  cursor        text
-- role api
select s.id, w.caip10 as wallet, s.id = $1 as current, s.created_at, s.refreshed_at, s.expires_at, s.revoked_at,
	s.created_at || '|' || s.id as cursor
from core.session s join core.wallet w on w.id = s.wallet_id
where s.person_id = core.session_person($1) and s.kind = 'wallet'
	and (s.created_at, s.id) < (coalesce(split_part($2, '|', 1)::timestamptz, 'infinity'),
		coalesce(split_part($2, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
order by s.created_at desc, s.id desc limit $3
