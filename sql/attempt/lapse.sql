-- one: the lease of an attempt is over
-- in   attempt_id  int8
-- in   job         int8
-- in   trace       text?
-- out  ended       bool      now, not earlier
-- out  wait        interval  until its time is over; 0 when it is, or it has ended
-- role worker
select core.attempt_end(id, 'lapsed', $2, $3) as ended,
	case when ended_at is null then greatest(ends_at - now(), interval '0') else interval '0' end as wait
from core.attempt where id = $1;
