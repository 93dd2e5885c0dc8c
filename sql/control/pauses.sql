-- many: what is paused
-- role worker operator auditor
-- out  scope     text
-- out  name      text
-- out  paused_at timestamptz
-- out  actor     text
-- out  reason    text
-- out  waiting   int8         ready or aside, because of it
select p.scope, p.name, p.paused_at, p.actor, p.reason,
	case when p.scope = 'stage' then (select count(*) from q.ready r where r.queue = p.name)
			+ (select count(*) from q.held h where h.queue = p.name)
		else (select count(*) from q.held h where h.lane = p.scope || ':' || p.name) end as waiting
from q.pause p order by p.scope, p.name
