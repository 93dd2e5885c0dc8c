-- one: a job of a project, whose start is waited for
-- role worker
-- in   project_id uuid
-- in   args       jsonb
-- out  id         int8
select q.enqueue('bench_start', 'bench.start', null, $2, project_id => $1) as id
