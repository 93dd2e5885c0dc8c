-- one: what projects have ready beyond their share moves aside
-- role worker
-- in   queue text
-- in   prios int4[]
-- in   froms int8[]   per priority: from this seq on
-- out  moved int4
select q.balance($1, $2, $3) as moved
