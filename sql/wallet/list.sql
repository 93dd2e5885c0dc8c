-- many: one's own wallets, newest first, those that were unlinked with them
-- in   session_id   uuid
-- in   after        text?        "linked_at|id" of the last row seen
-- in   page         int4
-- out  id           uuid
-- out  caip10       text
-- out  payout       bool         payouts go to it
-- out  good_at      timestamptz  nothing is paid to it before
-- out  linked_at    timestamptz
-- out  unlinked_at  timestamptz?
-- out  cursor       text
-- role api
select w.id, w.caip10, w.id is not distinct from coalesce(core.payout_choice(w.person_id), (
		select o.id from core.wallet o where o.person_id = w.person_id and o.unlinked_at is null and o.public_key is null
		order by o.linked_at, o.id limit 1)) as payout,
	core.wallet_good_at(w.id) as good_at, w.linked_at, w.unlinked_at, w.linked_at || '|' || w.id as cursor
from core.wallet w
where w.person_id = core.session_person($1)
	and (w.linked_at, w.id) < (coalesce(split_part($2, '|', 1)::timestamptz, 'infinity'),
		coalesce(split_part($2, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
order by w.linked_at desc, w.id desc limit $3
