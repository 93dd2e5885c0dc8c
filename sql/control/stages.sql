-- many: each queue: may it go on, what waits in it and for how long, its limits
-- role worker api operator auditor
-- in   known          text[]   named also when nothing is there
-- out  queue          text
-- out  paused         bool
-- out  ready          int8
-- out  held           int8     aside: paused by kind or project, limited, or beyond a project's share
-- out  scheduled      int8
-- out  running        int8     claimed, not ended
-- out  parked         int8
-- out  oldest_wait    interval?  since the oldest of those ready or held was made
-- out  limits         text?    NAME MOST RATE/s
with counted as (
	select queue, count(*) as ready, 0::int8 as held, 0::int8 as scheduled, 0::int8 as running, 0::int8 as parked,
		min(job_id) as oldest from q.ready group by queue
	union all select queue, 0, count(*), 0, 0, 0, min(job_id) from q.held group by queue
	union all select queue, 0, 0, count(*), 0, 0, null from q.scheduled group by queue
	union all select c.queue, 0, 0, 0, count(*), 0, null from q.claim c, unnest(c.job_ids, c.attempts) u (job_id, attempt)
		where not exists (select from q.run r where r.job_id = u.job_id and r.attempt = u.attempt) group by c.queue
	union all select queue, 0, 0, 0, 0, count(*), null from q.parked group by queue
	union all select name, 0, 0, 0, 0, 0, null from q.pause where scope = 'stage'
	union all select queue, 0, 0, 0, 0, 0, null from q.limits where queue is not null
	union all select name, 0, 0, 0, 0, 0, null from unnest($1) name
)
select c.queue, exists (select from q.pause p where p.scope = 'stage' and p.name = c.queue) as paused, sum(c.ready)::int8 as ready,
	sum(c.held)::int8 as held, sum(c.scheduled)::int8 as scheduled, sum(c.running)::int8 as running, sum(c.parked)::int8 as parked,
	(select now() - j.created_at from q.job j where j.id = min(c.oldest)) as oldest_wait,
	(select string_agg(concat_ws(' ', l.name, l.most::text, l.per_second::text || '/s'), ', ' order by l.name) from q.limits l
		where l.queue = c.queue or (l.queue is null and (l.kind is null or split_part(l.kind, '.', 1) = c.queue))) as limits
from counted c group by c.queue order by array_position($1, c.queue), c.queue
