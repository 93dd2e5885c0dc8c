-- one: the last ready row of a queue
-- role worker
-- in   queue text
-- out  last  int8     0 = none
-- out  now   timestamptz
select coalesce(max(seq), 0) as last, clock_timestamp() as now from q.ready where queue = $1 and prio = 0
