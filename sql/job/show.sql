-- maybe: one job with everything that belongs to it, for operators
-- in   id           int8
-- out  id           int8
-- out  queue        text
-- out  kind         text
-- out  key          text?
-- out  state        text         ready running scheduled held parked done cancelled replayed
-- out  priority     int4
-- out  args         jsonb
-- out  root_id      int8
-- out  parent_id    int8?
-- out  children     int8[]
-- out  replay_of    int8?
-- out  batch        int8?
-- out  replays      int8[]       jobs that replay this one
-- out  project_id   uuid?
-- out  trace        text?
-- out  created_by   text
-- out  created_at   timestamptz
-- out  run_at       timestamptz? when it is scheduled
-- out  attempts     int4
-- out  error_code   text?        of the last run
-- out  error        text?        of the last run
-- out  output       jsonb?       of the last run
-- out  worker       text?        whose hands it is in
-- out  runs         jsonb        [{attempt, state, worker, started_at, finished_at, error_kind, error_code, error, output}]
-- role operator auditor
select j.id, j.queue, j.kind, j.key, q.state_of(j.id) as state, j.priority::int as priority, j.args, j.root_id, j.parent_id,
	array(select c.id from q.job c where c.parent_id = j.id order by c.id) as children, j.replay_of, j.batch,
	array(select c.id from q.job c where c.replay_of = j.id order by c.id) as replays,
	j.project_id, j.trace, j.created_by, j.created_at, s.run_at, coalesce(r.attempt, 0) as attempts, r.error_code, r.error, r.output,
	(select w.name from q.claim c join q.worker w on w.id = c.worker where j.id = any (c.job_ids) limit 1) as worker,
	(select coalesce(jsonb_agg(jsonb_build_object('attempt', n.attempt, 'state', n.state, 'worker', w.name,
			'started_at', n.started_at, 'finished_at', n.finished_at, 'error_kind', n.error_kind, 'error_code', n.error_code,
			'error', n.error, 'output', n.output) order by n.attempt), '[]')
		from q.run n left join q.worker w on w.id = n.worker where n.job_id = j.id) as runs
from q.job j
left join lateral (select attempt, state, error_code, error, output from q.run where job_id = j.id order by attempt desc limit 1)
	as r on true
left join q.scheduled s on s.job_id = j.id
where j.id = $1
