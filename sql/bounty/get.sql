-- maybe: one bounty with its money and what has happened to it
-- in   id              uuid
-- in   session_id      uuid?        who asks, when signed in
-- out  id              uuid
-- out  project__id     uuid
-- out  project__full_name  text
-- out  issue__id       uuid
-- out  issue__number   int4
-- out  issue__title    text
-- out  issue__state    text
-- out  title           text
-- out  state           text
-- out  state_since     timestamptz
-- out  blocker         text?        who or what must act next
-- out  amount          numeric      smallest unit of the token
-- out  asset__caip19   text
-- out  asset__symbol   text
-- out  asset__decimals int4
-- out  hold_seconds    int8
-- out  deadline_at     timestamptz
-- out  created_by      uuid
-- out  created_at      timestamptz
-- out  version         int4
-- out  escrow__chain_id    int8     what a wallet needs to lock the money
-- out  escrow__address     bytea
-- out  escrow__token       bytea
-- out  escrow__bounty_key  bytea
-- out  escrow__amount      numeric
-- out  escrow__lock_until  timestamptz   least that a deposit stays locked
-- out  contributions   jsonb        [{id, funder_id, tx_hash, state, reason, amount, created_at, confirmed_at}]
-- out  refunds         jsonb        [{id, state, blocker, amount, due_at, funder, tx_hash, refunded_at, created_at, transactions}]
-- out  submissions     jsonb        [{id, pull_id, pull_number, author, state, reason, created_at}]
-- out  events          jsonb        [{seq, event, from, to, actor, at}]
-- role api
select b.id, p.id as project__id, p.full_name as project__full_name, i.id as issue__id, i.number as issue__number,
	i.title as issue__title, i.state as issue__state, b.title, b.state, b.state_since, b.blocker, b.amount::numeric as amount,
	a.caip19 as asset__caip19, a.symbol as asset__symbol, a.decimals as asset__decimals,
	extract(epoch from b.hold)::int8 as hold_seconds, b.deadline_at, b.created_by, b.created_at, b.version,
	a.chain_id as escrow__chain_id, c.escrow as escrow__address, a.token as escrow__token, b.chain_key as escrow__bounty_key,
	b.amount::numeric as escrow__amount, b.deadline_at + b.hold + core.lock_margin() as escrow__lock_until,
	(select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'funder_id', f.funder_id,
			'tx_hash', '0x' || encode(f.deposit_tx, 'hex'), 'state', f.state, 'reason', f.reason, 'amount', f.amount::text,
			'created_at', f.created_at, 'confirmed_at', f.confirmed_at) order by f.created_at, f.id), '[]')
		from core.contribution f where f.bounty_id = b.id) as contributions,
	(select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'state', o.state, 'blocker', o.blocker, 'amount', o.amount::text,
			'due_at', o.due_at, 'funder', '0x' || encode(o.funder, 'hex'), 'tx_hash', '0x' || encode(o.tx_hash, 'hex'),
			'refunded_at', o.refunded_at, 'created_at', o.created_at, 'transactions',
			(select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'attempt', t.attempt, 'nonce', t.nonce,
				'tx_hash', '0x' || encode(t.tx_hash, 'hex'), 'state', t.state, 'created_at', t.created_at, 'sent_at', t.sent_at)
				order by t.attempt), '[]') from ledger.tx_intent t where t.key = o.key)) order by o.created_at, o.id), '[]')
		from ledger.refund o where o.bounty_id = b.id) as refunds,
	(select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'pull_id', s.pull_id, 'pull_number', pl.number,
			'author', pl.author_login, 'state', s.state, 'reason', s.reason, 'created_at', s.created_at)
			order by s.created_at, s.id), '[]')
		from core.submission s join core.pull pl on pl.id = s.pull_id where s.bounty_id = b.id) as submissions,
	(select coalesce(jsonb_agg(jsonb_build_object('seq', e.seq, 'event', e.event, 'from', e.from_state, 'to', e.to_state,
			'actor', e.actor, 'at', e.at) order by e.seq), '[]')
		from core.bounty_event e where e.bounty_id = b.id) as events
from core.bounty b join core.project p on p.id = b.project_id join core.issue i on i.id = b.issue_id
join core.asset a on a.id = b.asset_id join core.chain c on c.id = a.chain_id
where b.id = $1 and (not p.private or core.sees($2, 'bounty', b.id))
