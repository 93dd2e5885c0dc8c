-- one row: a person stops a replay: what it has not let out stays where it is
-- in   person_id  uuid
-- in   id         int8
-- in   reason     text
-- out  refused    text?
-- out  batch      int8
-- out  state      text    stopped
-- role api
select case r.answer when 'unknown' then 'replay.not_found' when 'ended' then 'replay.ended' end as refused, $2 as batch,
	r.answer as state
from (select q.operator_replay_stop($1, $2, $3) as answer offset 0) r
