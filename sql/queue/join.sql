-- one: a worker begins
-- role worker
-- in   name   text
-- in   queues text[]
-- in   lease  interval  the shortest of theirs
-- out  id     int8
insert into q.worker (name, queues, lease) values ($1, $2, $3) returning id
