-- one: a limit, new or changed
-- role worker operator
-- in   name       text
-- in   queue      text?
-- in   kind       text?
-- in   by         text?    field of the args, or 'project'
-- in   most       int4?
-- in   per_second text?    a number
-- in   burst      int4?
-- in   actor      text
-- in   reason     text
-- out  name       text
-- out  queue      text?
-- out  kind       text?
-- out  by         text?
-- out  most       int4?
-- out  per_second text?
-- out  burst      int4
select $1 as name, $2 as queue, $3 as kind, $4 as by, $5 as most, $6::text as per_second, coalesce($7, 1) as burst
from (values (1)) one, lateral (select q.limit_set($1, $2, $3, $4, $5, $6::text::float8, $7, $8, $9) offset 0) done
