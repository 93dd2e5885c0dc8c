-- maybe: the signer of a payout's chain, locked until the transaction ends: one signs at a time
-- in   payout_id   uuid
-- in   address     bytea
-- out  id          uuid
-- out  next_nonce  int8
-- out  stopped     text?   error code; it must not sign
-- role worker
select k.id, k.next_nonce, k.stopped
from ledger.payout p join core.asset a on a.id = p.asset_id join ledger.chain_key k on k.chain_id = a.chain_id
where p.id = $1 and k.address = $2
for update of k;
