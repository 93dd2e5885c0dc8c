-- What operators decide about the queue (docs/queue.md, control): pauses, cancels, limits, and where jobs wait that may not run
-- now. Workers learn of it by q.control's epoch, which every claim compares with the one that its worker knows.

create table q.control (
	one bool primary key default true check (one),
	epoch bigint not null default 1
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100, vacuum_truncate = off);
insert into q.control default values;

create table q.pause (
	scope text not null constraint "queue.pause_scope" check (scope in ('stage', 'kind', 'project')),
	name text not null constraint "queue.pause_name" check (length(name) between 1 and 128),
	actor text not null constraint "queue.pause_actor" check (length(actor) between 1 and 256),
	reason text not null constraint "queue.pause_reason" check (length(reason) between 1 and 1024),
	paused_at timestamptz not null default now(),
	primary key (scope, name)
);

-- Asked for while the job was out: its worker ends it before its next effect; gone when the job has its end.
create table q.cancel (
	job_id bigint primary key,
	actor text not null,
	reason text not null,
	asked_at timestamptz not null default now()
);

-- Limits: a job that matches queue and kind (null = any) belongs to the key name:VALUE, where VALUE comes from its args by the
-- field `by` ('project': its project; null: all jobs have the same one). Of one key at most `most` jobs are out at once, and
-- per_second start, after a pause up to burst.
create table q.limits (
	name text primary key constraint "queue.limit_name" check (name ~ '^[a-z][a-z0-9_.]{0,62}$'),
	queue text,
	kind text,
	by text constraint "queue.limit_by" check (length(by) between 1 and 63),
	most int constraint "queue.limit_most" check (most >= 0),
	per_second float8 constraint "queue.limit_rate" check (per_second > 0 and per_second <= 1000000),
	burst int not null default 1 constraint "queue.limit_burst" check (burst >= 1),
	actor text not null constraint "queue.limit_actor" check (length(actor) between 1 and 256),
	reason text not null constraint "queue.limit_reason" check (length(reason) between 1 and 1024),
	set_at timestamptz not null default now(),
	constraint "queue.limit_empty" check (most is not null or per_second is not null)
);

-- A run that may be out under a key. It ends by the run's row in q.run, so a crash that is rescued gives it back.
create table q.slot (
	key text not null,
	job_id bigint not null,
	attempt int not null,
	primary key (job_id, attempt, key)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
	vacuum_truncate = off);
create index slot_key on q.slot (key);

create table q.bucket (
	key text primary key,
	tokens float8 not null,
	filled_at timestamptz not null
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200,
	autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);

-- What may not run now, out of the way of claims: by lane 'kind:NAME' and 'project:ID' while these are paused,
-- 'limit:KEY,...' until there is room, 'share:PROJECT' what a project has waiting beyond its share.
create table q.held (
	queue text not null,
	lane text not null,
	prio smallint not null,
	seq bigint not null,
	job_id bigint not null,
	attempt int not null default 1,
	burned smallint not null default 0,
	suspect bool not null default false,
	primary key (queue, lane, prio, seq)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0,
	autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 100000,
	vacuum_truncate = off);
create index held_job on q.held (job_id);

-- The lanes that have rows. Whoever adds to a lane holds one of its rows or adds one, so a lane is only taken off this list when
-- nobody is adding to it; twice the same is harmless.
create table q.lane (
	id bigint generated always as identity primary key,
	queue text not null,
	lane text not null,
	keys text[]                                  -- of limits
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0,
	vacuum_truncate = off);
create index lane_name on q.lane (queue, lane);

-- The old rows have one of the old states: nothing to look through, so nobody waits.
alter table q.run drop constraint run_state_check;
alter table q.run add constraint run_state_check
	check (state in ('done', 'failed', 'parked', 'snoozed', 'rescued', 'returned', 'cancelled')) not valid;

-- pause and resume -------------------------------------------------------------------------------------------------
create function q.control_changed() returns void language sql volatile as $$
	update q.control set epoch = epoch + 1;
	select pg_notify('patchwork_ready', '*');          -- rare enough to go with the transaction
$$;

-- An actor is KIND:WHO, as cli:alice.
create function q.audit(action text, type text, id text, actor text, reason text, detail jsonb) returns void
language sql volatile as $$
	select audit.append(action, type, id, detail, split_part(actor, ':', 1), actor, reason)
$$;

-- Nothing of it is claimed any more; what is in hand goes on. False: it was paused before, and stays so.
create function q.pause(scope text, name text, actor text, reason text) returns bool
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	insert into q.pause (scope, name, actor, reason) values ($1, $2, $3, $4) on conflict do nothing;
	if not found then
		return false;
	end if;
	perform q.audit('queue.pause', $1, $2, $3, $4, '{}');
	perform q.control_changed();
	return true;
end $$;

-- False: it was not paused.
create function q.resume(scope text, name text, actor text, reason text) returns bool
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	since timestamptz;
begin
	if coalesce(length($3), 0) = 0 or coalesce(length($4), 0) = 0 then
		raise exception 'queue.pause_reason' using errcode = 'PW001';
	end if;
	delete from q.pause p where p.scope = $1 and p.name = $2 returning p.paused_at into since;
	if not found then
		return false;
	end if;
	perform q.audit('queue.resume', $1, $2, $3, $4, jsonb_build_object('paused_at', since));
	perform q.control_changed();
	return true;
end $$;

-- cancel -----------------------------------------------------------------------------------------------------------
-- The end of a job that waits, wherever it does; false: it was not waiting in this moment. What an unfinished run of it may have
-- done is not known when that run was lost or ended uncertain: such a job runs up to its probe first, unless it is parked.
create function q.cancel_waiting(job bigint, reason text) returns bool language plpgsql volatile as $$
#variable_conflict use_column
declare
	last record;
	next int;
begin
	select r.attempt, r.state, r.error_kind into last from q.run r where r.job_id = job order by r.attempt desc limit 1;
	if last.error_kind is distinct from 'uncertain' or last.state = 'parked' then
		delete from q.scheduled s where s.job_id = job returning s.attempt into next;
		if next is null then
			delete from q.held h where h.job_id = job returning h.attempt into next;
		end if;
		if next is null then
			delete from q.parked p where p.job_id = job returning p.attempt + 1 into next;
		end if;
		if next is null then
			delete from q.ready r where r.queue = (select j.queue from q.job j where j.id = job) and r.job_id = job
				returning r.attempt into next;
		end if;
	end if;
	if next is null then
		return false;
	end if;
	insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_code, error)
		values (job, next, 'cancelled', 0, 0, clock_timestamp(), clock_timestamp(), 'queue.cancelled', cancel_waiting.reason);
	return true;
end $$;

-- cancelled: it waited, and has its end now. running: it is out, or an earlier run may have had its effect; whoever has it
-- next ends it before it does anything new to the outside, and it may yet be done. finished: it has its end. unknown: no job.
create function q.cancel(job_id bigint, actor text, reason text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	answer text := 'running';
	last text;
begin
	if coalesce(length($2), 0) = 0 or coalesce(length($3), 0) = 0 then
		raise exception 'queue.cancel_reason' using errcode = 'PW001';
	end if;
	perform from q.job j where j.id = $1;
	if not found then
		return 'unknown';
	end if;
	select r.state into last from q.run r where r.job_id = $1 order by r.attempt desc limit 1;
	if last in ('done', 'cancelled') then
		return 'finished';
	end if;
	if q.cancel_waiting($1, $3) then
		answer := 'cancelled';
	else
		select r.state into last from q.run r where r.job_id = $1 order by r.attempt desc limit 1;
		if last in ('done', 'cancelled') then
			return 'finished';
		end if;
		insert into q.cancel (job_id, actor, reason) values ($1, $2, $3) on conflict do nothing;
		perform pg_notify('patchwork_ready', '*');
	end if;
	perform q.audit('job.cancel', 'job', $1::text, $2, $3, jsonb_build_object('answer', answer));
	return answer;
end $$;

-- Ends what was asked to end and has come to wait, and says which others are still to be ended.
create function q.cancels() returns bigint[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	asked record;
	last text;
begin
	for asked in select c.job_id, c.reason from q.cancel c for update skip locked loop
		select r.state into last from q.run r where r.job_id = asked.job_id order by r.attempt desc limit 1;
		if last in ('done', 'cancelled') or q.cancel_waiting(asked.job_id, asked.reason) then
			delete from q.cancel c where c.job_id = asked.job_id;
		end if;
	end loop;
	return array(select c.job_id from q.cancel c order by c.job_id);
end $$;

-- limits -----------------------------------------------------------------------------------------------------------
-- Sets a limit, or changes the one of that name. From the return on, no claim of a worker exceeds it; jobs that are out now count.
create function q.limit_set(name text, queue text, kind text, by text, most int, per_second float8, burst int, actor text, reason text)
	returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	insert into q.limits (name, queue, kind, by, most, per_second, burst, actor, reason)
		values ($1, $2, $3, $4, $5, $6, coalesce($7, 1), $8, $9)
		on conflict on constraint limits_pkey do update set queue = excluded.queue, kind = excluded.kind, by = excluded.by,
			most = excluded.most, per_second = excluded.per_second, burst = excluded.burst, actor = excluded.actor,
			reason = excluded.reason, set_at = now();
	perform q.audit('queue.limit', 'limit', $1, $8, $9, jsonb_build_object('queue', $2, 'kind', $3, 'by', $4, 'most', $5,
		'per_second', $6, 'burst', coalesce($7, 1)));
	perform q.control_changed();
end $$;

-- False: there is no such limit.
create function q.limit_drop(name text, actor text, reason text) returns bool
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	if coalesce(length($2), 0) = 0 or coalesce(length($3), 0) = 0 then
		raise exception 'queue.limit_reason' using errcode = 'PW001';
	end if;
	delete from q.limits l where l.name = $1;
	if not found then
		return false;
	end if;
	perform q.audit('queue.limit_drop', 'limit', $1, $2, $3, '{}');
	perform q.control_changed();
	return true;
end $$;

-- The keys of a job's limits, NAME:VALUE, sorted; null = it has none.
create function q.limit_keys(queue text, kind text, args jsonb, project_id uuid) returns text[] language sql stable as $$
	select array_agg(l.name || ':' || case when length(v.value) > 128 then md5(v.value) else v.value end order by l.name)
	from q.limits l, lateral (select case when l.by is null then '' when l.by = 'project' then $4::text else $3 ->> l.by end) v (value)
	where (l.queue is null or l.queue = $1) and (l.kind is null or l.kind = $2) and v.value is not null
$$;

-- Why a job may not run now: the lane where it waits, and the limits' keys; no row = it may.
create function q.aside(queue text, kind text, args jsonb, project_id uuid, job_id bigint, attempt int)
	returns table (lane text, keys text[])
language plpgsql stable as $$
begin
	select p.scope || ':' || p.name into lane from q.pause p
		where (p.scope = 'kind' and p.name = aside.kind) or (p.scope = 'project' and p.name = aside.project_id::text)
		order by p.scope limit 1;
	if lane is not null then
		return next;
		return;
	end if;
	keys := q.limit_keys(aside.queue, aside.kind, aside.args, aside.project_id);
	if exists (select from unnest(keys) k (key) where not exists (select from q.slot s
			where s.job_id = aside.job_id and s.attempt = aside.attempt and s.key = k.key)) then
		lane := 'limit:' || array_to_string(keys, ',');
		return next;
	end if;
end $$;

-- How many more of a key may go out. Claims of before the limit was known have no slots: their jobs are counted one by one.
create function q.room_of(name text, key text, most int, set_at timestamptz) returns int language sql volatile as $$
	select $3 - count(*)::int from (
		select s.job_id, s.attempt from q.slot s where s.key = $2
		union
		select u.job_id, u.attempt from q.claim c, unnest(c.job_ids, c.attempts) u (job_id, attempt), q.job j
		where c.claimed_at < $4 + interval '1 minute' and j.id = u.job_id
			and $2 = any (q.limit_keys(j.queue, j.kind, j.args, j.project_id))
			and not exists (select from q.run r where r.job_id = u.job_id and r.attempt = u.attempt)) as out
$$;

-- The tokens that a key's bucket holds now.
create function q.tokens_of(key text, per_second float8, burst int) returns float8 language plpgsql volatile as $$
#variable_conflict use_column
declare
	there float8;
begin
	insert into q.bucket (key, tokens, filled_at) values (tokens_of.key, burst, clock_timestamp()) on conflict do nothing;
	update q.bucket b set filled_at = clock_timestamp(), tokens = least(burst,
		b.tokens + greatest(0, extract(epoch from clock_timestamp() - b.filled_at)) * per_second)
		where b.key = tokens_of.key returning b.tokens into there;
	return there;
end $$;

-- How many of a lane's jobs its limits let go, and when the next one may by its rate.
create function q.room(keys text[], want int, out room int, out next interval) language plpgsql volatile as $$
declare
	l record;
	there float8;
begin
	room := want;
	for l in select k.key, x.* from unnest(keys) k (key) join q.limits x on x.name = split_part(k.key, ':', 1) loop
		if l.most is not null then
			room := least(room, q.room_of(l.name, l.key, l.most, l.set_at));
		end if;
		continue when l.per_second is null or room <= 0;
		there := q.tokens_of(l.key, l.per_second, l.burst);
		room := least(room, floor(there)::int);
		if there < 1 then
			next := greatest(next, make_interval(secs => (1 - there) / l.per_second));
		end if;
	end loop;
	room := greatest(room, 0);
end $$;

-- The first n of a lane become ready, with a slot for each of its keys; how many did.
create function q.release_lane(queue text, lane text, keys text[], n int) returns int language plpgsql volatile as $$
#variable_conflict use_column
declare
	moved int;
begin
	with gone as (
		delete from q.held where ctid = any (array(
			select h.ctid from q.held h where h.queue = release_lane.queue and h.lane = release_lane.lane
			order by h.prio, h.seq limit n for update skip locked))
		returning prio, seq, job_id, attempt, burned, suspect
	), slots as (
		insert into q.slot (key, job_id, attempt)
		select k.key, g.job_id, g.attempt from gone g, unnest(keys) k (key) on conflict do nothing
	), back as (
		insert into q.ready (queue, prio, job_id, attempt, burned, suspect)
		select release_lane.queue, g.prio, g.job_id, g.attempt, g.burned, g.suspect from gone g order by g.prio, g.seq
		returning 1
	)
	select count(*) into moved from back;
	update q.bucket b set tokens = b.tokens - moved where moved > 0 and b.key = any (keys);
	return moved;
end $$;

-- What is paused and would not go on when it were let go.
create function q.paused_lane(lane text) returns bool language sql stable as $$
	select exists (select from q.pause p where p.scope || ':' || p.name = $1 or (p.scope = 'project' and 'share:' || p.name = $1))
$$;

-- Lets the lanes of a queue go on in turn, from the one after `after`: those with limits as far as these allow, the others
-- want together, at least one each. One caller at a time; the others find nothing to do.
-- next: when to come again, null = no lane is left that may go on; last: the last lane served.
create function q.feed(queue text, want int, after text, out moved int, out next interval, out last text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	l record;
	part int;
	here int;
	went int;
	soon interval;
	ids bigint[];
begin
	moved := 0;
	last := feed.after;
	if not exists (select from q.lane x where x.queue = feed.queue) then
		return;
	end if;
	next := interval '20 ms';
	if not pg_try_advisory_xact_lock(hashtext('q.feed')) then
		return;
	end if;
	next := null;
	delete from q.lane where ctid = any (array(select x.ctid from q.lane x where x.queue = feed.queue
		and exists (select from q.lane y where y.queue = x.queue and y.lane = x.lane and y.id < x.id) for update skip locked));
	delete from q.slot s where exists (select from q.run r where r.job_id = s.job_id and r.attempt = s.attempt)
		or exists (select from q.held h where h.job_id = s.job_id);
	part := feed.want / greatest(1, (select count(distinct x.lane)::int from q.lane x where x.queue = feed.queue));
	for l in select x.lane, min(x.keys) as keys from q.lane x
			where x.queue = feed.queue and not q.paused_lane(x.lane)
			group by x.lane order by x.lane <= feed.after, x.lane limit 64 loop
		here := greatest(part, 1);
		soon := interval '20 ms';
		if l.keys is not null then
			select r.room, coalesce(r.next, soon) into here, soon from q.room(l.keys, 1000) r;
		end if;
		went := case when here > 0 then q.release_lane(feed.queue, l.lane, l.keys, here) else 0 end;
		moved := moved + went;
		last := l.lane;
		if went < here then
			ids := array(select x.id from q.lane x where x.queue = feed.queue and x.lane = l.lane for update skip locked);
			delete from q.lane x where x.id = any (ids)
				and not exists (select from q.held h where h.queue = feed.queue and h.lane = l.lane);
		else
			next := least(next, soon);
		end if;
	end loop;
end $$;

-- fairness ---------------------------------------------------------------------------------------------------------
-- As many jobs of one project may wait in q.ready of one queue; the others wait in a lane of its own.
create function q.share() returns int language sql immutable as 'select 32';

-- Which project a ready row belongs to; null = none, or it has had its turn in a lane.
alter table q.ready add column project_id uuid;

-- Moves what projects have ready beyond their share into their lanes, from the seqs given on; how many rows.
create function q.balance(queue text, prios int[], froms bigint[], look int default 4000) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	moved int;
begin
	with seen as (
		select r.at, r.project_id, row_number() over (partition by r.project_id order by r.prio, r.seq) as n
		from unnest(balance.prios, balance.froms) p (prio, "from"), lateral (
			select ctid as at, x.prio, x.seq, x.project_id from q.ready x
			where x.queue = balance.queue and x.prio = p.prio and x.seq >= p."from" order by x.seq limit balance.look) r
		where r.project_id is not null
	), gone as (
		delete from q.ready where ctid = any (array(
			select x.ctid from q.ready x where x.ctid = any (array(select s.at from seen s where s.n > q.share()))
			for update skip locked))
		returning prio, seq, job_id, attempt, burned, suspect, project_id
	), held as (
		insert into q.held (queue, lane, prio, seq, job_id, attempt, burned, suspect)
		select balance.queue, 'share:' || g.project_id, g.prio, g.seq, g.job_id, g.attempt, g.burned, g.suspect from gone g
		returning 1
	), lanes as (
		insert into q.lane (queue, lane) select distinct balance.queue, 'share:' || g.project_id from gone g
	)
	select count(*) into moved from held;
	return moved;
end $$;

-- As of 0002, and: of a project that has a lane here, into the lane.
create or replace function q.enqueue(queue text, kind text, key text, args jsonb, parent bigint default null,
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
		return new_id;
	end if;
	if enqueue.project_id is not null then
		perform from q.lane l where l.queue = enqueue.queue and l.lane = 'share:' || enqueue.project_id limit 1 for key share;
		if found then
			insert into q.held (queue, lane, prio, seq, job_id)
			values (enqueue.queue, 'share:' || enqueue.project_id, coalesce(enqueue.priority, 0::smallint),
				nextval('q.ready_seq'), new_id);
			return new_id;
		end if;
	end if;
	insert into q.ready (queue, prio, job_id, project_id)
	values (enqueue.queue, coalesce(enqueue.priority, 0::smallint), new_id, enqueue.project_id);
	return new_id;
end $$;

-- As of 0002, and: of a project, its share goes to q.ready and the rest into its lane.
create or replace function q.enqueue_many(queue text, kind text, args jsonb[], keys text[] default null, parent bigint default null,
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
	through bigint := 9223372036854775807; -- ids above it go into the lane
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
	if enqueue_many.project_id is not null then
		perform from q.lane l where l.queue = enqueue_many.queue and l.lane = 'share:' || enqueue_many.project_id
			limit 1 for key share;
		if found then
			through := 0;
		elsif n > q.share() then
			through := fresh[q.share()];
			insert into q.lane (queue, lane) values (enqueue_many.queue, 'share:' || enqueue_many.project_id);
		end if;
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
	), beyond as (
		insert into q.held (queue, lane, prio, seq, job_id)
		select enqueue_many.queue, 'share:' || enqueue_many.project_id, prio, nextval('q.ready_seq'), a.id from added a
		where a.id > through and (enqueue_many.run_at > now()) is not true
	)
	insert into q.ready (queue, prio, job_id, project_id)
	select enqueue_many.queue, prio, a.id, enqueue_many.project_id from added a
	where a.id <= through and (enqueue_many.run_at > now()) is not true;
	return ids;
end $$;

-- who may what -----------------------------------------------------------------------------------------------------
revoke all on function q.control_changed(), q.audit(text, text, text, text, text, jsonb), q.pause(text, text, text, text),
	q.resume(text, text, text, text), q.cancel_waiting(bigint, text), q.cancel(bigint, text, text), q.cancels(),
	q.limit_set(text, text, text, text, int, float8, int, text, text), q.limit_drop(text, text, text),
	q.room_of(text, text, int, timestamptz), q.tokens_of(text, float8, int), q.room(text[], int),
	q.release_lane(text, text, text[], int), q.feed(text, int, text), q.balance(text, int[], bigint[], int) from public;
grant execute on function q.pause(text, text, text, text), q.resume(text, text, text, text), q.cancel(bigint, text, text),
	q.limit_set(text, text, text, text, int, float8, int, text, text), q.limit_drop(text, text, text)
	to patchwork_worker, patchwork_api;
grant execute on function q.cancels(), q.feed(text, int, text), q.balance(text, int[], bigint[], int) to patchwork_worker;
grant select on q.control, q.pause, q.cancel, q.limits, q.slot, q.bucket, q.held, q.lane
	to patchwork_worker, patchwork_api, patchwork_auditor;
grant insert on q.held, q.lane to patchwork_worker, patchwork_api;
grant update (keys) on q.lane to patchwork_worker, patchwork_api;     -- what FOR KEY SHARE asks for; no statement updates it
