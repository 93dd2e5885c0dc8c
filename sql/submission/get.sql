-- maybe: one submission: a pull request that may earn a bounty
-- in   id                  uuid
-- in   session_id          uuid?        who asks, when signed in
-- out  id                  uuid
-- out  bounty_id           uuid
-- out  pull__id            uuid
-- out  pull__number        int4
-- out  pull__title         text
-- out  pull__state         text
-- out  pull__author        text
-- out  pull__head_sha      text
-- out  pull__merge_sha     text?
-- out  pull__merged_at     timestamptz?
-- out  claimant_id         uuid?        null until the author's GitHub account is linked
-- out  evidence_level      int4
-- out  state               text
-- out  reason              text?        code of the check that decided against it
-- out  note                text?        why a maintainer refused it, in their words
-- out  award               jsonb?       {by, reason, comment_id, at}: the first of a maintainer
-- out  verdict__id         uuid?
-- out  verdict__result     text?
-- out  verdict__checks     jsonb?       [{id, result, code, detail}]
-- out  verdict__policy_sha256   bytea?
-- out  verdict__evidence_root   bytea?
-- out  verdict__created_at      timestamptz?
-- out  resolution           jsonb?       {decision, code, reason, at}: what a person decided last
-- out  proof__cid          text?
-- out  proof__pinned_at    timestamptz?
-- out  payouts             jsonb        [{id, state, amount, due_at, tx_hash, paid_at}]
-- out  created_at          timestamptz
-- out  updated_at          timestamptz
-- role api
select s.id, s.bounty_id, p.id as pull__id, p.number as pull__number, p.title as pull__title, p.state as pull__state,
	p.author_login as pull__author, p.head_sha as pull__head_sha, p.merge_sha as pull__merge_sha, p.merged_at as pull__merged_at,
	s.claimant_id, s.evidence_level::int as evidence_level, s.state, s.reason, s.note,
	(select jsonb_build_object('by', a.actor_login, 'reason', a.reason, 'comment_id', a.comment_id, 'at', a.at)
		from core.award a where a.submission_id = s.id order by a.at, a.comment_id limit 1) as award, v.id as verdict__id, v.result as verdict__result,
	v.checks as verdict__checks, v.policy_sha256 as verdict__policy_sha256, v.evidence_root as verdict__evidence_root,
	v.created_at as verdict__created_at,
	(select jsonb_build_object('decision', r.decision, 'code', r.code, 'reason', r.reason, 'at', r.at)
		from core.resolution r where r.submission_id = s.id order by r.id desc limit 1) as resolution,
	f.cid as proof__cid, f.pinned_at as proof__pinned_at,
	(select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'state', o.state, 'amount', o.amount::text, 'due_at', o.due_at,
			'tx_hash', '0x' || encode(o.tx_hash, 'hex'), 'paid_at', o.paid_at) order by o.created_at, o.id), '[]')
		from ledger.payout o where o.submission_id = s.id) as payouts,
	s.created_at, s.updated_at
from core.submission s join core.pull p on p.id = s.pull_id join core.project r on r.id = p.project_id
left join lateral (
	select id, result, checks, policy_sha256, evidence_root, created_at from proof.verdict
	where submission_id = s.id order by created_at desc, id desc limit 1
) as v on true
left join proof.proof f on f.submission_id = s.id
where s.id = $1 and (not r.private or core.sees($2, 'submission', s.id))
