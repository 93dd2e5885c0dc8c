-- one: the signed release before it is sent, and the nonce it takes
-- in   payout_id     uuid
-- in   signer_id     uuid
-- in   nonce         int8
-- in   escrow        bytea
-- in   data          bytea     call data
-- in   raw           bytea     signed bytes
-- in   tx_hash       bytea
-- in   max_fee       numeric
-- in   priority_fee  numeric
-- in   gas           int8
-- out  reserved      bool      false when the nonce or the payout is not free
-- role worker
with payout as (
	update ledger.payout set state = 'sending', updated_at = now() where id = $1 and state in ('payable', 'sending')
	returning key
), taken as (
	update ledger.chain_key k set next_nonce = k.next_nonce + 1 from payout
	where k.id = $2 and k.next_nonce = $3 and k.stopped is null
	returning payout.key
), intent as (
	insert into ledger.tx_intent (key, attempt, chain_key_id, nonce, to_addr, data, raw, tx_hash, max_fee, max_priority_fee, gas)
	select t.key, (select coalesce(max(i.attempt), 0) + 1 from ledger.tx_intent i where i.key = t.key), $2, $3, $4, $5, $6, $7,
		$8, $9, $10
	from taken t
	returning id
)
select exists (select from intent) as reserved;
