-- many: parked or waiting jobs run now, as their next attempts
-- in   ids     int8[]
-- in   actor   text
-- in   reason  text
-- out  job_id  int8
-- out  result  text    retried; else ready running held done cancelled replayed unknown: nothing was changed
-- role operator
select t.id as job_id, q.retry(t.id, $2, $3) as result from unnest($1) with ordinality t (id, at) order by t.at
