-- maybe: a row of the table trial gets another size
-- in   id      int8
-- in   size    int4
-- out  size    int4?
update trial set size = $2 where id = $1 returning size
