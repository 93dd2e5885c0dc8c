-- maybe: the signer of a chain, locked until the transaction ends: one sends at a time
-- in   chain_id    int8
-- in   address     bytea
-- out  id          uuid
-- out  next_nonce  int8
-- out  stopped     text?   error code; it must not sign
-- role worker
select id, next_nonce, stopped from ledger.chain_key where chain_id = $1 and address = $2 for update;
