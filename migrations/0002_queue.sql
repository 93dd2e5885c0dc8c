-- The queue (docs/queue.md): immutable jobs, narrow rows for what is runnable, one claim row per batch, append-only runs;
-- and the outbox. Nothing here is updated but q.worker and q.outbox_cursor; history leaves by partition.
-- A constraint whose name holds a dot is an error code of docs/errors.md.

create schema q;

create sequence q.job_id as bigint;
create sequence q.ready_seq as bigint;
create sequence q.claim_id as bigint;

-- jobs and their runs ----------------------------------------------------------------------------------------------
-- Partitioned by job id, both at the same bounds; q.partitions_ahead makes them.
create table q.job (
	id bigint not null default nextval('q.job_id'),
	queue text not null constraint "queue.name" check (queue ~ '^[a-z][a-z0-9_.]{0,62}$'),
	kind text not null constraint "queue.kind" check (kind ~ '^[a-z][a-z0-9_.]{0,62}$'),
	key text constraint "queue.key" check (length(key) between 1 and 512),
	args jsonb not null constraint "queue.args" check (jsonb_typeof(args) = 'object'),
	priority smallint not null default 0 constraint "queue.priority" check (priority between -2 and 2), -- lower runs first
	root_id bigint not null,
	parent_id bigint,
	replay_of bigint,
	trace text,
	created_by text not null,
	project_id uuid,
	created_at timestamptz not null default now(),
	primary key (id)
) partition by range (id);

create table q.run (
	job_id bigint not null,
	attempt int not null check (attempt > 0),    -- numbers the runs of a job, snoozed and rescued ones too
	state text not null check (state in ('done', 'failed', 'parked', 'snoozed', 'rescued', 'returned')),
	worker bigint not null,
	claim bigint not null,
	started_at timestamptz not null,
	finished_at timestamptz not null,
	error_kind text check (error_kind in ('invalid', 'retry', 'uncertain', 'bug')),
	error_code text,
	error text,
	output jsonb,
	xid xid8 not null default pg_current_xact_id(),
	primary key (job_id, attempt)                -- the fence: a second settle of one attempt meets it
) partition by range (job_id);

create function q.partition_size() returns bigint language sql immutable as 'select 4000000::bigint';

-- Makes the partitions for the next ids until `ahead` of them are empty. A new table is attached, so that writers of the
-- others never wait; two callers at once do it once. Returns how many ranges were made.
create function q.partitions_ahead(ahead int default 2) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	size bigint := q.partition_size();
	current bigint := (select last_value from q.job_id) / size;
	made int := 0;
	parent text;
	part text;
begin
	perform pg_advisory_xact_lock(hashtext('q.partitions_ahead'));
	for n in current .. current + ahead loop
		continue when to_regclass(format('q.job_%s', n)) is not null;
		made := made + 1;
		foreach parent in array array['job', 'run'] loop
			part := format('%s_%s', parent, n);
			execute format('create table q.%I (like q.%I including all)', part, parent);
			execute format('alter table q.%I set (autovacuum_vacuum_insert_scale_factor = 0.05,
				autovacuum_analyze_scale_factor = 0.02)', part);
			execute format('alter table q.%I attach partition q.%I for values from (%s) to (%s)',
				parent, part, n * size, (n + 1) * size);
		end loop;
	end loop;
	return made;
end $$;

select q.partitions_ahead(2);

create index job_created on q.job using brin (created_at);   -- ids grow with time: a few pages for millions
create index job_parent on q.job (parent_id) where parent_id is not null;
create index job_root on q.job (root_id) where root_id <> id;
create index job_project on q.job (project_id, id) where project_id is not null;

-- A natural key lives for ever: a repeat finds the survivor, also when its job has left with its partition.
create table q.job_key (
	queue text not null,
	key text not null,
	job_id bigint not null,
	primary key (queue, key)
);

-- what runs now, and when ------------------------------------------------------------------------------------------
-- attempt is the number of the next run; burned counts those of before that used up an attempt; a suspect was in the hands
-- of a worker that died, so it runs alone among suspects and is marked first: if that worker dies too, the marked one burns.
create table q.ready (
	queue text not null,
	prio smallint not null,
	seq bigint not null default nextval('q.ready_seq'),
	job_id bigint not null,
	attempt int not null default 1,
	burned smallint not null default 0,
	suspect bool not null default false,
	primary key (queue, prio, seq)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
	autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000,
	vacuum_truncate = off);

create table q.scheduled (
	run_at timestamptz not null,
	job_id bigint not null,
	queue text not null,
	prio smallint not null,
	attempt int not null default 1,
	burned smallint not null default 0,
	primary key (run_at, job_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
	vacuum_truncate = off);
create index scheduled_job on q.scheduled (job_id);

-- One row per process that works, kept as the name behind run.worker.
create table q.worker (
	id bigint generated always as identity primary key,
	name text not null,
	queues text[] not null,
	started_at timestamptz not null default now(),
	seen_at timestamptz not null default now(),
	stopped_at timestamptz
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200,
	autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);
create index worker_live on q.worker (id) where stopped_at is null;

-- One row per batch: what is out, with whom. It ends lease after its worker was last seen, so it is never updated.
create table q.claim (
	id bigint primary key default nextval('q.claim_id'),
	worker bigint not null,
	queue text not null,
	lease interval not null,
	job_ids bigint[] not null,
	attempts int[] not null,
	burned smallint[] not null,
	suspects bool[] not null,
	claimed_at timestamptz not null default now()
) with (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
	autovacuum_vacuum_cost_delay = 0, autovacuum_vacuum_insert_threshold = -1, vacuum_truncate = off);

-- Suspects that were started; the row goes with its claim.
create table q.mark (
	claim bigint not null,
	job_id bigint not null,
	primary key (claim, job_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0,
	vacuum_truncate = off);

-- Jobs that wait for a person: gone from here when one retries them.
create table q.parked (
	job_id bigint primary key,
	queue text not null,
	kind text not null,
	attempt int not null,
	error_code text,
	parked_at timestamptz not null default now()
);
create index parked_at on q.parked (parked_at);

-- events -----------------------------------------------------------------------------------------------------------
-- Read in (xid, id) order below pg_snapshot_xmin(pg_current_snapshot()): what commits late has an xid that is not yet below.
create table q.outbox (
	xid xid8 not null default pg_current_xact_id(),
	id bigint generated always as identity,
	event uuid not null,
	topic text not null constraint "outbox.topic" check (topic ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'),
	key text not null constraint "outbox.key" check (length(key) between 1 and 512),
	subject text not null,                       -- CloudEvents subject: the aggregate, "bounty/018f..."
	project_id uuid,
	body jsonb not null,
	trace text,
	created_at timestamptz not null default now(),
	primary key (xid, id),
	unique (topic, key)
);
create index outbox_subject on q.outbox (subject, id);

create table q.outbox_cursor (
	sink text primary key,
	xid xid8 not null default '0',
	id bigint not null default 0,
	updated_at timestamptz not null default now()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200,
	autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);

create function q.uuid_v7() returns uuid language sql volatile parallel safe as $$
	select encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid())
		placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
		52, 1), 53, 1), 'hex')::uuid
$$;

-- what anyone calls ------------------------------------------------------------------------------------------------
-- One job; its id, or the id of the survivor of the same (queue, key), which is never changed. key null: no two are the same.
-- run_at null or past: at once. trace and project_id come from the parent where they are not given. In a WITH query use the
-- result, or PostgreSQL does not run the call.
-- The job's row is written before nextval('q.ready_seq'): who holds a seq has a transaction id (docs/queue.md, late commits).
create function q.enqueue(queue text, kind text, key text, args jsonb, parent bigint default null,
	run_at timestamptz default null, priority smallint default 0, trace text default null, project_id uuid default null,
	created_by text default null) returns bigint
language plpgsql volatile as $$
#variable_conflict use_column
declare
	new_id bigint := nextval('q.job_id');
	survivor bigint;
	above record;
	root bigint := new_id;
begin
	if enqueue.key is not null then
		insert into q.job_key (queue, key, job_id) values (enqueue.queue, enqueue.key, new_id)
			on conflict (queue, key) do nothing;
		if not found then
			select k.job_id into strict survivor from q.job_key k where k.queue = enqueue.queue and k.key = enqueue.key;
			return survivor;
		end if;
	end if;
	if enqueue.parent is not null then
		select j.root_id, j.trace, j.project_id into above from q.job j where j.id = enqueue.parent;
		if not found then
			raise exception 'queue.parent_unknown' using errcode = 'PW001', detail = enqueue.parent::text;
		end if;
		root := above.root_id;
		enqueue.trace := coalesce(enqueue.trace, above.trace);
		enqueue.project_id := coalesce(enqueue.project_id, above.project_id);
	end if;
	insert into q.job (id, queue, kind, key, args, priority, root_id, parent_id, trace, created_by, project_id)
	values (new_id, enqueue.queue, enqueue.kind, enqueue.key, enqueue.args, coalesce(enqueue.priority, 0::smallint), root,
		enqueue.parent, enqueue.trace, coalesce(enqueue.created_by, current_user), enqueue.project_id);
	if enqueue.run_at > now() then
		insert into q.scheduled (run_at, job_id, queue, prio)
		values (enqueue.run_at, new_id, enqueue.queue, coalesce(enqueue.priority, 0::smallint));
	else
		insert into q.ready (queue, prio, job_id)
		values (enqueue.queue, coalesce(enqueue.priority, 0::smallint), new_id);
	end if;
	return new_id;
end $$;

-- Many jobs of one kind in one statement: their ids in the order of args, survivors' where keys (null, or as long as args; its
-- nulls have no key) meet one, also one earlier in the same call.
create function q.enqueue_many(queue text, kind text, args jsonb[], keys text[] default null, parent bigint default null,
	run_at timestamptz default null, priority smallint default 0, trace text default null, project_id uuid default null,
	created_by text default null) returns bigint[]
language plpgsql volatile as $$
#variable_conflict use_column
declare
	n int := coalesce(cardinality(enqueue_many.args), 0);
	ids bigint[];
	fresh bigint[];
	above record;
	root bigint;
	prio smallint := coalesce(enqueue_many.priority, 0::smallint);
begin
	if n = 0 then
		return '{}';
	end if;
	if enqueue_many.keys is not null and cardinality(enqueue_many.keys) <> n then
		raise exception 'queue.keys_length' using errcode = 'PW001';
	end if;
	if enqueue_many.parent is not null then
		select j.root_id, j.trace, j.project_id into above from q.job j where j.id = enqueue_many.parent;
		if not found then
			raise exception 'queue.parent_unknown' using errcode = 'PW001', detail = enqueue_many.parent::text;
		end if;
		root := above.root_id;
		enqueue_many.trace := coalesce(enqueue_many.trace, above.trace);
		enqueue_many.project_id := coalesce(enqueue_many.project_id, above.project_id);
	end if;
	ids := array(select nextval('q.job_id') from generate_series(1, n));
	fresh := ids;
	if enqueue_many.keys is not null then
		-- in the order of the keys, so that two calls with the same keys never wait for each other in a circle
		insert into q.job_key (queue, key, job_id)
			select enqueue_many.queue, u.key, u.id from unnest(enqueue_many.keys, ids) with ordinality u (key, id, at)
			where u.key is not null order by u.key, u.at
			on conflict (queue, key) do nothing;
		ids := array(select coalesce(k.job_id, u.id) from unnest(enqueue_many.keys, ids) with ordinality u (key, id, at)
			left join q.job_key k on k.queue = enqueue_many.queue and k.key = u.key order by u.at);
	end if;
	with added as (
		insert into q.job (id, queue, kind, key, args, priority, root_id, parent_id, trace, created_by, project_id)
		select u.id, enqueue_many.queue, enqueue_many.kind, u.key, u.args, prio, coalesce(root, u.id), enqueue_many.parent,
			enqueue_many.trace, coalesce(enqueue_many.created_by, current_user), enqueue_many.project_id
		from unnest(fresh, ids, enqueue_many.args, coalesce(enqueue_many.keys, array_fill(null::text, array[n])))
			with ordinality u (id, survivor, args, key, at)
		where u.id = u.survivor
		returning id
	), later as (
		insert into q.scheduled (run_at, job_id, queue, prio)
		select enqueue_many.run_at, a.id, enqueue_many.queue, prio from added a where enqueue_many.run_at > now()
	)
	insert into q.ready (queue, prio, job_id)
	select enqueue_many.queue, prio, a.id from added a where (enqueue_many.run_at > now()) is not true;
	return ids;
end $$;

-- One event per (topic, key); the id of it, or of the one that was there. In a WITH query use the result.
create function q.emit(topic text, key text, subject text, body jsonb, trace text default null, project_id uuid default null)
	returns uuid
language plpgsql volatile as $$
#variable_conflict use_column
declare
	event uuid;
begin
	insert into q.outbox (event, topic, key, subject, project_id, body, trace)
		values (q.uuid_v7(), emit.topic, emit.key, emit.subject, emit.project_id, emit.body, emit.trace)
		on conflict (topic, key) do nothing
		returning q.outbox.event into event;
	if not found then
		select o.event into strict event from q.outbox o where o.topic = emit.topic and o.key = emit.key;
	end if;
	return event;
end $$;

-- who may what -----------------------------------------------------------------------------------------------------
do $$
declare
	who text;
begin
	foreach who in array array['patchwork_api', 'patchwork_worker', 'patchwork_relay', 'patchwork_auditor'] loop
		continue when exists (select from pg_roles where rolname = who); -- the owner need not be able to make them
		begin
			execute format('create role %I nologin', who);
		exception when duplicate_object or unique_violation then
			null; -- roles belong to the cluster: another database has made it
		end;
	end loop;
end $$;

revoke all on function q.partitions_ahead(int) from public;
grant usage on schema q to patchwork_api, patchwork_worker, patchwork_relay, patchwork_auditor;
grant select on all tables in schema q to patchwork_api, patchwork_worker, patchwork_auditor;
grant usage, select on all sequences in schema q to patchwork_api, patchwork_worker;
grant insert on q.job, q.job_key, q.ready, q.scheduled, q.outbox to patchwork_api, patchwork_worker;
grant insert on q.run, q.parked, q.claim, q.mark, q.worker to patchwork_worker;
grant delete on q.ready, q.scheduled, q.claim, q.mark, q.parked to patchwork_worker;
grant update (seq) on q.ready to patchwork_worker;          -- what FOR UPDATE asks for; no statement updates it
grant update (run_at) on q.scheduled to patchwork_worker;   -- the same
grant update (lease) on q.claim to patchwork_worker;        -- the same
grant update (seen_at, stopped_at) on q.worker to patchwork_worker;
grant execute on function q.partitions_ahead(int) to patchwork_worker;
grant select on q.outbox, q.outbox_cursor to patchwork_relay;
grant insert, update on q.outbox_cursor to patchwork_relay;
