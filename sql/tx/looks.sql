-- one: how often a job has found its transaction's nonce used, and has put off the next look
-- in   job    int8
-- out  looks  int4
-- role worker
select count(*)::int4 as looks from q.run where job_id = $1 and error_code = 'pay.nonce_used'
