-- many: batches, newest first, and how far each is
-- in   batch       int8?         only this one
-- in   page        int4
-- out  batch       int8
-- out  state       text          open, stopped or ended (all are let out)
-- out  total       int8
-- out  released    int8
-- out  waiting     int8          not let out
-- out  running     int8          let out, and not at their end
-- out  done        int8
-- out  parked      int8
-- out  cancelled   int8
-- out  rate        text          jobs per second
-- out  actor       text
-- out  reason      text
-- out  filter      jsonb
-- out  created_at  timestamptz
-- out  ended_at    timestamptz?
-- role operator auditor
select b.id as batch, case when b.stopped_at is not null then 'stopped' when b.ended_at is not null then 'ended' else 'open' end
	as state, b.total, b.released, b.total - b.released as waiting, coalesce(s.running, 0) as running, coalesce(s.done, 0) as done,
	coalesce(s.parked, 0) as parked, coalesce(s.cancelled, 0) as cancelled, b.rate::text as rate, b.actor, b.reason, b.filter,
	b.created_at, b.ended_at
from q.batch b
left join lateral (
	select count(*) filter (where t.state in ('ready', 'running', 'scheduled', 'held')) as running,
		count(*) filter (where t.state in ('done', 'replayed')) as done, count(*) filter (where t.state = 'parked') as parked,
		count(*) filter (where t.state = 'cancelled') as cancelled
	from (select q.state_of(j.id) as state from q.job j where j.batch = b.id) as t
) as s on true
where $1::int8 is null or b.id = $1
order by b.id desc limit $2
