-- one: has a project's policy file read after a push
-- in   project_id   uuid
-- in   after        text         the commit that the default branch ends with since
-- in   pushed_at    timestamptz? by GitHub
-- in   delivery_id  int8
-- in   job          int8
-- in   trace        text?
-- out  id           int8
-- role worker
select q.enqueue('sync', 'sync.policy', 'policy:' || $1 || ':d' || $4, jsonb_strip_nulls(jsonb_build_object('project_id', $1,
	'after', $2, 'pushed_at', to_char($3 at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))), $5, priority => (-1)::smallint, trace => $6,
	project_id => $1) as id;
