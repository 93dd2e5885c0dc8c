-- maybe: all a proof is made of
-- in   submission_id  uuid
-- out  state          text
-- out  verdict_id     uuid?
-- out  verdict        bytea?    canonical JSON
-- out  policy_sha256  bytea?
-- out  evidence       bytea[]?
-- out  bounty_id      uuid
-- out  amount         numeric
-- out  chain          text      CAIP-2
-- out  asset          text      CAIP-19
-- out  deposits       jsonb     [{tx, log_index, amount}] that were there when it was judged
-- out  payee          bytea?    the claimant's wallet
-- out  payload        bytea?    the statement, when an earlier attempt stored it
-- out  cid            text?
-- out  pinned         bool
-- out  lock_ends      bool      the escrow's lock ends before a hold that begins now
-- role worker operator
select s.state, v.id as verdict_id, v.body as verdict, v.policy_sha256, v.evidence, s.bounty_id, b.amount, n.caip2 as chain,
	a.caip19 as asset,
	(select coalesce(jsonb_agg(jsonb_build_object('tx', '0x' || encode(c.deposit_tx, 'hex'), 'log_index', c.log_index,
			'amount', c.amount::text) order by c.deposit_tx, c.log_index), '[]')
		from core.contribution c where c.bounty_id = b.id and c.state = 'confirmed' and c.confirmed_at <= v.created_at) as deposits,
	w.address as payee, p.payload, p.cid, p.pinned_at is not null as pinned,
	-- the escrow keeps one lock per bounty, with the latest deadline
	coalesce((select max(coalesce(c.lock_until, b.deadline_at + b.hold)) from core.contribution c
		where c.bounty_id = b.id and c.state = 'confirmed') < now() + b.hold, false) as lock_ends
from core.submission s join core.bounty b on b.id = s.bounty_id join core.asset a on a.id = b.asset_id
	join core.chain n on n.id = a.chain_id
	left join proof.proof p on p.submission_id = s.id
	left join lateral (select * from proof.verdict v where v.submission_id = s.id and v.kind = 'merge'
			and (v.result = 'pass' or exists (select from core.resolution r where r.verdict_id = v.id and r.decision = 'accept'))
		order by v.created_at, v.id limit 1) v on true
	-- the chosen one, else the oldest link: who steals a session cannot turn a payout by linking another wallet
	left join lateral (select w.address from core.wallet w where w.person_id = s.claimant_id and w.unlinked_at is null and w.public_key is null
		and (not w.contract or w.chain_id = a.chain_id)
		order by w.id = core.payout_choice(s.claimant_id) desc nulls last, w.chain_id = a.chain_id desc, w.linked_at, w.id limit 1) w on true
where s.id = $1;
