-- one: a NULL where the head promises a value
-- out  i     int8
select null::int8 as i
