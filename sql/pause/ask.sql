-- one row: a person has a stage, kind or project start nothing new
-- in   person_id  uuid
-- in   what       text         stage, kind or project
-- in   name       text
-- in   reason     text
-- out  status     int4
-- out  what       text
-- out  name       text
-- out  actor      text         who paused it, also when that was before
-- out  reason     text
-- out  paused_at  timestamptz
-- role api
select case when p.fresh then 201 else 200 end as status, $2 as what, $3 as name, p.actor, p.reason, p.paused_at
from q.operator_pause($1, $2, $3, $4) p
