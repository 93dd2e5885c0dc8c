-- maybe: a payout and the transactions signed for it, oldest first
-- in   payout_id     uuid
-- out  state         text
-- out  wait          interval   until it is due; 0 when it is
-- out  bounty_state  text
-- out  rechecked     bool       the work was looked at again when it was due
-- out  project       text       state of the project
-- out  key           text
-- out  chain_key     bytea      the payout's name on chain
-- out  bounty_key    bytea      the bounty's
-- out  payee         bytea
-- out  amount        numeric
-- out  chain_id      int8
-- out  escrow        bytea
-- out  adopted       bytea?     transaction not signed here that paid it
-- out  hashes        bytea[]
-- out  states        text[]
-- out  nonces        int8[]
-- out  raws          bytea[]
-- role worker operator
select p.state, greatest(p.due_at - now(), interval '0') as wait, b.state as bounty_state,
	p.rechecked_at is not null as rechecked, r.state as project, p.key, p.chain_key,
	b.chain_key as bounty_key, p.payee, p.amount, a.chain_id, n.escrow, p.tx_hash as adopted, t.hashes, t.states, t.nonces, t.raws
from ledger.payout p join core.bounty b on b.id = p.bounty_id join core.project r on r.id = b.project_id join core.asset a on a.id = p.asset_id
	join core.chain n on n.id = a.chain_id
	cross join lateral (
		select coalesce(array_agg(i.tx_hash order by i.attempt), '{}') as hashes,
			coalesce(array_agg(i.state order by i.attempt), '{}') as states,
			coalesce(array_agg(i.nonce order by i.attempt), '{}') as nonces,
			coalesce(array_agg(i.raw order by i.attempt), '{}') as raws
		from ledger.tx_intent i where i.key = p.key) t
where p.id = $1;
