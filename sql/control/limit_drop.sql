-- one: a limit is no more
-- role worker api operator
-- in   name    text
-- in   actor   text
-- in   reason  text
-- out  changed bool    false: there was none of that name
select q.limit_drop($1, $2, $3) as changed
