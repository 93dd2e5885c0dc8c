-- one: the transaction can never pay: the money is payable again, a person must act
-- in   payout_id     uuid
-- in   tx_hash       bytea
-- in   state         text     failed: final with status 0; dead: its nonce was used by another transaction
-- in   code          text     error code
-- in   detail        text     for people
-- in   block_number  int8?
-- in   block_hash    bytea?
-- in   endpoint      text
-- in   job           int8
-- in   trace         text?
-- out  held          bool     now, not earlier
-- role worker
with intent as (
	update ledger.tx_intent i set state = $3
	from ledger.payout p where p.id = $1 and i.key = p.key and i.tx_hash = $2 and i.state = 'sent' and p.state = 'sent'
	returning i.id as intent_id, i.chain_key_id, p.id, p.bounty_id, p.submission_id, p.asset_id, p.amount
), observed as (
	insert into ledger.tx_observation (intent_id, endpoint, block_number, block_hash, status, log_ok)
	select intent_id, $8, $6, $7, 0, false from intent where $6 is not null
), signer as (
	update ledger.chain_key k set stopped = $4 from intent i where k.id = i.chain_key_id and $3 = 'dead' and k.stopped is null
), payout as (
	update ledger.payout p set state = 'held', blocker = 'an operator: ' || $5, updated_at = now() from intent i where p.id = i.id
	returning i.*
), submission as (
	update core.submission s set state = 'verified', updated_at = now() from payout p where s.id = p.submission_id
), booked as (
	select p.*, b.project_id, ledger.move('dropped:' || p.intent_id, 'dropped', 'in_transit', p.bounty_id, 'payable', p.bounty_id,
		p.asset_id, p.amount, $9, jsonb_build_object('code', $4)) as transfer
	from payout p join core.bounty b on b.id = p.bounty_id
), moved as (
	select k.*, core.bounty_move(k.bounty_id, 'payout_dropped', 'stage:pay', $9, jsonb_build_object('payout_id', k.id,
		'code', $4, 'blocker', 'an operator: ' || $5)) as present
	from booked k where k.transfer is not null
), told as (
	select q.emit('payout.held', m.intent_id::text, 'payout/' || m.id, jsonb_build_object('payout_id', m.id,
		'bounty_id', m.bounty_id, 'tx_hash', '0x' || encode($2, 'hex'), 'code', $4, 'detail', $5), $10, m.project_id) as event
	from moved m where m.present is not null
)
select exists (select from told) as held;
