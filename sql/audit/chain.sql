-- many: the next places of the chain and the rows that they hold, as they are hashed
-- in   after        int8
-- in   most         int4
-- out  seq          int8
-- out  hash         bytea
-- out  log_id       int8
-- out  there        bool    false: the row is gone, the rest is empty
-- out  at           int8    microseconds since 1970
-- out  actor_kind   text
-- out  actor_id     text
-- out  db_role      text
-- out  action       text
-- out  object_type  text
-- out  object_id    text
-- out  request_id   text?
-- out  trace_id     text?
-- out  reason       text?
-- out  detail       text
-- role worker auditor owner
select k.seq, k.hash, k.log_id, l.id is not null as there, coalesce((extract(epoch from l.at) * 1000000)::int8, 0) as at,
	coalesce(l.actor_kind, '') as actor_kind, coalesce(l.actor_id, '') as actor_id, coalesce(l.db_role, '') as db_role,
	coalesce(l.action, '') as action, coalesce(l.object_type, '') as object_type, coalesce(l.object_id, '') as object_id,
	l.request_id, l.trace_id, l.reason, coalesce(l.detail, '') as detail
from audit.link k left join audit.log l on l.id = k.log_id
where k.seq > $1
order by k.seq limit $2;
