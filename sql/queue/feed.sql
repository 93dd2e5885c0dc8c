-- one: what waits aside goes on as far as it may
-- role worker
-- in   queue text
-- in   want  int4         what this worker can take now
-- in   after text         the lane that was served last
-- out  moved int4
-- out  next  interval?    when to come again; null = no lane is left that may go on
-- out  last  text         the lane that was served last
select moved, next, last from q.feed($1, $2, $3)
