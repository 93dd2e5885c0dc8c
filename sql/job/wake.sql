-- none: tell who waits for jobs of a queue that there are some; never in the transaction that made them
-- in   channel  text
-- in   queue    text
-- role api
select pg_notify($1, $2)
