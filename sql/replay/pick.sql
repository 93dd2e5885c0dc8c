-- many: what a replay would take, oldest first
-- in   ids      int8[]?      null: all that the rest finds
-- in   queue    text?
-- in   kind     text?
-- in   state    text?
-- in   code     text?
-- in   project  uuid?
-- in   since    timestamptz?
-- in   until    timestamptz?
-- out  job_id   int8
-- out  kind     text
-- out  state    text
-- out  lane     text         those of one lane run one after the other
-- out  args     jsonb
-- role operator auditor
select r.job_id, r.of_kind as kind, r.of_state as state, r.lane, (select j.args from q.job j where j.id = r.job_id) as args
from q.replayable($1, $2, $3, $4, $5, $6, $7, $8) r
