-- many: jobs, newest first, with the state their last run left them in
-- in   after        text?        id of the last row seen
-- in   page         int4
-- in   queue        text?
-- in   kind         text?
-- in   parked       bool?        only those that wait for a person, or only the others
-- in   session_id   uuid?        who asks, when signed in
-- out  id           int8
-- out  queue        text
-- out  kind         text
-- out  key          text?
-- out  state        text         ready, running, scheduled, held, parked, done or cancelled
-- out  attempts     int4
-- out  error_code   text?        of the last run
-- out  root_id      int8
-- out  parent_id    int8?
-- out  project_id   uuid?
-- out  run_at       timestamptz? when it is scheduled
-- out  created_at   timestamptz
-- out  finished_at  timestamptz? of the last run
-- out  cursor       text
-- role api
-- Parked jobs are few and have a table of their own: their page does not walk the history. The limit 1 keeps the planner, which
-- does not know how long a page is, from reading all jobs to join them.
with running as materialized (
	select unnest(job_ids) as job_id from q.claim
), asked as (
	(select j.id from q.job j
		where $5::bool is not true and j.id < coalesce($1::text::int8, 9223372036854775807)
			and ($3::text is null or j.queue = $3) and ($4::text is null or j.kind = $4)
			and ($5 is null or not exists (select from q.parked p where p.job_id = j.id))
			and not exists (select from core.project r
				where r.id = j.project_id and r.private and not core.sees($6, 'project', r.id))
		order by j.id desc limit $2)
	union all
	(select p.job_id from q.parked p join q.job j on j.id = p.job_id
		where $5 and p.job_id < coalesce($1::text::int8, 9223372036854775807)
			and ($3::text is null or p.queue = $3) and ($4::text is null or p.kind = $4)
			and not exists (select from core.project r
				where r.id = j.project_id and r.private and not core.sees($6, 'project', r.id))
		order by p.job_id desc limit $2)
)
select j.id, j.queue, j.kind, j.key,
	case
		when p.job_id is not null then 'parked'
		when r.state in ('done', 'cancelled') then r.state
		when exists (select from running where running.job_id = j.id) then 'running'
		when s.run_at is not null then 'scheduled'
		when exists (select from q.held h where h.job_id = j.id) then 'held'
		else 'ready'
	end as state,
	coalesce(r.attempt, 0) as attempts, r.error_code, j.root_id, j.parent_id, j.project_id, s.run_at, j.created_at,
	r.finished_at, j.id::text as cursor
from asked cross join lateral (select * from q.job where id = asked.id limit 1) as j
left join lateral (select attempt, state, error_code, finished_at from q.run where job_id = j.id order by attempt desc limit 1)
	as r on true
left join q.parked p on p.job_id = j.id
left join q.scheduled s on s.job_id = j.id
order by j.id desc
