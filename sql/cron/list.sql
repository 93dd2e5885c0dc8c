-- many: schedules by name
-- role worker operator auditor
-- out  name       text
-- out  cron       text
-- out  zone       text
-- out  queue      text
-- out  kind       text
-- out  args       jsonb
-- out  priority   int4
-- out  catch_up   text         skip, one, or all and how many at most
-- out  enabled    bool
-- out  next_at    timestamptz? null while it is off
-- out  last_at    timestamptz? the last tick that became a job
-- out  error      text?        why ticks wait
-- out  actor      text
-- out  reason     text
-- out  changed_at timestamptz
select name, cron, zone, queue, kind, args, priority::int as priority,
	case catch_up when 'all' then 'all ' || catch_up_most else catch_up end as catch_up, enabled,
	case when enabled then next_at end as next_at, last_at, error, actor, reason, changed_at
from q.schedule order by name
