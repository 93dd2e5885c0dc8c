-- one: the lease of an attempt is over
-- in   attempt_id  int8
-- in   job         int8
-- in   trace       text?
-- out  ended       bool   now, not earlier
-- role worker
select core.attempt_end($1, 'lapsed', $2, $3) as ended;
