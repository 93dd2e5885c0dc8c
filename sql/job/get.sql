-- maybe: one job with its runs, its parent and its children
-- in   id           int8
-- in   session_id   uuid?        who asks, when signed in
-- out  id           int8
-- out  queue        text
-- out  kind         text
-- out  key          text?
-- out  args         jsonb
-- out  state        text         ready, running, scheduled, held, parked, done, cancelled, or replayed: it was parked
-- out  error_code   text?        of the last run
-- out  error        text?        of the last run
-- out  priority     int4
-- out  root_id      int8
-- out  parent_id    int8?
-- out  replay_of    int8?
-- out  batch        int8?        the replay that let it out
-- out  replays      int8[]       jobs that replay this one
-- out  project_id   uuid?
-- out  trace        text?
-- out  created_by   text
-- out  created_at   timestamptz
-- out  run_at       timestamptz? when it is scheduled
-- out  progress     jsonb?       {attempt, done, total, note, told_at} of a job that tells and is not done
-- out  steps        jsonb        [{name, attempt, output, done_at}] that are behind it
-- out  runs         jsonb        [{attempt, state, worker, started_at, finished_at, error_kind, error_code, error, output, input_sha, output_sha, effects}]
-- out  children     int8[]
-- role api
select j.id, j.queue, j.kind, j.key, j.args, q.state_of(j.id) as state,
	r.error_code, r.error, j.priority::int as priority, j.root_id, j.parent_id, j.replay_of, j.batch,
	array(select c.id from q.job c where c.replay_of = j.id order by c.id) as replays, j.project_id, j.trace, j.created_by,
	j.created_at, s.run_at, q.progress_of(j.id) as progress, q.steps_of(j.id) as steps,
	(select coalesce(jsonb_agg(jsonb_build_object('attempt', n.attempt, 'state', n.state, 'worker', w.name,
			'started_at', n.started_at, 'finished_at', n.finished_at, 'error_kind', n.error_kind, 'error_code', n.error_code,
			'error', n.error, 'output', n.output, 'input_sha', encode(coalesce(n.input_sha, q.sha(j.args)), 'hex'),
			'output_sha', encode(coalesce(n.output_sha, q.sha(n.output)), 'hex'), 'effects', coalesce(n.effects, '[]'))
			order by n.attempt), '[]')
		from q.run n left join q.worker w on w.id = n.worker where n.job_id = j.id) as runs,
	array(select c.id from q.job c where c.parent_id = j.id order by c.id) as children
from q.job j
left join lateral (select error_code, error from q.run where job_id = j.id order by attempt desc limit 1) as r on true
left join q.scheduled s on s.job_id = j.id
where j.id = $1 and not exists (select from core.project r
	where r.id = j.project_id and r.private and not core.sees($2, 'project', r.id))
