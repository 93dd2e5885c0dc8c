-- one: a limit is no more
-- role worker operator
-- in   name    text
-- in   actor   text
-- in   reason  text
-- out  name    text
-- out  dropped bool    false: there was none of that name
select $1 as name, q.limit_drop($1, $2, $3) as dropped
