-- one: has a comment's commands carried out, once per comment and text; one that was written again after another is said again
-- in   delivery_id  int8
-- in   comment_id   int8
-- in   body_sha256  bytea
-- in   job          int8
-- in   trace        text?
-- in   edited_at    timestamptz?  by GitHub; null: it is the first text
-- out  job_id       int8
-- role worker
select q.enqueue('sync', 'sync.command', concat_ws(':', 'command', $2, encode($3, 'hex'), extract(epoch from $6)::bigint),
	jsonb_build_object('delivery_id', $1), $4,
	priority => (-1)::smallint, trace => $5) as job_id;
