-- one: how far the relay is behind
-- role relay
-- in   sink    text
-- in   most    int4
-- out  events  int8      not published yet, counted up to `most`
-- out  oldest  interval  since the first of them was written; 0 without any
select count(*) as events, coalesce(clock_timestamp() - min(behind.created_at), '0') as oldest
from (
	select o.created_at from q.outbox_cursor c cross join lateral (
		select created_at from q.outbox where (xid, id) > (c.xid, c.id) order by xid, id limit $2) o
	where c.sink = $1
) behind
