-- one row: what a replay would take
-- in   ids         jsonb?       [int8]; null: all that the rest finds
-- in   stage       text?
-- in   kind        text?
-- in   state       text?
-- in   code        text?
-- in   project_id  uuid?
-- in   since       timestamptz?
-- in   until       timestamptz?
-- out  jobs        int8         ended jobs that it would run once more
-- out  kinds       jsonb        [{kind, jobs, outcomes, does}], the most first
-- out  sample      jsonb        [{id, kind, state, outcomes, does}], the 20 that would go first
-- out  step_up     text?        the action that a fresh signature must name before it may begin
-- role api
select p.jobs, p.kinds, p.sample,
	case when exists (select from jsonb_array_elements(p.kinds) k where k ->> 'kind' like 'pay.%') then 'jobs.pay' end as step_up
from q.replay_preview((select array_agg(x::int8) from jsonb_array_elements_text($1) x), $2, $3, $4, $5, $6, $7, $8) p
