-- one: our own reading of receipt, block, depth and log says that the money went back to its funder
-- in   refund_id     uuid
-- in   amount        numeric   in the escrow by our books, when the chain was asked
-- in   funder        bytea?    wallet that got it; NULL with all that follows: there was nothing to go back
-- in   tx_hash       bytea?    that did it
-- in   reverted      bytea?    one of ours that failed because of it
-- in   block_number  int8?
-- in   block_hash    bytea?
-- in   endpoint      text?
-- in   sha256        bytea?    of the receipt
-- in   receipt       bytea?    canonical JSON
-- in   job           int8
-- in   trace         text?
-- out  refunded      bool      now, not earlier
-- out  moved         bool      our books have changed meanwhile: nothing is written
-- role worker
with refund as (
	select r.id, r.bounty_id, r.asset_id, r.key, b.state, b.project_id, coalesce(l.posted, 0) as amount
	from ledger.refund r join core.bounty b on b.id = r.bounty_id
		left join ledger.account a on (a.kind, a.owner_id, a.asset_id) = ('escrow', r.bounty_id, r.asset_id)
		left join ledger.balance l on l.account_id = a.id
	where r.id = $1 and r.state <> 'refunded'
	for update of r, b
), stored as (
	insert into ingest.evidence (sha256, media_type, bytes, source_url)
	select $9, 'application/json', $10, $8 from refund r where r.amount = $2 and $10 is not null
	on conflict (sha256) do nothing
), back as (
	update ledger.refund r set state = 'refunded', amount = $2, funder = $3, tx_hash = $4, blocker = null, refunded_at = now(),
		updated_at = now()
	from refund o where r.id = o.id and o.amount = $2
	returning o.*
), intent as (
	update ledger.tx_intent i
	set state = case i.tx_hash when $4 then 'confirmed' when $5 then 'failed' else 'dead' end
	from back r where i.key = r.key and i.state in ('prepared', 'sent')
	returning i.id, i.state
), observed as (
	insert into ledger.tx_observation (intent_id, endpoint, block_number, block_hash, status, log_ok)
	select id, $8, $6, $7, 1, true from intent where state = 'confirmed'
), parts as (
	-- what is left after a reward was paid is of who gave last
	select c.id, c.funder_id, c.amount, least(c.amount, r.amount - coalesce(sum(c.amount) over (order by c.confirmed_at desc, c.id desc
		rows between unbounded preceding and 1 preceding), 0)) as part
	from back r join core.contribution c on c.bounty_id = r.bounty_id and c.asset_id = r.asset_id and c.state = 'confirmed'
), contributions as (
	update core.contribution c set state = 'refunded' from parts p where c.id = p.id and p.part = c.amount
), booked as (
	select p.id, ledger.move('refund:' || p.id, 'refund', 'escrow', r.bounty_id, 'external', p.funder_id, r.asset_id, p.part, $11,
		jsonb_build_object('refund_id', r.id, 'tx_hash', '0x' || encode($4, 'hex'))) as transfer
	from parts p, back r where p.part > 0
), moved as (
	select r.*, case r.state when 'refunding' then core.bounty_move(r.bounty_id, 'refund_confirmed', 'stage:pay', $11,
		jsonb_build_object('refund_id', r.id, 'tx_hash', '0x' || encode($4, 'hex'))) else r.state end as present
	from back r where (select count(*) from booked where transfer is not null) >= 0
), told as (
	select q.emit('bounty.refunded', m.id::text, 'bounty/' || m.bounty_id, jsonb_build_object('bounty_id', m.bounty_id,
		'refund_id', m.id, 'state', m.present, 'amount', $2::text, 'funder', '0x' || encode($3, 'hex'),
		'tx_hash', '0x' || encode($4, 'hex'), 'block_number', $6), $12, m.project_id) as event
	from moved m where m.present is not null
)
select exists (select from told) as refunded, exists (select from refund r where r.amount <> $2) as moved;
