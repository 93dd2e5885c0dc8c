-- one: many jobs of one kind without keys
-- role api worker
-- in   queue text
-- in   kind  text
-- in   args  jsonb[]
-- out  ids   int8[]
select q.enqueue_many($1, $2, $3) as ids
