-- one row: a person begins a replay; workers let its jobs out
-- in   person_id   uuid
-- in   session_id  uuid
-- in   ids         jsonb?       [int8]; null: all that the rest finds
-- in   stage       text?
-- in   kind        text?
-- in   state       text?
-- in   code        text?
-- in   project_id  uuid?
-- in   since       timestamptz?
-- in   until       timestamptz?
-- in   rate        text         a number: jobs per second
-- in   reason      text
-- out  refused     text?
-- out  batch       int8?
-- out  jobs        int8?
-- role api
select case when r.batch is null then 'replay.empty' end as refused, r.batch, r.jobs
from q.operator_replay($1, $2, (select array_agg(x::int8) from jsonb_array_elements_text($3) x), $4, $5, $6, $7, $8, $9, $10,
	$11::text::float8, $12) r
