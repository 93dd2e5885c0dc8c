-- one: a worker begins
-- role worker
-- in   name   text
-- in   queues text[]
-- out  id     int8
insert into q.worker (name, queues) values ($1, $2) returning id
