-- maybe: one payout, its transactions and the ledger's transfers
-- in   id              uuid
-- in   session_id      uuid?        who asks, when signed in
-- out  id              uuid
-- out  bounty_id       uuid
-- out  submission_id   uuid
-- out  person_id       uuid
-- out  payee           bytea
-- out  amount          numeric
-- out  asset__caip19   text
-- out  asset__symbol   text
-- out  asset__decimals int4
-- out  state           text
-- out  blocker         text?        who or what must act next
-- out  due_at          timestamptz
-- out  chain_key       bytea        the payout's name on chain
-- out  tx_hash         bytea?       the transaction that paid it
-- out  paid_at         timestamptz?
-- out  transactions    jsonb        [{id, attempt, nonce, tx_hash, state, created_at, sent_at, block_number, confirmed_at}]
-- out  transfers       jsonb        [{id, key, kind, at}]
-- out  created_at      timestamptz
-- out  updated_at      timestamptz
-- role api
select o.id, o.bounty_id, o.submission_id, o.person_id, o.payee, o.amount::numeric as amount, a.caip19 as asset__caip19,
	a.symbol as asset__symbol, a.decimals as asset__decimals, o.state, o.blocker, o.due_at, o.chain_key, o.tx_hash, o.paid_at,
	(select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'attempt', i.attempt, 'nonce', i.nonce,
			'tx_hash', '0x' || encode(i.tx_hash, 'hex'), 'state', i.state, 'created_at', i.created_at, 'sent_at', i.sent_at,
			'block_number', n.block_number, 'observed_at', n.at) order by i.attempt), '[]')
		from ledger.tx_intent i
		left join lateral (select block_number, at from ledger.tx_observation where intent_id = i.id order by id desc limit 1)
			as n on true
		where i.key = o.key) as transactions,
	(select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'key', t.key, 'kind', t.kind, 'at', t.at) order by t.at, t.id), '[]')
		from ledger.transfer t where t.key in (select u.word || o.id from unnest(array['hold:', 'send:', 'paid:']) as u (word)
			union all select 'send:' || o.id || ':' || encode(o.tx_hash, 'hex') -- adopted
			union all select 'send:' || o.id || ':' || encode(o.tx_hash, 'hex') || ':' || count(*) from core.bounty_event e
				where e.bounty_id = b.id and e.data ->> 'payout_id' = o.id::text and e.data ->> 'adopted' is not null
			union all select u.word || o.id || ':' || (e.data ->> 'adopted')
				from core.bounty_event e, unnest(array['send:', 'dropped:']) as u (word)
				where e.bounty_id = b.id and e.data ->> 'payout_id' = o.id::text
			union all select unnest(array['send:' || o.id || ':' || i.attempt, 'dropped:' || i.id])
				from ledger.tx_intent i where i.key = o.key)) as transfers,
	o.created_at, o.updated_at
from ledger.payout o join core.asset a on a.id = o.asset_id join core.bounty b on b.id = o.bounty_id
	join core.project r on r.id = b.project_id
where o.id = $1 and (not r.private or core.sees($2, 'payout', o.id))
