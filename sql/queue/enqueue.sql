-- one: one job, or the survivor of its key
-- role api worker
-- in   queue text
-- in   kind  text
-- in   key   text?
-- in   args  jsonb
-- in   trace text?
-- out  id    int8
select q.enqueue($1, $2, $3, $4, trace => $5) as id
