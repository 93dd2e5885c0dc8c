-- one: a step is done, in the transaction of what it wrote
-- role worker
-- in   job_id  int8
-- in   attempt int4
-- in   worker  int8
-- in   claim   int8
-- in   name    text
-- in   output  jsonb?
-- out  ours    bool    false: the claim was taken over, nothing may be written
-- out  fresh   bool    false: the step was done before
-- The lock on the claim keeps a rescue away until the commit: of this run's step and its taking over only one happens.
with held as materialized (
	select id from q.claim where id = $4 and worker = $3 and $1 = any (job_ids) for key share
), added as (
	insert into q.step (job_id, name, attempt, output)
	select $1, $5, $2, $6 from held where not exists (select from q.run where job_id = $1 and attempt = $2)
	on conflict (job_id, name) do nothing
	returning 1
)
select exists (select from held) as ours, exists (select from added) as fresh
