-- one: the end of one run of one job, once; what comes next for the job goes with it
-- role worker
-- in   job_id     int8
-- in   attempt    int4
-- in   state      text       done; failed and snoozed: again later; parked: a person decides; returned: again at once
-- in   worker     int8
-- in   claim      int8
-- in   took       interval   since the run began
-- in   error_kind text?
-- in   error_code text?
-- in   error      text?
-- in   output     jsonb?     beyond 64 KiB only its size is kept, and its hash
-- in   wait       interval   failed, snoozed: at least this long
-- in   jitter     interval   failed: or up to this long, uniformly
-- in   burned     int4       attempts used up, this one included when it counts
-- in   effects    jsonb?     what it did to the world
-- out  fresh      bool       false: this run of the job has an end already, nothing was written
with history as (
	insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code, error, output,
		input_sha, output_sha, effects)
	values ($1, $2, $3, $4, $5, clock_timestamp() - $6, clock_timestamp(), $7, $8, $9,
		case when octet_length($10::text) > 65536 then jsonb_build_object('too_large', octet_length($10::text)) else $10 end,
		(select q.sha(args) from q.job where id = $1), q.sha($10), $14)
	on conflict (job_id, attempt) do nothing
	returning job_id, attempt, state, error_code
), later as (
	insert into q.scheduled (run_at, job_id, queue, prio, attempt, burned)
	select clock_timestamp() + greatest($11, random() * $12), j.id, j.queue, j.priority, h.attempt + 1, $13
	from history h join q.job j on j.id = h.job_id
	where h.state in ('failed', 'snoozed')
), again as (
	insert into q.ready (queue, prio, job_id, attempt, burned)
	select j.queue, j.priority, j.id, h.attempt + 1, $13
	from history h join q.job j on j.id = h.job_id
	where h.state = 'returned'
), told as (
	delete from q.progress p using history h where p.job_id = h.job_id and h.state = 'done'
), parked as (
	insert into q.parked (job_id, queue, kind, attempt, error_code)
	select j.id, j.queue, j.kind, h.attempt, h.error_code
	from history h join q.job j on j.id = h.job_id
	where h.state = 'parked'
)
select exists (select from history) as fresh
