-- one: a stage, kind or project goes on
-- role worker operator
-- in   scope  text
-- in   name   text
-- in   actor  text
-- in   reason text
-- out  changed bool    false: it was not paused
-- out  waiting int8    of its jobs, now
select q.resume($1, $2, $3, $4) as changed,
	case when $1 = 'stage' then (select count(*) from q.ready where queue = $2) + (select count(*) from q.held where queue = $2)
		else (select count(*) from q.held where lane = $1 || ':' || $2) end as waiting
