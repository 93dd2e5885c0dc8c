-- one row: a person has a job ended; one that runs, before its next effect
-- in   person_id  uuid
-- in   id         int8
-- in   reason     text
-- out  refused    text?
-- out  status     int4
-- out  id         int8
-- out  state      text    cancelled, or running: it ends before its next effect, and may yet be done
-- role api
select case r.answer when 'unknown' then 'job.not_found' when 'finished' then 'job.ended' end as refused,
	case when r.fresh then 202 else 200 end as status, $2 as id, r.answer as state
from q.operator_cancel($1, $2, $3) r
