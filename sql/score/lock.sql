-- maybe: the person a payout paid; their points are counted by one at a time until the transaction ends
-- in   payout_id  uuid
-- out  state      text
-- out  person_id  uuid
-- role worker
select p.state, p.person_id
from ledger.payout p, lateral (select pg_advisory_xact_lock(hashtextextended('score:' || p.person_id, 0))) l
where p.id = $1;
