-- one: our own reading of receipt, block, depth and log says it is paid
-- in   payout_id     uuid
-- in   tx_hash       bytea    that paid it
-- in   reverted      bytea?   one of ours that failed because of it; any other that lives can never pay now
-- in   block_number  int8
-- in   block_hash    bytea
-- in   endpoint      text
-- in   sha256        bytea    of the receipt
-- in   receipt       bytea    canonical JSON
-- in   job           int8
-- in   trace         text?
-- out  paid          bool     now, not earlier
-- role worker
with stored as (
	insert into ingest.evidence (sha256, media_type, bytes, source_url) values ($7, 'application/json', $8, $6)
	on conflict (sha256) do nothing
), paid as (
	update ledger.payout set state = 'paid', tx_hash = $2, paid_at = now(), blocker = null, updated_at = now()
	where id = $1 and state = 'sent'
	returning *
), intent as (
	update ledger.tx_intent i
	set state = case i.tx_hash when $2 then 'confirmed' when $3 then 'failed' else 'dead' end
	from paid p where i.key = p.key and i.state in ('prepared', 'sent')
	returning i.id, i.state
), observed as (
	insert into ledger.tx_observation (intent_id, endpoint, block_number, block_hash, status, log_ok)
	select id, $6, $4, $5, 1, true from intent where state = 'confirmed'
), submission as (
	update core.submission s set state = 'paid', updated_at = now() from paid p where s.id = p.submission_id
), booked as (
	select p.*, b.project_id, ledger.move('paid:' || p.id, 'paid', 'in_transit', p.bounty_id, 'external', p.person_id, p.asset_id,
		p.amount, $9, jsonb_build_object('tx_hash', '0x' || encode($2, 'hex'))) as transfer
	from paid p join core.bounty b on b.id = p.bounty_id
), moved as (
	select k.*, core.bounty_move(k.bounty_id, 'payout_confirmed', 'stage:pay', $9, jsonb_build_object('payout_id', k.id)) as present
	from booked k where k.transfer is not null
), queued as (
	select q.enqueue('score', 'score.payout', 'score:' || m.id, jsonb_build_object('payout_id', m.id), $9,
		trace => $10, project_id => m.project_id) as id
	from moved m where m.present is not null
), told as (
	select q.emit('payout.paid', m.id::text, 'payout/' || m.id, jsonb_build_object('payout_id', m.id,
		'submission_id', m.submission_id, 'bounty_id', m.bounty_id, 'person_id', m.person_id, 'amount', m.amount::text,
		'payee', '0x' || encode(m.payee, 'hex'), 'tx_hash', '0x' || encode($2, 'hex'), 'block_number', $4), $10,
		m.project_id) as event
	from moved m where m.present is not null
)
select exists (select from queued) and exists (select from told) as paid;
