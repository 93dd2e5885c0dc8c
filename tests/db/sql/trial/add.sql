-- one: a row of the table trial
-- in   id      int8
-- in   parent  int8?
-- in   size    int4?
-- out  id      int8
insert into trial (id, parent, size) values ($1, $2, $3) returning id
