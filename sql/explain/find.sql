-- maybe: where a job, bounty, submission, payout or linked account is, and what is known of why
-- in   id       uuid?        of a bounty, submission, payout or person
-- in   number   int8?        of a job
-- out  object   text         job bounty submission payout account
-- out  state    text
-- out  code     text?        error code of a job's last run, a submission's or an account's reason, or how far a bounty's refund is
-- out  detail   text?        its text, or the blocker in words
-- out  due      timestamptz? when time moves it
-- out  by       text?        worker that has it, or who paused it
-- out  workers  int8?        live ones that have the job's stage
-- out  stage    text?        of the job
-- out  job_id   int8?        a job about it that waits for a person
-- out  job_code text?
-- out  merged   bool         the submission's pull request is
-- out  award    text?        of a submission: by whom, and why
-- role operator auditor api
with stuck as (
	select p.job_id, p.error_code, j.args from q.parked p join q.job j on j.id = p.job_id
	where $1 is not null
), found as (
	select 'job' as object, null::uuid as id, q.state_of(j.id) as state, r.error_code as code, r.error as detail, s.run_at as due,
		coalesce((select w.name from q.claim c join q.worker w on w.id = c.worker where j.id = any (c.job_ids) limit 1),
			(select p.actor || ': ' || p.reason from q.pause p where (p.scope, p.name) in
				(('stage', j.queue), ('kind', j.kind), ('project', j.project_id::text)) order by p.paused_at limit 1),
			(select 'job ' || n.id from q.job n where n.replay_of = j.id order by n.id desc limit 1)) as by,
		(select count(*) from q.worker w where w.stopped_at is null and w.seen_at > now() - interval '60 seconds'
			and j.queue = any (w.queues)) as workers,
		j.queue as stage, false as merged
	from q.job j
	left join lateral (select error_code, error from q.run where job_id = j.id order by attempt desc limit 1) as r on true
	left join q.scheduled s on s.job_id = j.id
	where j.id = $2
	union all
	select 'bounty', b.id, b.state, r.state, b.blocker, coalesce((select min(o.due_at) from ledger.payout o
		where o.bounty_id = b.id and o.state = 'hold'), case b.state when 'refunding' then r.due_at end, b.deadline_at),
		null, null, null, false
	from core.bounty b left join ledger.refund r on r.bounty_id = b.id and r.state <> 'refunded' where b.id = $1
	union all
	select 'submission', s.id, s.state, s.reason, null, null, null, null, null, u.state = 'merged'
	from core.submission s join core.pull u on u.id = s.pull_id where s.id = $1
	union all
	select 'payout', o.id, o.state, null, o.blocker, o.due_at, null, null, null, false
	from ledger.payout o where o.id = $1
	union all
	(select 'account', a.id, case when a.revoked_at is null then 'linked' else 'revoked' end, coalesce(a.revoked_reason, a.relink_reason),
		null, null, null, null, null, false
	from core.external_account a where $1 in (a.id, a.person_id) order by a.revoked_at desc nulls first limit 1)
)
select f.object, f.state, f.code, f.detail, f.due, f.by, f.workers, f.stage, t.job_id, t.error_code as job_code, f.merged,
	(select '@' || a.actor_login || ': ' || a.reason from core.award a where f.object = 'submission' and a.submission_id = f.id
		order by a.at, a.comment_id limit 1) as award
from found f
left join lateral (
	select k.job_id, k.error_code from stuck k where f.id is not null and (
		f.id::text in (k.args ->> 'payout_id', k.args ->> 'submission_id')
		or q.arg_uuid(k.args, 'submission_id') in (select s.id from core.submission s where s.bounty_id = f.id)
		or q.arg_uuid(k.args, 'token_id') in (select t.id from core.account_token t where t.account_id = f.id)
		or q.arg_uuid(k.args, 'contribution_id') in (select c.id from core.contribution c where c.bounty_id = f.id)
		or q.arg_uuid(k.args, 'refund_id') in (select o.id from ledger.refund o where o.bounty_id = f.id)
		or q.arg_uuid(k.args, 'payout_id') in (select o.id from ledger.payout o where f.id in (o.bounty_id, o.submission_id)))
	order by k.job_id desc limit 1
) as t on true
