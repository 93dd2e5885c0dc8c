-- maybe: what the chain said about a contract wallet's signature, and what came of it: what is bound by it may refuse it
-- in   check_id      uuid
-- in   reason        text?   error code; null = the signature is the wallet's
-- in   block_number  int8?
-- in   block_hash    bytea?
-- out  reason        text?
-- role worker
update core.wallet_check
set state = case when $2::text is null then 'accepted' else 'refused' end, reason = $2, block_number = $3, block_hash = $4,
	decided_at = now()
where id = $1 and state = 'pending'
returning reason
