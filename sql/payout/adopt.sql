-- one: the chain has paid it by a transaction that we have no record of: confirm that one
-- in   payout_id  uuid
-- in   tx_hash    bytea
-- in   job        int8
-- in   trace      text?
-- out  adopted    bool    now, not earlier
-- role worker
with payout as (
	select p.id, p.bounty_id, p.submission_id, p.asset_id, p.amount, b.state, b.project_id,
		-- the n-th adoption has its own name: the one before was held again, whatever transaction it was
		encode($2, 'hex') || coalesce(':' || nullif((select count(*) from core.bounty_event e where e.bounty_id = b.id
			and e.data ->> 'payout_id' = p.id::text and e.data ->> 'adopted' is not null), 0), '') as name
	from ledger.payout p join core.bounty b on b.id = p.bounty_id
	where p.id = $1 and p.state in ('hold', 'payable', 'held') and b.state in ('hold', 'payable')
	for update of p
), sent as (
	update ledger.payout p set state = 'sent', tx_hash = $2, blocker = null, updated_at = now()
	from payout o where p.id = o.id
	returning o.*
), submission as (
	update core.submission s set state = 'paying', updated_at = now() from sent where s.id = sent.submission_id
), payable as (
	select s.*, case s.state when 'hold' then core.bounty_move(s.bounty_id, 'hold_ended', 'stage:pay', $3,
		jsonb_build_object('payout_id', s.id)) else s.state end as present
	from sent s
), booked as (
	select p.*, ledger.move('send:' || p.id || ':' || p.name, 'send', 'payable', p.bounty_id, 'in_transit',
		p.bounty_id, p.asset_id, p.amount, $3, jsonb_build_object('tx_hash', '0x' || encode($2, 'hex'))) as transfer
	from payable p where p.present is not null
), paying as (
	select k.*, core.bounty_move(k.bounty_id, 'payout_sent', 'stage:pay', $3, jsonb_build_object('payout_id', k.id,
		'blocker', 'the chain: confirm the payout')) as paying
	from booked k where k.transfer is not null
), queued as (
	select q.enqueue('pay', 'pay.confirm', 'confirm:' || p.id || ':' || p.name,
		jsonb_build_object('payout_id', p.id), $3, trace => $4, project_id => p.project_id) as id
	from paying p where p.paying is not null
)
select exists (select from queued) as adopted;
