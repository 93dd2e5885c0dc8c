-- one: a number from its text
-- in   text  text
-- out  n     numeric
select $1::numeric as n
