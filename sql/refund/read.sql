-- maybe: a return of a bounty's money, and the transaction that lives for it
-- in   refund_id          uuid
-- in   signer             bytea?     address that would send
-- out  state              text
-- out  wait               interval   until the escrow's lock has ended; 0 when it has
-- out  bounty_key         bytea      the bounty's name on chain
-- out  amount             numeric    in the escrow, by our books
-- out  funder             bytea?     the wallet that locked it
-- out  since              int8       block of the last deposit that is to go back
-- out  first              int8       block of the first deposit that was ever booked
-- out  booked             numeric    what earlier refunds have given back
-- out  chain_id           int8
-- out  escrow             bytea
-- out  stopped            text?      error code; the signer must not sign
-- out  live_hash          bytea?
-- out  live_state         text?      prepared sent
-- out  live_nonce         int8?
-- out  live_raw           bytea?     signed bytes
-- out  live_max_fee       numeric?
-- out  live_priority_fee  numeric?
-- out  live_gas           int8?
-- role worker operator
select r.state, greatest(r.due_at - now(), interval '0') as wait, b.chain_key as bounty_key, coalesce(l.posted, 0) as amount,
	d.funder, coalesce(d.since, 0) as since, coalesce(d.first, 0) as first,
	d.booked, a.chain_id, n.escrow, k.stopped, i.tx_hash as live_hash, i.state as live_state,
	i.nonce as live_nonce, i.raw as live_raw, i.max_fee as live_max_fee, i.max_priority_fee as live_priority_fee,
	i.gas as live_gas
from ledger.refund r join core.bounty b on b.id = r.bounty_id join core.asset a on a.id = r.asset_id
	join core.chain n on n.id = a.chain_id
	left join ledger.account e on (e.kind, e.owner_id, e.asset_id) = ('escrow', r.bounty_id, r.asset_id)
	left join ledger.balance l on l.account_id = e.id
	left join ledger.chain_key k on k.chain_id = a.chain_id and k.address = $2
	left join ledger.tx_intent i on i.key = r.key and i.state in ('prepared', 'sent')
	left join lateral (
		select (array_agg(c.funder order by c.confirmed_at desc, c.id desc) filter (where c.state = 'confirmed'))[1] as funder,
			max(c.block_number) filter (where c.state = 'confirmed') as since, min(c.block_number) as first,
			(select coalesce(sum(o.amount), 0) from ledger.refund o where o.bounty_id = r.bounty_id and o.state = 'refunded') as booked
		from core.contribution c where c.bounty_id = r.bounty_id and c.state in ('confirmed', 'refunded')
	) as d on true
where r.id = $1;
