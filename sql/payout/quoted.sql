-- one: the hold is over and a release would work: pay it
-- in   payout_id     uuid
-- in   signer        bytea     address that will send
-- in   chain_nonce   int8      its next nonce, as the chain says
-- in   max_fee       numeric   wei per gas
-- in   priority_fee  numeric   wei per gas
-- in   gas           int8
-- in   job           int8
-- in   trace         text?
-- out  queued        bool
-- role worker
with payout as (
	select p.id, p.key, p.bounty_id, a.chain_id, b.state, b.project_id,
		(select max(i.attempt) from ledger.tx_intent i where i.key = p.key) as attempts
	from ledger.payout p join core.bounty b on b.id = p.bounty_id join core.asset a on a.id = p.asset_id
	where p.id = $1 and p.state in ('hold', 'payable', 'held') and b.state in ('hold', 'payable')
	for update of p
), signer as (
	-- a chain that is ahead of us has seen the key used elsewhere
	insert into ledger.chain_key as k (chain_id, address, next_nonce) select chain_id, $2, $3 from payout
	on conflict (chain_id, address) do update set stopped = coalesce(k.stopped, 'pay.nonce_foreign')
	where excluded.next_nonce > k.next_nonce
), payable as (
	update ledger.payout p set state = 'payable', blocker = null, updated_at = now()
	from payout o where p.id = o.id and p.state <> 'payable'
), moved as (
	select o.*, case o.state when 'hold' then core.bounty_move(o.bounty_id, 'hold_ended', 'stage:pay', $7,
		jsonb_build_object('payout_id', o.id, 'blocker', 'Patchwork: send the payout')) else o.state end as present
	from payout o
), queued as (
	select q.enqueue('pay', 'pay.send', 'send:' || m.id || coalesce(':' || m.attempts + 1, ''),
		jsonb_build_object('payout_id', m.id, 'quote', jsonb_build_object('max_fee', $4::text, 'max_priority_fee', $5::text,
			'gas', $6)), $7, trace => $8, project_id => m.project_id) as id
	from moved m where m.present is not null
)
select exists (select from queued) as queued;
