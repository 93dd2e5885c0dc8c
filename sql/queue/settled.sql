-- maybe: how this run of a job ended, when it has
-- role worker
-- in   job_id  int8
-- in   attempt int4
-- out  state   text
-- out  worker  int8
-- out  claim   int8
select state, worker, claim from q.run where job_id = $1 and attempt = $2
