-- many: the limits
-- role worker operator auditor
-- out  name        text
-- out  queue       text?
-- out  kind        text?
-- out  by          text?
-- out  most        int4?
-- out  per_second  text?
-- out  burst       int4
-- out  actor       text
-- out  reason      text
-- out  set_at      timestamptz
-- out  waiting     int8         jobs aside because of it
select l.name, l.queue, l.kind, l.by, l.most, l.per_second::text as per_second, l.burst, l.actor, l.reason, l.set_at,
	(select count(*) from q.held h join (select distinct x.queue, x.lane from q.lane x
		where exists (select from unnest(x.keys) k where split_part(k, ':', 1) = l.name)) x using (queue, lane)) as waiting
from q.limits l order by l.name
