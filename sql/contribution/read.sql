-- maybe: what a deposit must be
-- in   contribution_id  uuid
-- out  state            text
-- out  bounty_state     text
-- out  chain_key        bytea         the bounty's name on chain
-- out  amount           numeric       least that opens the bounty
-- out  keep_until       timestamptz   the money must stay until then: deadline, hold and margin
-- out  token            bytea
-- out  chain_id         int8
-- out  escrow           bytea
-- out  deposit_tx       bytea
-- out  wallets          bytea[]       of the funder
-- out  stale            bool          asked for more than a day ago
-- out  other_asset      bool          the bounty's was changed while the deposit was named
-- role worker operator
select c.state, b.state as bounty_state, b.chain_key, b.amount, b.deadline_at + b.hold + core.lock_margin() as keep_until, a.token,
	a.chain_id, n.escrow, c.deposit_tx,
	array(select w.address from core.wallet w where w.person_id = c.funder_id and w.unlinked_at is null order by w.address)
		as wallets,
	c.created_at < now() - interval '1 day' as stale, c.asset_id <> b.asset_id as other_asset
from core.contribution c join core.bounty b on b.id = c.bounty_id join core.asset a on a.id = c.asset_id
	join core.chain n on n.id = a.chain_id
where c.id = $1;
