-- one: the node has the refund's transaction
-- in   refund_id  uuid
-- in   tx_hash    bytea
-- in   job        int8
-- in   trace      text?
-- out  sent       bool    now, not earlier
-- role worker
with intent as (
	update ledger.tx_intent i set state = 'sent', sent_at = now()
	from ledger.refund r
	where r.id = $1 and i.key = r.key and i.tx_hash = $2 and i.state = 'prepared' and r.state = 'signed'
	returning r.id, r.key, r.bounty_id, i.attempt
), refund as (
	update ledger.refund r set state = 'sent', updated_at = now() from intent i where r.id = i.id
), bounty as (
	update core.bounty b set blocker = 'the chain: confirm the refund' from intent i where b.id = i.bounty_id and b.state = 'refunding'
), queued as (
	select q.enqueue('pay', 'pay.refund', i.key || ':' || i.attempt || ':sent', jsonb_build_object('refund_id', i.id), $3,
		trace => $4, project_id => (select b.project_id from core.bounty b where b.id = i.bounty_id)) as id
	from intent i
)
select exists (select from queued) as sent;
