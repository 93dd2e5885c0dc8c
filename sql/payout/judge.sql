-- maybe: a payout that is to be looked at again before it is sent
-- in   payout_id      uuid
-- out  submission_id  uuid
-- out  state          text
-- out  bounty_state   text
-- out  wait           interval   until it is due; 0 when it is
-- out  rechecked      bool
-- role worker operator
select p.submission_id, p.state, b.state as bounty_state, greatest(p.due_at - now(), interval '0') as wait,
	p.rechecked_at is not null as rechecked
from ledger.payout p join core.bounty b on b.id = p.bounty_id
where p.id = $1;
