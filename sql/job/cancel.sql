-- many: jobs that wait end now; those that run, before their next effect
-- in   ids     int8[]
-- in   actor   text
-- in   reason  text
-- out  job_id  int8
-- out  result  text    cancelled, running: it ends before its next effect, and may yet be done; finished, unknown
-- role operator
select t.id as job_id, q.cancel(t.id, $2, $3) as result from unnest($1) with ordinality t (id, at) order by t.at
