-- many: steps of a job that are behind it
-- role worker
-- in   job_id int8
-- out  name   text
-- out  output jsonb?
select name, output from q.step where job_id = $1 order by done_at, name
