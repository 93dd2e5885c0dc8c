-- one: a stage, kind or project starts nothing new
-- role worker operator
-- in   scope  text
-- in   name   text
-- in   actor  text
-- in   reason text
-- out  changed bool    false: it was paused before
-- out  waiting int8    of its jobs, now
select q.pause($1, $2, $3, $4) as changed,
	case when $1 = 'stage' then (select count(*) from q.ready where queue = $2) + (select count(*) from q.held where queue = $2)
		else (select count(*) from (select job_id from q.ready union all select job_id from q.held) w join q.job j on j.id = w.job_id
			where ($1 = 'kind' and j.kind = $2) or ($1 = 'project' and j.project_id::text = $2)) end as waiting
