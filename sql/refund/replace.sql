-- one: the node wants more than was signed: the same nonce and call with higher fees, to be sent instead
-- in   refund_id     uuid
-- in   old_hash      bytea     the transaction that never entered
-- in   raw           bytea     signed bytes
-- in   tx_hash       bytea
-- in   max_fee       numeric
-- in   priority_fee  numeric
-- in   gas           int8
-- in   job           int8
-- in   trace         text?
-- out  replaced      bool      false when it is no longer to be replaced, or the fees are not 10 % higher
-- role worker
with old as (
	update ledger.tx_intent i set state = 'replaced'
	from ledger.refund r join core.bounty b on b.id = r.bounty_id
	where r.id = $1 and r.state = 'signed' and i.key = r.key and i.tx_hash = $2 and i.state = 'prepared'
		and $5 * 10 >= i.max_fee * 11 and $6 * 10 >= i.max_priority_fee * 11
	returning i.key, i.chain_key_id, i.nonce, i.to_addr, i.data, r.id as refund_id, b.project_id
), new as (
	insert into ledger.tx_intent (key, attempt, chain_key_id, nonce, to_addr, data, raw, tx_hash, max_fee, max_priority_fee, gas)
	select o.key, (select max(i.attempt) + 1 from ledger.tx_intent i where i.key = o.key), o.chain_key_id, o.nonce, o.to_addr,
		o.data, $3, $4, $5, $6, $7
	from old o
	returning attempt
), queued as (
	select q.enqueue('pay', 'pay.refund', o.key || ':' || n.attempt, jsonb_build_object('refund_id', o.refund_id), $8,
		trace => $9, project_id => o.project_id) as id
	from old o, new n
)
select exists (select from queued) as replaced;
