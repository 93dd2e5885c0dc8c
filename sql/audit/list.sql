-- many: rows of the audit log, newest first
-- in   actor        text?         kind:id or id
-- in   action       text?
-- in   object_type  text?
-- in   object_id    text?
-- in   since        timestamptz?
-- in   until        timestamptz?
-- in   before_at    timestamptz?  the page's cursor: the last row of the page before
-- in   before_id    int8?
-- in   most         int4
-- out  id           int8
-- out  at           timestamptz
-- out  actor        text          kind:id
-- out  db_role      text          who was connected
-- out  action       text
-- out  object       text          type/id
-- out  reason       text?
-- out  detail       jsonb
-- out  request_id   text?
-- out  trace_id     text?
-- out  seq          int8?         its place in the chain; none until it is sealed
-- out  hash         bytea?
-- role worker auditor owner
select l.id, l.at, l.actor_kind || ':' || regexp_replace(l.actor_id, '^' || l.actor_kind || '[:/]', '') as actor, l.db_role, l.action,
	l.object_type || '/' || l.object_id as object, l.reason, l.detail::jsonb as detail, l.request_id, l.trace_id, k.seq, k.hash
from audit.log l left join audit.link k on k.log_id = l.id, lateral (select substr($1, strpos($1, ':') + 1) as id) n
where ($1::text is null or (l.actor_id = any (array[n.id, 'cli:' || n.id, 'person/' || n.id, $1])
		and (strpos($1, ':') = 0 or l.actor_kind = split_part($1, ':', 1))))
	and ($2::text is null or l.action = $2) and ($3::text is null or l.object_type = $3)
	and ($4::text is null or l.object_id = $4) and ($5::timestamptz is null or l.at >= $5)
	and ($6::timestamptz is null or l.at < $6) and ($7::timestamptz is null or (l.at, l.id) < ($7, $8))
order by l.at desc, l.id desc limit $9;
