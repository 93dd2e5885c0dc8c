-- one: the runs that are done of a range of jobs
-- role worker
-- in   first int8
-- in   last  int8
-- out  done  int8
-- out  at    timestamptz   when the last of them ended
select count(*) as done, coalesce(max(finished_at), to_timestamp(0)) as at from q.run
where job_id between $1 and $2 and state = 'done'
