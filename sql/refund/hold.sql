-- one: this cannot give the money back: a person must act
-- in   refund_id     uuid
-- in   tx_hash       bytea?   the transaction that can never do it; NULL: none was signed
-- in   state         text?    of it: failed: final with status 0; dead: its nonce was used by another transaction
-- in   code          text     error code
-- in   detail        text     for people
-- in   block_number  int8?
-- in   block_hash    bytea?
-- in   endpoint      text?
-- in   job           int8
-- in   trace         text?
-- out  held          bool     now or before; false: it is elsewhere, and nothing is written
-- role worker
with intent as (
	update ledger.tx_intent i set state = $3
	from ledger.refund r where r.id = $1 and i.key = r.key and i.tx_hash = $2 and i.state = 'sent' and r.state = 'sent'
	returning i.id, i.chain_key_id
), observed as (
	insert into ledger.tx_observation (intent_id, endpoint, block_number, block_hash, status, log_ok)
	select id, $8, $6, $7, 0, false from intent where $6 is not null
), signer as (
	update ledger.chain_key k set stopped = $4 from intent i where k.id = i.chain_key_id and $3 = 'dead' and k.stopped is null
), refund as (
	update ledger.refund r set state = 'held', blocker = 'an operator: ' || $5, updated_at = now()
	where r.id = $1 and (exists (select from intent) or ($2::bytea is null and r.state = 'waiting'))
	returning r.id, r.bounty_id
), bounty as (
	update core.bounty b set blocker = 'an operator: ' || $5 from refund r where b.id = r.bounty_id and b.state = 'refunding'
), told as (
	select q.emit('bounty.refund_held', r.id || ':' || coalesce((select i.id::text from intent i), $9::text), 'bounty/' || r.bounty_id,
		jsonb_build_object('bounty_id', r.bounty_id, 'refund_id', r.id, 'code', $4, 'detail', $5,
			'tx_hash', '0x' || encode($2, 'hex')), $10, b.project_id) as event
	from refund r join core.bounty b on b.id = r.bounty_id
)
select exists (select from told) or exists (select from ledger.refund r where r.id = $1 and r.state = 'held') as held;
