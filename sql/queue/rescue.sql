-- one: claims whose worker was not seen for their lease: what has no end goes back, as a suspect
-- role worker
-- in   limit_claims int4
-- in   all    bool     also of workers that had nothing left: one that was stopped may claim before it says that it lives
-- out  claims int8     expired and ended
-- out  jobs   int8     runnable again
-- out  queues text[]   of those
with unseen as materialized (
	select id, seen_at from q.worker
	where seen_at + coalesce(lease, '1 second') < now() and ($2 or cleared_at is null or cleared_at < seen_at)
), anyone as materialized (
	select exists (select from unseen) as yes
), cleared as (
	update q.worker w set cleared_at = now() where (select yes from anyone) and id = any (array(select id from unseen))
		and not exists (select from q.claim c where c.worker = w.id) and (w.cleared_at is null or w.cleared_at < w.seen_at)
), expired as (
	delete from q.claim where (select yes from anyone) and id = any (array(
		select c.id from unseen u join q.worker w on w.id = u.id join q.claim c on c.worker = w.id
		where w.seen_at + c.lease < now() order by c.id limit $1 for update of c, w skip locked))
	returning id, worker, queue, job_ids, attempts, burned, claimed_at
), marks as (
	delete from q.mark where claim = any (array(select id from expired)) returning claim, job_id
), lost as (
	insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code, error)
	select u.job_id, u.attempt, 'rescued', e.worker, e.id, e.claimed_at, clock_timestamp(), 'uncertain', 'queue.worker_lost',
		'its worker was not seen for the lease'
	from expired e, unnest(e.job_ids, e.attempts) u (job_id, attempt)
	on conflict (job_id, attempt) do nothing
	returning job_id, attempt, claim
), back as (
	insert into q.ready (queue, prio, job_id, attempt, burned, suspect)
	select j.queue, j.priority, l.job_id, l.attempt + 1,
		e.burned[array_position(e.job_ids, l.job_id)] + (m.job_id is not null)::int, true
	from lost l join expired e on e.id = l.claim join q.job j on j.id = l.job_id
	left join marks m on m.claim = l.claim and m.job_id = l.job_id
	order by l.job_id
	returning queue
)
select (select count(*) from expired) as claims, (select count(*) from back) as jobs,
	array(select distinct queue from back) as queues
