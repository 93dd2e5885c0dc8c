-- many: replays, newest first, and how far each is
-- in   after       text?        batch of the last row seen
-- in   page        int4
-- out  batch       int8
-- out  state       text         open, stopped or ended (all are let out)
-- out  total       int8
-- out  released    int8
-- out  waiting     int8         not let out
-- out  running     int8?        let out, and not at their end; null with the three that follow where older or more than 20,000 jobs
-- out  done        int8?
-- out  parked      int8?
-- out  cancelled   int8?
-- out  rate        text         jobs per second
-- out  actor       text
-- out  reason      text
-- out  filter      jsonb
-- out  created_at  timestamptz
-- out  ended_at    timestamptz?
-- out  cursor      text
-- role api
with page as materialized (
	select b.* from q.batch b where b.id < coalesce($1::text::int8, 9223372036854775807) order by b.id desc limit $2
), counted as materialized (
	select p.id from (select id, sum(released) over (order by id desc) as jobs from page) p where p.jobs <= q.replay_most()
)
select b.id as batch, case when b.stopped_at is not null then 'stopped' when b.ended_at is not null then 'ended' else 'open' end
	as state, b.total, b.released, b.total - b.released as waiting, s.running, s.done, s.parked, s.cancelled, b.rate::text as rate,
	b.actor, b.reason, b.filter, b.created_at, b.ended_at, b.id::text as cursor
from page b
left join lateral (
	select count(*) filter (where t.state in ('ready', 'running', 'scheduled', 'held')) as running,
		count(*) filter (where t.state in ('done', 'replayed')) as done, count(*) filter (where t.state = 'parked') as parked,
		count(*) filter (where t.state = 'cancelled') as cancelled
	from (select q.state_of(j.id) as state from q.job j where j.batch = b.id) as t
) as s on b.id in (select id from counted)
order by b.id desc
