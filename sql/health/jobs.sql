-- many: how much of each queue waits, and for how long the oldest has
-- out  queue           text
-- out  ready           int8
-- out  scheduled       int8
-- out  running         int8
-- out  parked          int8
-- out  oldest_seconds  int8   since the oldest ready job was made
-- role api
with counted as (
	select queue, count(*) as ready, 0::int8 as scheduled, 0::int8 as running, 0::int8 as parked, min(job_id) as oldest
	from q.ready group by queue
	union all select queue, 0, count(*), 0, 0, null from q.scheduled group by queue
	union all select queue, 0, 0, sum(cardinality(job_ids))::int8, 0, null from q.claim group by queue
	union all select queue, 0, 0, 0, count(*), null from q.parked group by queue
)
select c.queue, sum(c.ready)::int8 as ready, sum(c.scheduled)::int8 as scheduled, sum(c.running)::int8 as running,
	sum(c.parked)::int8 as parked,
	coalesce(extract(epoch from now() - (select created_at from q.job where id = min(c.oldest)))::int8, 0) as oldest_seconds
from counted c group by c.queue order by c.queue
