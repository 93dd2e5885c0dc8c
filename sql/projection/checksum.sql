-- many: what the projections say, table by table, without times and ids of our own: equal before and after any replay
-- out  part      text
-- out  rows      int8
-- out  sha256    text    of the rows, sorted
-- role operator auditor
-- Who and what is named by what the world calls it: wallets, GitHub's numbers, the bounty's name on chain. One document of a verdict
-- is our own: it counts without the submission's id and without which delivery told us first of the merge, and what is hashed out of it
-- (the evidence's root, the verdict's hash within a proof, the proof's address) only by agreeing. All other evidence counts by its hash.
with person as (
	select w.person_id as id, min(w.caip10) as name from core.wallet w group by 1
), project as (
	select p.*, coalesce(p.provider || ':' || p.repo_id, p.full_name) as name from core.project p
), issue as (
	select i.*, p.name || '#' || i.number as name from core.issue i join project p on p.id = i.project_id
), pull as (
	select u.*, p.name || '!' || u.number as name from core.pull u join project p on p.id = u.project_id
), bounty as (
	select b.*, encode(b.chain_key, 'hex') as name from core.bounty b
), submission as (
	select s.*, b.name || ' ' || u.name as name from core.submission s join bounty b on b.id = s.bounty_id
		join pull u on u.id = s.pull_id
), own as (
	select v.id as verdict_id, e.sha256, convert_from(e.bytes, 'UTF8')::jsonb - 'submission' - 'told_at' - 'frozen' as text
	from proof.verdict v join ingest.evidence e on e.sha256 = any (v.evidence)
	where e.source_url = 'patchwork:submission/' || v.submission_id
), account as (
	select a.id, a.kind || ' ' || coalesce((select name from person where id = a.owner_id),
		(select name from bounty where id = a.owner_id)) || ' ' || s.caip19 as name
	from ledger.account a join core.asset s on s.id = a.asset_id
), line as (
	select 'project' as part, (name, full_name, default_branch, private, archived, state, state_reason)::text as line from project
	union all
	select 'issue', (name, provider_issue_id, title, state, state_reason, closed_at)::text from issue
	union all
	select 'pull', (name, provider_pull_id, title, author_uid, author_login, author_type, state, draft, base_ref, head_sha,
		merge_sha, merged_at, merged_by_uid)::text from pull
	union all
	select 'pull_issue_link', (u.name, i.name, l.level, l.source)::text
	from core.pull_issue_link l join pull u on u.id = l.pull_id join issue i on i.id = l.issue_id
	union all
	select 'bounty', (b.name, i.name, s.caip19, b.amount, b.title, b.state, b.hold)::text
	from bounty b join issue i on i.id = b.issue_id join core.asset s on s.id = b.asset_id
	union all
	select 'bounty_event', (b.name, e.seq, e.event, e.from_state, e.to_state, e.actor)::text
	from core.bounty_event e join bounty b on b.id = e.bounty_id
	union all
	select 'contribution', (b.name, p.name, s.caip19, c.deposit_tx, c.funder, c.log_index, c.amount, c.block_hash, c.state,
		c.reason)::text
	from core.contribution c join bounty b on b.id = c.bounty_id join core.asset s on s.id = c.asset_id
		left join person p on p.id = c.funder_id
	union all
	select 'submission', (s.name, p.name, s.evidence_level, s.state, s.reason)::text
	from submission s left join person p on p.id = s.claimant_id
	union all
	select 'verdict', (s.name, v.policy_sha256, v.checks, v.result, o.text,
		array(select h from unnest(v.evidence) h where h is distinct from o.sha256 order by h))::text
	from proof.verdict v join submission s on s.id = v.submission_id left join own o on o.verdict_id = v.id
	union all
	select 'proof', (s.name, f.pinned_at is not null, p.body #- '{predicate,verdict,sha256}' #- '{predicate,verdict,evidence_sha256}',
		p.body #>> '{predicate,verdict,sha256}' = encode(sha256(v.body), 'hex'),
		array(select h from jsonb_array_elements_text(p.body #> '{predicate,verdict,evidence_sha256}') h
			where h is distinct from encode(o.sha256, 'hex') order by h))::text
	from proof.proof f join submission s on s.id = f.submission_id join proof.verdict v on v.id = f.verdict_id
		left join own o on o.verdict_id = v.id
		cross join lateral (select convert_from(f.payload, 'UTF8')::jsonb as body) p
	union all
	select 'signature', (s.name, g.kid)::text
	from proof.signature g join proof.proof f on f.id = g.proof_id join submission s on s.id = f.submission_id
	union all
	select 'entry', (t.kind, e.line, a.name, e.amount, t.key like 'deposit:%' or t.key like 'dropped:%')::text
	from ledger.entry e join ledger.transfer t on t.id = e.transfer_id join account a on a.id = e.account_id
	union all
	select 'balance', (a.name, b.posted)::text from ledger.balance b join account a on a.id = b.account_id
	union all
	select 'payout', (s.name, p.name, a.caip19, o.amount, o.payee, o.state, split_part(o.blocker, ':', 1),
		o.tx_hash is not null)::text
	from ledger.payout o join submission s on s.id = o.submission_id left join person p on p.id = o.person_id
		join core.asset a on a.id = o.asset_id
	union all
	select 'refund', (b.name, s.caip19, r.amount, r.funder, r.state, split_part(r.blocker, ':', 1), r.tx_hash is not null)::text
	from ledger.refund r join bounty b on b.id = r.bounty_id join core.asset s on s.id = r.asset_id
	union all
	select 'tx_intent', (s.name, i.attempt, i.to_addr, i.state)::text
	from ledger.tx_intent i join ledger.payout o on o.key = i.key join submission s on s.id = o.submission_id
	union all
	select 'tx_intent', (b.name, i.attempt, i.to_addr, i.state)::text
	from ledger.tx_intent i join ledger.refund r on r.key = i.key join bounty b on b.id = r.bounty_id
	union all
	select 'formula', (version, sha256)::text from rep.formula
	union all
	select 'score_event', (p.name, r.name, e.kind, e.points_micro, e.formula_version, e.source_type, s.name, e.occurred_at)::text
	from rep.event e join project r on r.id = e.project_id left join person p on p.id = e.person_id
		left join ledger.payout o on o.id = e.source_id left join submission s on s.id = o.submission_id
	union all
	select 'score', (p.name, coalesce(r.name, e.scope), e.formula_version, e.points_micro, e.event_count)::text
	from rep.score e left join project r on r.id::text = e.scope left join person p on p.id = e.person_id
)
select part, count(*) as rows, encode(sha256(convert_to(string_agg(line, E'\n' order by line collate "C"), 'UTF8')), 'hex') as sha256
from line group by part order by part
