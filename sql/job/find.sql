-- many: jobs for operators, newest first
-- in   before       int8?        only ids below
-- in   page         int4
-- in   queue        text?
-- in   kind         text?
-- in   state        text?        ready running scheduled held parked done cancelled replayed
-- in   code         text?        that a run of it ended with
-- in   project      uuid?
-- in   since        timestamptz? made then or later
-- in   until        timestamptz? made before
-- in   batch        int8?
-- out  id           int8
-- out  queue        text
-- out  kind         text
-- out  key          text?
-- out  state        text
-- out  attempts     int4
-- out  error_code   text?        of the last run
-- out  run_at       timestamptz? when it is scheduled
-- out  created_at   timestamptz
-- out  finished_at  timestamptz? of the last run
-- out  project_id   uuid?
-- out  root_id      int8
-- out  parent_id    int8?
-- out  replay_of    int8?
-- out  batch        int8?
-- role operator auditor
-- States that are few have tables of their own, and codes an index: their page does not walk the history.
with few as materialized (
	select job_id as id from q.parked where $5 = 'parked'
	union all select job_id from q.scheduled where $5 = 'scheduled'
	union all select job_id from q.held where $5 = 'held'
	union all select unnest(job_ids) from q.claim where $5 = 'running'
	union all select job_id from q.ready where $5 = 'ready'
	union all select r.job_id from q.run r where $6 is not null and $5 is null and r.error_code = $6
), picked as (
	(select j.* from q.job j
		where $6 is null and coalesce($5, 'done') in ('done', 'cancelled', 'replayed') and j.id < coalesce($1, 9223372036854775807)
			and ($3::text is null or j.queue = $3) and ($4::text is null or j.kind = $4) and ($7::uuid is null or j.project_id = $7)
			and ($8::timestamptz is null or j.created_at >= $8) and ($9::timestamptz is null or j.created_at < $9)
			and ($10::int8 is null or j.batch = $10) and ($5 is null or q.state_of(j.id) = $5)
		order by j.id desc limit $2)
	union all
	(select j.* from q.job j
		where ($6 is not null or $5 in ('parked', 'scheduled', 'held', 'running', 'ready')) and j.id < coalesce($1, 9223372036854775807)
			and j.id in (select id from few)
			and ($3::text is null or j.queue = $3) and ($4::text is null or j.kind = $4) and ($7::uuid is null or j.project_id = $7)
			and ($8::timestamptz is null or j.created_at >= $8) and ($9::timestamptz is null or j.created_at < $9)
			and ($10::int8 is null or j.batch = $10)
			and ($6::text is null or exists (select from q.run r where r.job_id = j.id and r.error_code = $6))
			and ($5::text is null or q.state_of(j.id) = $5)
		order by j.id desc limit $2)
)
select j.id, j.queue, j.kind, j.key, q.state_of(j.id) as state, coalesce(r.attempt, 0) as attempts, r.error_code, s.run_at,
	j.created_at, r.finished_at, j.project_id, j.root_id, j.parent_id, j.replay_of, j.batch
from picked j
left join lateral (select attempt, error_code, finished_at from q.run where job_id = j.id order by attempt desc limit 1) as r on true
left join q.scheduled s on s.job_id = j.id
order by j.id desc limit $2
