-- one: the signed refund before it is sent, the nonce it takes, and the job that sends it
-- in   refund_id     uuid
-- in   signer_id     uuid
-- in   nonce         int8
-- in   escrow        bytea
-- in   data          bytea     call data
-- in   raw           bytea     signed bytes
-- in   tx_hash       bytea
-- in   max_fee       numeric
-- in   priority_fee  numeric
-- in   gas           int8
-- in   job           int8
-- in   trace         text?
-- out  reserved      bool      false when another job has signed it meanwhile
-- role worker
with refund as (
	update ledger.refund r set state = 'signed', blocker = null, updated_at = now()
	where r.id = $1 and r.state in ('waiting', 'held')
		and not exists (select from ledger.tx_intent i where i.key = r.key and i.state in ('prepared', 'sent'))
	returning r.id, r.key, r.bounty_id
), taken as (
	update ledger.chain_key k set next_nonce = k.next_nonce + 1 from refund r
	where k.id = $2 and k.next_nonce = $3 and k.stopped is null
	returning r.id, r.key, r.bounty_id
), intent as (
	insert into ledger.tx_intent (key, attempt, chain_key_id, nonce, to_addr, data, raw, tx_hash, max_fee, max_priority_fee, gas)
	select t.key, (select coalesce(max(i.attempt), 0) + 1 from ledger.tx_intent i where i.key = t.key), $2, $3, $4, $5, $6, $7,
		$8, $9, $10
	from taken t
	returning attempt
), bounty as (
	update core.bounty b set blocker = 'Patchwork: have the escrow give the money back' from taken t
	where b.id = t.bounty_id and b.state = 'refunding'
), queued as (
	select q.enqueue('pay', 'pay.refund', t.key || ':' || i.attempt, jsonb_build_object('refund_id', t.id), $11, trace => $12,
		project_id => (select b.project_id from core.bounty b where b.id = t.bounty_id)) as id
	from taken t, intent i
)
select exists (select from queued) as reserved;
