-- many: what is wrong with the database and the queue, one row per finding; a check without one is well
-- in   patience  interval   how old a snapshot, an event or a row that waits may be
-- in   keep      interval   older partitions of the history are due
-- out  check     text       name of the check
-- out  fail      bool       else it is a warning
-- out  found     text
-- role operator
-- Sessions of others are seen with the rights of pg_read_all_stats alone: the first check says when they are missing.
with live as (
	select w.* from q.worker w where w.stopped_at is null and w.seen_at > now() - interval '60 seconds'
), waits as (
	select r.queue, count(*) as n from q.ready r group by 1
), seen as (
	select pg_has_role(current_user, 'pg_read_all_stats', 'usage') as all_sessions
), wanted (role, schema, name, privilege, allowed) as (values
	('patchwork_api', 'ingest', 'delivery', 'insert', true), ('patchwork_api', 'core', 'bounty', 'select', true),
	('patchwork_api', 'q', 'ready', 'insert', true), ('patchwork_worker', 'q', 'ready', 'delete', true),
	('patchwork_worker', 'q', 'run', 'insert', true), ('patchwork_worker', 'ledger', 'entry', 'insert', true),
	('patchwork_worker', 'proof', 'proof', 'insert', true), ('patchwork_worker', 'audit', 'checkpoint', 'insert', true),
	('patchwork_relay', 'q', 'outbox', 'select', true), ('patchwork_relay', 'q', 'outbox_cursor', 'update', true),
	('patchwork_auditor', 'q', 'run', 'select', true), ('patchwork_auditor', 'audit', 'log', 'select', true),
	('patchwork_operator', 'q', 'job', 'select', true), ('patchwork_operator', 'q', 'batch', 'select', true),
	('patchwork_api', 'ledger', 'payout', 'update', false), ('patchwork_api', 'audit', 'log', 'update', false),
	('patchwork_worker', 'audit', 'log', 'delete', false), ('patchwork_worker', 'ledger', 'entry', 'update', false),
	('patchwork_worker', 'q', 'run', 'update', false), ('patchwork_relay', 'q', 'job', 'insert', false),
	('patchwork_auditor', 'q', 'job', 'insert', false), ('patchwork_operator', 'q', 'parked', 'delete', false),
	('patchwork_operator', 'audit', 'log', 'insert', false)
)
select 'sessions' as check, false as fail, current_user || ' sees no sessions of others: grant pg_monitor to it' as found
from seen where not all_sessions
union all
select 'xmin', now() - a.xact_start > 12 * $1, format('pid %s (%s, %s) holds back xid %s for %s s: %s', a.pid, a.usename,
	a.application_name, coalesce(a.backend_xmin::text, a.backend_xid::text), extract(epoch from now() - a.xact_start)::int,
	left(a.query, 60))
from pg_stat_activity a
where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
	and (a.backend_xmin is not null or a.backend_xid is not null) and now() - a.xact_start >= $1
union all
select 'xmin', h.old > 12 * m.most, format('%s holds back xid %s, %s transactions long, by its hot_standby_feedback', h.who, h.xid, h.old)
from (
	select format('standby %s (pid %s)', a.application_name, a.pid) as who, a.backend_xmin as xid, age(a.backend_xmin)::int8 as old
	from pg_stat_activity a where a.backend_type = 'walsender' and a.backend_xmin is not null
	union all
	select format('the reader of replication slot %s (pid %s)', s.slot_name, s.active_pid),
		case when age(s.catalog_xmin) > age(s.xmin) then s.catalog_xmin else coalesce(s.xmin, s.catalog_xmin) end,
		greatest(age(s.xmin), age(s.catalog_xmin))::int8
	from pg_replication_slots s where s.active and (s.xmin is not null or s.catalog_xmin is not null)
) h cross join (select 100000 * extract(epoch from $1) / 300 as most) m -- it has no time of its own: as PatchworkXminPinned counts
where h.old >= m.most
union all
select 'slots', s.xmin is not null or s.catalog_xmin is not null, format('replication slot %s is not used and holds back xid %s', s.slot_name,
	coalesce(s.xmin::text, s.catalog_xmin::text, 'nothing, but WAL from ' || s.restart_lsn))
from pg_replication_slots s where not s.active
union all
select 'prepared', true, format('prepared transaction %s of %s has been open for %s s', p.gid, p.owner,
	extract(epoch from now() - p.prepared)::int)
from pg_prepared_xacts p where p.database = current_database() and now() - p.prepared >= $1
union all
select 'autovacuum', true, 'autovacuum is off for the whole server' where current_setting('autovacuum')::bool is not true
union all
select 'autovacuum', true, format('autovacuum is off for %s', c.oid::regclass) from pg_class c
where c.relnamespace::regnamespace::text in ('q', 'core', 'ingest', 'proof', 'ledger', 'rep', 'audit')
	and c.reloptions::text ~ 'autovacuum_enabled=(false|off)'
union all
select 'bloat', s.n_dead_tup > 1000000, format('%s.%s has %s dead rows beside %s live ones, last vacuumed %s', s.schemaname, s.relname,
	s.n_dead_tup, s.n_live_tup, coalesce(greatest(s.last_autovacuum, s.last_vacuum)::timestamp(0)::text, 'never'))
from pg_stat_user_tables s
where s.schemaname = 'q' and s.relname in ('ready', 'scheduled', 'claim', 'held', 'mark', 'worker', 'outbox_cursor', 'parked')
	and s.n_dead_tup > 10000 and s.n_dead_tup > 5 * s.n_live_tup
union all
select 'relay', now() - l.oldest > 12 * $1, format('events wait for %s since %s s', l.sink, extract(epoch from now() - l.oldest)::int)
from (select c.sink, min(o.created_at) as oldest from q.outbox_cursor c join q.outbox o on (o.xid, o.id) > (c.xid, c.id) group by 1) l
where now() - l.oldest >= $1
union all
select 'relay', true, 'no relay has ever read the outbox, and it has events'
where not exists (select from q.outbox_cursor) and exists (select from q.outbox)
union all
select 'grants', true, format('role %s is not there', r.name)
from unnest(array['patchwork_api', 'patchwork_worker', 'patchwork_relay', 'patchwork_auditor', 'patchwork_operator']) as r (name)
where not exists (select from pg_roles p where p.rolname = r.name)
union all
select 'grants', true, format('%s %s %s on %s', g.role, case when g.allowed then 'may not' else 'may' end, g.privilege, g.schema || '.' || g.name)
from wanted g join pg_roles p on p.rolname = g.role
where g.allowed <> case when g.allowed and g.privilege <> 'delete' -- what is allowed may be allowed of some columns alone
	then has_any_column_privilege(g.role, format('%I.%I', g.schema, g.name), g.privilege)
	else has_table_privilege(g.role, format('%I.%I', g.schema, g.name), g.privilege) end
union all
select 'workers', false, format('%s (%s) was not seen for %s s and did not say goodbye', w.name, array_to_string(w.queues, ' '),
	extract(epoch from now() - w.seen_at)::int)
from q.worker w where w.stopped_at is null and w.seen_at <= now() - interval '60 seconds' and w.seen_at > now() - interval '1 day'
union all
select 'workers', true, format('%s jobs of stage %s are ready and no worker has that stage', n, queue)
from waits where not exists (select from live where waits.queue = any (live.queues))
union all
select 'parked', false, format('%s jobs of %s wait for a person: %s', count(*), kind, string_agg(distinct error_code, ' '))
from q.parked group by kind
union all
select 'paused', false, format('%s %s is paused by %s since %s: %s', scope, name, actor, paused_at::timestamp(0), reason) from q.pause
union all
select 'unsealed', now() - unsealed_since > 12 * $1, format('%s audit rows have no place in the chain, the oldest since %s s', unsealed,
	extract(epoch from now() - unsealed_since)::int)
from audit.state where unsealed > 0 and now() - unsealed_since >= $1
union all
select 'partitions', p.next_id / q.partition_size() >= p.last_part, format('ids are at %s of the last partition''s end at %s', p.next_id,
	(p.last_part + 1) * q.partition_size())
from (select (select last_value from q.job_id) as next_id,
	(select max(substring(c.relname from 5)::bigint) from pg_class c where c.relnamespace = 'q'::regnamespace
		and c.relname ~ '^job_[0-9]+$' and c.relkind = 'r') as last_part) as p
where p.last_part is null or p.next_id / q.partition_size() + 1 > p.last_part
union all
select 'history', false, format('partition %s is %s: its newest row is of %s', p.n, p.state, p.newest::timestamp(0))
from q.history_partitions($2) p where p.state in ('due', 'detaching')
union all
select 'history', false, format('%s jobs were made that no search of the history can pass by', b.behind)
from (select (select max(id) from q.job) - (select coalesce(max(n) + 1, 0) from q.span) * q.span_size() as behind) b
where b.behind > 500000
order by 1, 2 desc, 3
