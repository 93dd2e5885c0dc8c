-- one: a schedule is gone; its jobs stay
-- role worker operator
-- in   name   text
-- in   actor  text
-- in   reason text
-- out  name   text
-- out  result text  removed, unknown
select $1 as name, case when q.schedule_remove($1, $2, $3) then 'removed' else 'unknown' end as result
