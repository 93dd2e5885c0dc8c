-- one: the deposit is final: book it and open the bounty
-- in   contribution_id  uuid
-- in   funder           bytea     wallet that locked the money
-- in   log_index        int4
-- in   amount           numeric   what was locked
-- in   block_number     int8
-- in   block_hash       bytea
-- in   sha256           bytea     of the receipt
-- in   receipt          bytea     canonical JSON
-- in   url              text      where it came from
-- in   job              int8
-- in   trace            text?
-- in   lock_until       timestamptz   the funder may take it back then
-- out  confirmed        bool      now, not earlier
-- out  opened           bool      the bounty was waiting for it
-- role worker
with stored as (
	insert into ingest.evidence (sha256, media_type, bytes, source_url) values ($7, 'application/json', $8, $9)
	on conflict (sha256) do nothing
), confirmed as (
	update core.contribution
	set state = 'confirmed', reason = null, funder = $2, log_index = $3, amount = $4, block_number = $5, block_hash = $6,
		confirmed_at = now(), lock_until = $12
	where id = $1 and state = 'pending'
	returning id, bounty_id, funder_id, asset_id, amount, deposit_tx
), booked as (
	select c.*, b.state, b.project_id, ledger.move('deposit:' || c.id, 'deposit', 'funder', c.funder_id, 'escrow', c.bounty_id,
		c.asset_id, c.amount, $10, jsonb_build_object('tx_hash', '0x' || encode(c.deposit_tx, 'hex'))) as transfer
	from confirmed c join core.bounty b on b.id = c.bounty_id
), seen as (
	select k.*, case k.state when 'draft' then core.bounty_move(k.bounty_id, 'deposit_seen', 'stage:verify', $10)
		else k.state end as present
	from booked k where k.transfer is not null
), opened as (
	select s.*, core.bounty_move(s.bounty_id, 'deposit_confirmed', 'stage:verify', $10, jsonb_build_object(
		'contribution_id', s.id, 'blocker', 'a contributor: open a pull request that closes the issue')) as moved
	from seen s where s.present = 'funding'
), told as (
	select q.emit('bounty.opened', o.bounty_id::text, 'bounty/' || o.bounty_id, jsonb_build_object('bounty_id', o.bounty_id,
		'contribution_id', o.id, 'amount', o.amount::text, 'tx_hash', '0x' || encode(o.deposit_tx, 'hex')), $11,
		o.project_id) as event
	from opened o where o.moved is not null
)
select exists (select from seen) as confirmed, exists (select from told) as opened;
