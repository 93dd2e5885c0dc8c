-- one row: a person has a parked or scheduled job run now, as its next attempt
-- in   person_id   uuid
-- in   session_id  uuid
-- in   id          int8
-- in   reason      text
-- out  refused     text?
-- out  id          int8
-- out  state       text    ready
-- role api
select case when r.answer = 'unknown' then 'job.not_found' when r.answer in ('done', 'cancelled', 'replayed') then 'job.ended'
	when r.answer <> 'retried' then 'job.not_waiting' end as refused, $3 as id, 'ready' as state
from (select q.operator_retry($1, $2, $3, $4) as answer offset 0) r
