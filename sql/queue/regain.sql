-- one: claims of a worker that it knows nothing of, since their answer was lost: their jobs are ready again, as they were
-- role worker
-- in   worker int8
-- in   known  int8[]   its claims in hand
-- out  claims int8
-- out  jobs   int8     runnable again
-- out  queues text[]   of those
with gone as (
	delete from q.claim where worker = $1 and id <> all ($2)
	returning id, worker, job_ids, attempts, burned, suspects, claimed_at
), unmarked as (
	delete from q.mark where claim = any (array(select id from gone))
), ended as (
	insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at)
	select u.job_id, u.attempt, 'returned', g.worker, g.id, g.claimed_at, clock_timestamp()
	from gone g, unnest(g.job_ids, g.attempts) u (job_id, attempt)
	on conflict (job_id, attempt) do nothing
	returning job_id, attempt, claim
), back as (
	insert into q.ready (queue, prio, job_id, attempt, burned, suspect)
	select j.queue, j.priority, e.job_id, e.attempt + 1, g.burned[array_position(g.job_ids, e.job_id)],
		g.suspects[array_position(g.job_ids, e.job_id)]
	from ended e join gone g on g.id = e.claim join q.job j on j.id = e.job_id
	order by e.job_id
	returning queue
)
select (select count(*) from gone) as claims, (select count(*) from back) as jobs,
	array(select distinct queue from back) as queues
