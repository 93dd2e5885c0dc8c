-- one: how far a run is; told only while it has no end, and never by an older run than the one that told last
-- role worker
-- in   job_id  int8
-- in   attempt int4
-- in   done    int8
-- in   total   int8?
-- in   note    text?
-- out  told    bool
with told as (
	insert into q.progress as p (job_id, attempt, done, total, note)
	select $1, $2, $3, $4, $5 where not exists (select from q.run where job_id = $1 and attempt >= $2)
	on conflict (job_id) do update set attempt = $2, done = $3, total = $4, note = $5, told_at = clock_timestamp()
		where p.attempt <= $2
	returning 1
)
select exists (select from told) as told
