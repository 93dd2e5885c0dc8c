-- many: runs, those of the newest job first
-- in   after        text?        "job_id.attempt" of the last row seen
-- in   page         int4
-- in   job          int8?
-- in   project_id   uuid?
-- in   queue        text?
-- in   kind         text?
-- in   state        text?        done failed parked snoozed rescued returned cancelled
-- in   code         text?
-- in   actor        text?        who made the job
-- in   since        timestamptz? ended then or later
-- in   until        timestamptz? ended before
-- out  job_id       int8
-- out  attempt      int4
-- out  queue        text
-- out  kind         text
-- out  key          text?
-- out  project_id   uuid?
-- out  actor        text         who made the job
-- out  created_at   timestamptz  when the job was made
-- out  state        text         how the run ended
-- out  worker       text
-- out  started_at   timestamptz
-- out  finished_at  timestamptz
-- out  error_kind   text?        invalid retry uncertain bug
-- out  error_code   text?
-- out  error        text?
-- out  input_sha    bytea?       sha256 of the arguments
-- out  output_sha   bytea?
-- out  effects      jsonb?       what it did to the world
-- out  cursor       text
-- out  more         bool         no row, but the place to go on from: thousands were looked at
-- role api operator auditor owner
select h.job_id, h.attempt, h.queue, h.kind, h.key, h.project_id, h.created_by as actor, h.created_at, h.state, h.worker, h.started_at,
	h.finished_at, h.error_kind, h.error_code, h.error, h.input_sha, h.output_sha, h.effects,
	h.job_id || '.' || h.attempt as cursor, h.more
from q.history(row ($3, $4, $5, $6, $7, $8, $9, $10, $11)::q.run_filter, split_part($1, '.', 1)::int8,
	coalesce(split_part($1, '.', 2)::int4, 0), $2) h
