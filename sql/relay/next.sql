-- many: the next events after the cursor; none whose transaction is not older than every open one
-- in   sink        text
-- in   most        int4
-- out  from_xid    int8         the cursor that they follow
-- out  from_id     int8
-- out  xid         int8
-- out  id          int8
-- out  event       uuid
-- out  topic       text
-- out  subject     text
-- out  project_id  uuid?
-- out  body        jsonb
-- out  trace       text?
-- out  created_at  timestamptz
-- role relay
select c.xid::text::int8 as from_xid, c.id as from_id, o.xid::text::int8 as xid, o.id, o.event, o.topic, o.subject, o.project_id, o.body, o.trace, o.created_at
from q.outbox_cursor c
cross join lateral (
	select * from q.outbox
	where (outbox.xid, outbox.id) > (c.xid, c.id) and outbox.xid < pg_snapshot_xmin(pg_current_snapshot())
	order by outbox.xid, outbox.id limit $2
) o
where c.sink = $1
order by o.xid, o.id;
