-- one: a schedule on or off
-- role worker operator
-- in   name    text
-- in   enabled bool
-- in   actor   text
-- in   reason  text
-- out  name    text
-- out  result  text  changed, unchanged, unknown
select $1 as name, q.schedule_enable($1, $2, $3, $4) as result
