-- one: the signer of a refund's chain, locked until the transaction ends: one signs at a time
-- in   refund_id    uuid
-- in   address      bytea
-- in   chain_nonce  int8    its next nonce, as the chain says
-- out  id           uuid
-- out  next_nonce   int8
-- out  stopped      text?   error code; it must not sign
-- role worker
insert into ledger.chain_key as k (chain_id, address, next_nonce)
select a.chain_id, $2, $3 from ledger.refund r join core.asset a on a.id = r.asset_id where r.id = $1
-- a chain that is ahead of us has seen the key used elsewhere
on conflict (chain_id, address) do update
set stopped = case when excluded.next_nonce > k.next_nonce then coalesce(k.stopped, 'pay.nonce_foreign') else k.stopped end
returning k.id, k.next_nonce, k.stopped;
