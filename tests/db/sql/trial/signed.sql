-- one: a number from its text, as PostgreSQL writes it and as its bytes say
-- in   text  text
-- out  s     numeric_s
-- out  text  text
select $1::numeric as s, $1::numeric::text as text
