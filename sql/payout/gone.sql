-- one: the chain said that it had paid it, and says so no more: the money is payable again, a person must act
-- in   payout_id  uuid
-- in   tx_hash    bytea   that was said to have paid it
-- in   code       text    error code
-- in   detail     text    for people
-- in   job        int8
-- in   trace      text?
-- out  held       bool    now, not earlier
-- role worker
with payout as (
	update ledger.payout p set state = 'held', tx_hash = null, blocker = 'an operator: ' || $4, updated_at = now()
	where p.id = $1 and p.state = 'sent' and p.tx_hash = $2
		and not exists (select from ledger.tx_intent i where i.key = p.key and i.state in ('prepared', 'sent'))
	returning p.id, p.bounty_id, p.submission_id, p.asset_id, p.amount
), adopted as (
	-- the name in sql/payout/adopt.sql
	select p.*, encode($2, 'hex') || coalesce(':' || nullif((select count(*) from core.bounty_event e
		where e.bounty_id = p.bounty_id and e.data ->> 'payout_id' = p.id::text and e.data ->> 'adopted' is not null), 0), '') as name
	from payout p
), submission as (
	update core.submission s set state = 'verified', updated_at = now() from payout p where s.id = p.submission_id
), booked as (
	select p.*, b.project_id, ledger.move('dropped:' || p.id || ':' || p.name, 'dropped', 'in_transit', p.bounty_id, 'payable',
		p.bounty_id, p.asset_id, p.amount, $5, jsonb_build_object('code', $3)) as transfer
	from adopted p join core.bounty b on b.id = p.bounty_id
), moved as (
	select k.*, core.bounty_move(k.bounty_id, 'payout_dropped', 'stage:pay', $5, jsonb_build_object('payout_id', k.id,
		'adopted', k.name, 'code', $3, 'blocker', 'an operator: ' || $4)) as present
	from booked k where k.transfer is not null
), told as (
	select q.emit('payout.held', m.id || ':' || m.name, 'payout/' || m.id, jsonb_build_object('payout_id', m.id,
		'bounty_id', m.bounty_id, 'tx_hash', '0x' || encode($2, 'hex'), 'code', $3, 'detail', $4), $6, m.project_id) as event
	from moved m where m.present is not null
)
select exists (select from told) as held;
