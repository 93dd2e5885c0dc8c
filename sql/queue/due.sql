-- one: scheduled jobs whose time has come become ready
-- role worker
-- in   since  interval   look back only this far: what was due before was moved then
-- in   most   int4
-- out  moved  int8
-- out  queues text[]     of those
-- out  next   interval?  until the next one
with due as (
	delete from q.scheduled where ctid = any (array(
		select ctid from q.scheduled where run_at <= now() and run_at > now() - $1
		order by run_at limit $2 for update skip locked))
	returning run_at, job_id, queue, prio, attempt, burned
), moved as (
	insert into q.ready (queue, prio, job_id, attempt, burned)
	select queue, prio, job_id, attempt, burned from due order by run_at
	returning queue
)
select (select count(*) from moved) as moved, array(select distinct queue from moved) as queues,
	(select run_at - now() from q.scheduled where run_at > now() order by run_at limit 1) as next
