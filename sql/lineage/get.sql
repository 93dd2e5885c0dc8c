-- maybe: everything that belongs to one contribution, from any of its ids: deliveries, jobs, verdict, proof, money, score
-- in   kind           text         pull, submission, bounty, payout, delivery or job
-- in   id             uuid?        of a pull, submission, bounty or payout; of a delivery, GitHub's GUID
-- in   number         int8?        of a delivery or job
-- in   session_id     uuid?        who asks, when signed in
-- out  project        jsonb?       {id, full_name, state}
-- out  deliveries     jsonb        [{id, guid, event, action, number, state, reason, received_at}]
-- out  pulls          jsonb        [{id, number, title, author, state, head_sha, merge_sha, merged_at, updated_at}]
-- out  links          jsonb        [{pull_id, issue_id, issue_number, level, source, first_seen}]
-- out  bounties       jsonb        [{id, issue_id, issue_number, title, state, state_since, blocker, amount, asset, events}]
-- out  contributions  jsonb        [{id, bounty_id, funder, tx_hash, state, reason, amount, block_number, created_at, confirmed_at}]
-- out  submissions    jsonb        [{id, bounty_id, pull_id, claimant_id, evidence_level, state, reason, created_at, updated_at}]
-- out  awards         jsonb        [{submission_id, comment_id, ordinal, actor, actor_uid, reason, evidence_sha256, at}]
-- out  verdicts       jsonb        [{id, submission_id, kind, result, policy_sha256, evidence_root, checks, created_at}]
-- out  proofs         jsonb        [{cid, submission_id, created_at, pinned_at}]
-- out  payouts        jsonb        [{id, submission_id, payee, amount, asset, state, blocker, due_at, tx_hash, paid_at}]
-- out  refunds        jsonb        [{id, bounty_id, amount, asset, state, blocker, due_at, funder, tx_hash, refunded_at, created_at}]
-- out  transactions   jsonb        [{id, payout_id, refund_id, attempt, nonce, tx_hash, state, created_at, sent_at, block_number, observed_at}]
-- out  transfers      jsonb        [{id, key, kind, amount, at}]
-- out  scores         jsonb        [{id, person_id, login, kind, points_micro, formula_version, occurred_at}]
-- out  jobs           jsonb        [{id, queue, kind, key, root_id, parent_id, state, created_at, runs}]
-- role api operator
with asked_jobs as (
	select j.id, j.args from q.job j
	where $1 = 'job' and $3 is not null and (j.id = (select root_id from q.job where id = $3)
		or j.root_id = (select root_id from q.job where id = $3))
), asked_delivery as (
	select d.id from ingest.delivery d
	where $1 = 'delivery' and d.id = coalesce($3, (select delivery_id from ingest.delivery_key where provider = 'github' and guid = $2))
	union select q.arg_int8(args, 'delivery_id') from asked_jobs
), asked_submission as (
	select id, pull_id, bounty_id from core.submission where $1 = 'submission' and id = $2
	union select id, pull_id, bounty_id from core.submission where $1 = 'bounty' and bounty_id = $2
	union select s.id, s.pull_id, s.bounty_id from core.submission s join ledger.payout o on o.submission_id = s.id
		where $1 = 'payout' and o.id = $2
	union select s.id, s.pull_id, s.bounty_id from core.submission s
		join asked_jobs j on s.id = q.arg_uuid(j.args, 'submission_id')
	union select s.id, s.pull_id, s.bounty_id from asked_jobs j join ledger.payout o on o.id = q.arg_uuid(j.args, 'payout_id')
		join core.submission s on s.id = o.submission_id
), pulls as materialized (
	select p.* from core.pull p where p.id in (
		select id from core.pull where $1 = 'pull' and id = $2
		union select pull_id from asked_submission
		union select id from core.pull where delivery_id in (select id from asked_delivery)
		union select u.id from ingest.delivery d join core.project r on r.provider = d.provider and r.repo_id = d.repo_id
			join core.pull u on u.project_id = r.id and u.number = d.number
			where d.id in (select id from asked_delivery) and d.event like 'pull_request%')
), submissions as materialized (
	select s.* from core.submission s where s.pull_id in (select id from pulls)
		and ($1 not in ('submission', 'bounty', 'payout') or s.id in (select id from asked_submission))
), bounties as materialized (
	select b.* from core.bounty b where b.id in (
		select bounty_id from submissions
		union select id from core.bounty where $1 = 'bounty' and id = $2
		union select c.bounty_id from asked_jobs j join core.contribution c on c.id = q.arg_uuid(j.args, 'contribution_id')
		union select o.bounty_id from asked_jobs j join ledger.refund o on o.id = q.arg_uuid(j.args, 'refund_id')
		union select b2.id from asked_jobs j join core.bounty b2 on b2.issue_id = q.arg_uuid(j.args, 'issue_id'))
), contributions as materialized (
	select c.* from core.contribution c where c.bounty_id in (select id from bounties)
), payouts as materialized (
	select o.* from ledger.payout o where o.submission_id in (select id from submissions)
), refunds as materialized (
	select o.* from ledger.refund o where o.bounty_id in (select id from bounties)
), subjects as materialized (
	select r.provider, r.repo_id, u.number, 'pull_request%' as events from pulls u join core.project r on r.id = u.project_id
	union select r.provider, r.repo_id, i.number, 'issues' from bounties b join core.issue i on i.id = b.issue_id
		join core.project r on r.id = i.project_id
), deliveries as materialized (
	select d.id, d.guid from ingest.delivery d where d.id in (
		select id from asked_delivery union select delivery_id from pulls where delivery_id is not null)
	union select d.id, d.guid from subjects s join ingest.delivery d
		on d.repo_id = s.repo_id and d.number = s.number and d.provider = s.provider and d.event like s.events
), projects as (
	select p.id, p.full_name, p.state from core.project p where p.id in (
		select project_id from pulls union select project_id from bounties
		union select q.arg_uuid(args, 'project_id') from asked_jobs)
	limit 1
), keys as (
	select 'sync' as queue, 'delivery:' || guid as key from deliveries
	union all select 'sync', 'issue:' || issue_id from bounties
	union all select 'verify', 'fund:' || id from contributions
	union all select 'sync', 'command:' || comment_id || ':' || encode(body_sha256, 'hex') from core.award
		where submission_id in (select id from submissions)
	union all select 'prove', 'proof:' || id from submissions
	union all select 'pay', 'quote:' || id from payouts
	union all select 'pay', key from refunds
), roots as (
	select j.root_id as id from q.job j where j.id in (
		select k.job_id from q.job_key k join keys using (queue, key) union all select id from asked_jobs)
	union select j.root_id from q.job j where j.id = $3 and $1 = 'job'
), jobs as materialized (
	select j.* from q.job j where j.id in (select id from roots)
	union select j.* from q.job j where j.root_id in (select id from roots) and j.root_id <> j.id
), running as materialized (
	select unnest(job_ids) as job_id from q.claim
)
select
	(select jsonb_build_object('id', id, 'full_name', full_name, 'state', state) from projects) as project,
	(select coalesce(jsonb_agg(jsonb_build_object('id', id, 'guid', guid, 'event', event, 'action', action, 'number', number,
		'state', state, 'reason', reason, 'received_at', received_at) order by received_at, id), '[]') from ingest.delivery where id in (
			select id from deliveries union
			select q.arg_int8(args, 'delivery_id') from jobs)) as deliveries,
	(select coalesce(jsonb_agg(jsonb_build_object('id', id, 'number', number, 'title', title, 'author', author_login,
		'state', state, 'head_sha', head_sha, 'merge_sha', merge_sha, 'merged_at', merged_at, 'updated_at', updated_at)
		order by id), '[]') from pulls) as pulls,
	(select coalesce(jsonb_agg(jsonb_build_object('pull_id', l.pull_id, 'issue_id', l.issue_id, 'issue_number', i.number,
		'level', l.level, 'source', l.source, 'first_seen', l.first_seen) order by l.level desc, l.source), '[]')
		from core.pull_issue_link l join core.issue i on i.id = l.issue_id where l.pull_id in (select id from pulls)) as links,
	(select coalesce(jsonb_agg(jsonb_build_object('id', b.id, 'issue_id', b.issue_id, 'issue_number', i.number, 'title', b.title,
		'state', b.state, 'state_since', b.state_since, 'blocker', b.blocker, 'amount', b.amount::text, 'asset', a.caip19,
		'symbol', a.symbol, 'decimals', a.decimals, 'created_at', b.created_at, 'events',
		(select coalesce(jsonb_agg(jsonb_build_object('seq', e.seq, 'event', e.event, 'from', e.from_state, 'to', e.to_state,
			'actor', e.actor, 'job_id', e.job_id, 'at', e.at) order by e.seq), '[]')
			from core.bounty_event e where e.bounty_id = b.id)) order by b.id), '[]')
		from bounties b join core.issue i on i.id = b.issue_id join core.asset a on a.id = b.asset_id) as bounties,
	(select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'bounty_id', c.bounty_id, 'funder_id', c.funder_id,
		'tx_hash', '0x' || encode(c.deposit_tx, 'hex'), 'state', c.state, 'reason', c.reason, 'amount', c.amount::text,
		'block_number', c.block_number, 'created_at', c.created_at, 'confirmed_at', c.confirmed_at)
		order by c.created_at, c.id), '[]') from contributions c) as contributions,
	(select coalesce(jsonb_agg(jsonb_build_object('id', id, 'bounty_id', bounty_id, 'pull_id', pull_id,
		'claimant_id', claimant_id, 'evidence_level', evidence_level, 'state', state, 'reason', reason,
		'created_at', created_at, 'updated_at', updated_at) order by id), '[]') from submissions) as submissions,
	(select coalesce(jsonb_agg(jsonb_build_object('submission_id', w.submission_id, 'comment_id', w.comment_id, 'ordinal', w.ordinal,
		'actor', w.actor_login, 'actor_uid', w.actor_uid, 'reason', w.reason, 'evidence_sha256', '0x' || encode(w.evidence_sha256, 'hex'),
		'at', w.at) order by w.at, w.comment_id, w.ordinal), '[]')
		from core.award w where w.submission_id in (select id from submissions)) as awards,
	(select coalesce(jsonb_agg(jsonb_build_object('id', v.id, 'submission_id', v.submission_id, 'kind', v.kind,
		'result', v.result, 'policy_sha256', '0x' || encode(v.policy_sha256, 'hex'), 'evidence_root', '0x' || encode(v.evidence_root, 'hex'),
		'checks', v.checks, 'created_at', v.created_at) order by v.created_at, v.id), '[]')
		from proof.verdict v where v.submission_id in (select id from submissions)) as verdicts,
	(select coalesce(jsonb_agg(jsonb_build_object('cid', f.cid, 'submission_id', f.submission_id, 'created_at', f.created_at,
		'pinned_at', f.pinned_at) order by f.created_at, f.id), '[]')
		from proof.proof f where f.submission_id in (select id from submissions)) as proofs,
	(select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'submission_id', o.submission_id, 'bounty_id', o.bounty_id,
		'person_id', o.person_id, 'payee', coalesce((select split_part(w.caip10, ':', 3) from core.wallet w
			where w.address = o.payee and w.unlinked_at is null), '0x' || encode(o.payee, 'hex')),
		'amount', o.amount::text, 'asset', a.caip19, 'symbol', a.symbol, 'decimals', a.decimals, 'state', o.state,
		'blocker', o.blocker, 'due_at', o.due_at, 'tx_hash', '0x' || encode(o.tx_hash, 'hex'), 'paid_at', o.paid_at,
		'created_at', o.created_at) order by o.created_at, o.id), '[]')
		from payouts o join core.asset a on a.id = o.asset_id) as payouts,
	(select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'bounty_id', o.bounty_id, 'amount', o.amount::text, 'asset', a.caip19,
		'symbol', a.symbol, 'decimals', a.decimals, 'state', o.state, 'blocker', o.blocker, 'due_at', o.due_at,
		'funder', '0x' || encode(o.funder, 'hex'), 'tx_hash', '0x' || encode(o.tx_hash, 'hex'), 'refunded_at', o.refunded_at,
		'created_at', o.created_at) order by o.created_at, o.id), '[]')
		from refunds o join core.asset a on a.id = o.asset_id) as refunds,
	(select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'payout_id', o.payout_id, 'refund_id', o.refund_id, 'attempt', i.attempt, 'nonce', i.nonce,
		'tx_hash', '0x' || encode(i.tx_hash, 'hex'), 'state', i.state, 'created_at', i.created_at, 'sent_at', i.sent_at,
		'block_number', n.block_number, 'observed_at', n.at) order by i.created_at, i.id), '[]')
		from (select p.key, p.id as payout_id, null::uuid as refund_id from payouts p
			union all select r.key, null, r.id from refunds r) as o join ledger.tx_intent i on i.key = o.key
		left join lateral (select block_number, at from ledger.tx_observation where intent_id = i.id order by id desc limit 1)
			as n on true) as transactions,
	(select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'key', t.key, 'kind', t.kind, 'amount', (select max(e.amount)::text
		from ledger.entry e where e.transfer_id = t.id), 'job_id', t.job_id, 'at', t.at) order by t.at, t.id), '[]')
		from ledger.transfer t where t.key in (select 'deposit:' || id from contributions union all
			select 'refund:' || id from contributions union all
			select u.word || o.id from payouts o, unnest(array['hold:', 'send:', 'paid:']) as u (word) union all
			select 'send:' || o.id || ':' || encode(o.tx_hash, 'hex') from payouts o union all -- adopted
			select 'send:' || o.id || ':' || encode(o.tx_hash, 'hex') || ':' || (select count(*) from core.bounty_event e
				where e.bounty_id = o.bounty_id and e.data ->> 'payout_id' = o.id::text and e.data ->> 'adopted' is not null)
				from payouts o union all
			select u.word || o.id || ':' || (e.data ->> 'adopted') from payouts o join core.bounty_event e
				on e.bounty_id = o.bounty_id and e.data ->> 'payout_id' = o.id::text,
				unnest(array['send:', 'dropped:']) as u (word) union all
			select unnest(array['send:' || o.id || ':' || i.attempt, 'dropped:' || i.id])
				from payouts o join ledger.tx_intent i on i.key = o.key)) as transfers,
	(select coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'person_id', e.person_id, 'login', a.login_display,
		'kind', e.kind, 'points_micro', e.points_micro, 'formula_version', e.formula_version, 'source_type', e.source_type,
		'source_id', e.source_id, 'occurred_at', e.occurred_at, 'job_id', e.job_id) order by e.id), '[]')
		from rep.event e
		left join core.external_account a on a.person_id = e.person_id and a.provider = 'github' and a.revoked_at is null
		where e.person_id in (select claimant_id from submissions) and e.source_id in (
			select id from submissions union all select id from payouts union all select id from pulls)) as scores,
	(select coalesce(jsonb_agg(jsonb_build_object('id', j.id, 'queue', j.queue, 'kind', j.kind, 'key', j.key,
		'root_id', j.root_id, 'parent_id', j.parent_id, 'created_at', j.created_at, 'trace', j.trace, 'state', case
			when exists (select from q.parked p where p.job_id = j.id) then 'parked'
			when exists (select from q.run r where r.job_id = j.id and r.state = 'done') then 'done'
			when exists (select from q.run r where r.job_id = j.id and r.state = 'cancelled') then 'cancelled'
			when exists (select from running r where r.job_id = j.id) then 'running'
			when exists (select from q.scheduled s where s.job_id = j.id) then 'scheduled'
			when exists (select from q.held h where h.job_id = j.id) then 'held'
			else 'ready' end,
		'runs', (select coalesce(jsonb_agg(jsonb_build_object('attempt', r.attempt, 'state', r.state,
			'started_at', r.started_at, 'finished_at', r.finished_at, 'error_code', r.error_code, 'error', r.error)
			order by r.attempt), '[]') from q.run r where r.job_id = j.id)) order by j.id), '[]') from jobs j) as jobs
where (exists (select from pulls) or exists (select from bounties) or exists (select from deliveries) or exists (select from jobs))
	and not exists (select from projects o join core.project r on r.id = o.id
		where r.private and not core.sees($4, 'project', r.id))
