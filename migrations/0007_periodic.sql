-- The public interface of the queue in SQL: schema patchwork (docs/queue.md, Enqueue). What stands here keeps its names, its
-- parameters and their meaning; new parameters come at the end, with a default.
-- The functions run as their owner, so a producer needs EXECUTE on them and nothing else.

create schema patchwork;
comment on schema patchwork is 'The stable interface for producers: enqueue, enqueue_many, wake (docs/queue.md)';

-- Was the row with this xmin inserted by the transaction that asks, or one of its savepoints? Theirs are not older than the
-- transaction's own id, and still in progress.
create function q.of_this_transaction(inserted xid) returns boolean
language sql volatile set search_path = pg_catalog, pg_temp as $$
	select case when age < 2147483648 then pg_xact_status((own + age)::text::xid8) = 'in progress' else false end
	from (select own, ((inserted::text::bigint - own) % 4294967296 + 4294967296) % 4294967296 as age
		from (select pg_current_xact_id()::text::bigint as own) as t) as d
$$;

-- Money moves by jobs of the queue pay alone, and a natural key is kept for ever: a stranger's job there could take the place of
-- a payment.
create function q.check_producer(queue text) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
	if check_producer.queue = 'pay' and session_user <> current_user
		and not pg_has_role(session_user, 'patchwork_worker', 'member') then
		raise exception 'queue.reserved' using errcode = 'PW001', detail = check_producer.queue;
	end if;
end $$;

create function patchwork.enqueue(
	queue text,
	kind text,
	args jsonb default '{}',
	key text default null,
	run_at timestamptz default null,
	priority integer default 0,
	project_id uuid default null,
	parent bigint default null,
	trace text default null,
	out job_id bigint,
	out is_new boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	perform q.check_producer(enqueue.queue);
	enqueue.job_id := q.enqueue(enqueue.queue, enqueue.kind, enqueue.key, coalesce(enqueue.args, '{}'), enqueue.parent, enqueue.run_at,
		greatest(-3, least(3, coalesce(enqueue.priority, 0)))::smallint, enqueue.trace, enqueue.project_id, session_user);
	enqueue.is_new := enqueue.job_id = currval('q.job_id'); -- q.enqueue draws a number first, whatever it finds
end $$;

create function patchwork.enqueue_many(
	queue text,
	kind text,
	args jsonb[],
	keys text[] default null,
	run_at timestamptz default null,
	priority integer default 0,
	project_id uuid default null,
	parent bigint default null,
	trace text default null)
	returns table (n integer, job_id bigint, is_new boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	known boolean[];
	ids bigint[];
begin
	perform q.check_producer(enqueue_many.queue);
	known := array(
		select exists (select from q.job_key k where k.queue = enqueue_many.queue and k.key = u.key)
		from unnest(enqueue_many.keys) with ordinality u (key, at) order by u.at);
	ids := q.enqueue_many(enqueue_many.queue, enqueue_many.kind, enqueue_many.args, enqueue_many.keys, enqueue_many.parent,
		enqueue_many.run_at, greatest(-3, least(3, coalesce(enqueue_many.priority, 0)))::smallint, enqueue_many.trace,
		enqueue_many.project_id, session_user);
	-- New is what this call inserted: not there before, not by another transaction meanwhile, and the first of its key here.
	return query
		select u.at::integer, u.id, case
			when u.key is null then true
			when u.known or u.nth > 1 then false
			else q.of_this_transaction((select k.xmin from q.job_key k where k.queue = enqueue_many.queue and k.key = u.key))
			end
		from (select w.*, row_number() over (partition by w.key order by w.at) as nth
			from unnest(ids, enqueue_many.keys, known) with ordinality w (id, key, known, at)) as u
		order by u.at;
end $$;

create function patchwork.wake(queue text) returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
	select pg_notify('patchwork_ready', queue)
$$;

comment on function patchwork.enqueue(text, text, jsonb, text, timestamptz, integer, uuid, bigint, text) is
'Adds one job in the caller''s transaction and returns its id. With a key, (queue, key) is unique for ever: a repeat, also a
concurrent one, returns the id of the job that is there and is_new = false, and changes nothing.
run_at: not before then (null: now). priority: -2 (first) to 2. parent: the job that asks for this one; trace and project_id
come from it where they are not given. trace: a W3C traceparent.';
comment on function patchwork.enqueue_many(text, text, jsonb[], text[], timestamptz, integer, uuid, bigint, text) is
'Adds many jobs of one kind; one row per element of args, in their order: n from 1, job_id, is_new. keys is null or as long as args;
its nulls have no key, and of the same key twice the first is new. Otherwise as patchwork.enqueue.';
comment on function patchwork.wake(text) is
'Tells idle workers of the queue to look now. Call it after the commit, in a transaction of its own; a lost or missing call costs
worker.poll and no more.';

-- who may what -----------------------------------------------------------------------------------------------------
revoke all on all functions in schema patchwork from public;
grant usage on schema patchwork to patchwork_api, patchwork_worker;
grant execute on all functions in schema patchwork to patchwork_api, patchwork_worker;

-- The group of those who may enqueue. Its absence is no reason to leave the schema as it is: docs/operating.md has the
-- statements for an owner who may not make roles.
do $$
begin
	if not exists (select from pg_roles where rolname = 'patchwork_producer') then
		create role patchwork_producer nologin;
	end if;
	grant usage on schema patchwork to patchwork_producer;
	grant execute on all functions in schema patchwork to patchwork_producer;
exception
	when insufficient_privilege then
		raise warning 'role patchwork_producer is not there: nobody but api and worker may enqueue (docs/operating.md)';
	when duplicate_object or unique_violation then
		grant usage on schema patchwork to patchwork_producer; -- another database of the cluster has just made it
		grant execute on all functions in schema patchwork to patchwork_producer;
end $$;
