-- maybe: what a contract wallet signed, to sign in or for an act
-- in   check_id   uuid
-- out  state      text
-- out  address    bytea
-- out  chain_id   int8
-- out  message    text
-- out  signature  bytea
-- out  late       bool    nobody can ask for the answer any more
-- role worker
select state, address, chain_id, message, signature, expires_at <= now() as late from core.wallet_check where id = $1
