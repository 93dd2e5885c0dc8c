-- one: the node has the release: the money is on its way
-- in   payout_id  uuid
-- in   tx_hash    bytea
-- in   job        int8
-- in   trace      text?
-- out  sent       bool    now, not earlier
-- role worker
with intent as (
	update ledger.tx_intent i set state = 'sent', sent_at = now()
	from ledger.payout p
	where p.id = $1 and i.key = p.key and i.tx_hash = $2 and i.state = 'prepared' and p.state = 'sending'
	returning p.id, p.bounty_id, p.submission_id, p.person_id, p.asset_id, p.amount, i.nonce,
		p.id || case when i.attempt > 1 then ':' || i.attempt else '' end as name
), payout as (
	update ledger.payout p set state = 'sent', updated_at = now() from intent i where p.id = i.id
	returning i.*
), submission as (
	update core.submission s set state = 'paying', updated_at = now() from payout p where s.id = p.submission_id
), booked as (
	select p.*, b.project_id, ledger.move('send:' || p.name, 'send', 'payable', p.bounty_id, 'in_transit', p.bounty_id, p.asset_id,
		p.amount, $3, jsonb_build_object('tx_hash', '0x' || encode($2, 'hex'))) as transfer
	from payout p join core.bounty b on b.id = p.bounty_id
), paying as (
	select k.*, core.bounty_move(k.bounty_id, 'payout_sent', 'stage:pay', $3, jsonb_build_object('payout_id', k.id,
		'blocker', 'the chain: confirm the payout')) as present
	from booked k where k.transfer is not null
), queued as (
	select q.enqueue('pay', 'pay.confirm', 'confirm:' || p.name, jsonb_build_object('payout_id', p.id), $3,
		trace => $4, project_id => p.project_id) as id
	from paying p where p.present is not null
), told as (
	select q.emit('payout.sent', p.name, 'payout/' || p.id, jsonb_build_object('payout_id', p.id,
		'submission_id', p.submission_id, 'bounty_id', p.bounty_id, 'person_id', p.person_id, 'amount', p.amount::text,
		'tx_hash', '0x' || encode($2, 'hex'), 'nonce', p.nonce), $4, p.project_id) as event
	from paying p where p.present is not null
)
select exists (select from queued) and exists (select from told) as sent;
