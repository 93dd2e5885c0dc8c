-- Periodic jobs (docs/queue.md, Periodic jobs). Expressions are read and ticks computed here and nowhere else: in the transaction
-- that enqueues, by the database's clock and its time zones, so that every worker of every version and machine agrees.

create type q.cron as (
	minutes int[], hours int[], days int[], months int[], weekdays int[],
	last bool,      -- L among the days: the last of the month
	either bool,    -- days and weekdays both restricted: one of them is enough
	hourly bool     -- the hours begin with *: ticks follow the hours that there are, not the clock on the wall
);

create function q.cron_refuse(what text) returns void language plpgsql immutable as $$
begin
	raise exception 'cron.expression' using errcode = 'PW001', detail = what;
end $$;

-- A number or one of the names; null for anything else.
create function q.cron_value(word text, low int, names text[]) returns int
language sql immutable as $$
	select case when word ~ '^[0-9]+$' then word::int else low + array_position(names, word) - 1 end
$$;

-- "1,5-10/2,*/15" as the numbers it stands for.
create function q.cron_field(field text, what text, low int, high int, names text[] default '{}') returns int[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
	piece text;
	word text[];
	first int;
	last int;
	step int;
	found int[] := '{}';
begin
	foreach piece in array string_to_array(field, ',') loop
		word := regexp_match(piece, '^(?:(\*)|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?$');
		first := case when word[1] is not null then low else q.cron_value(word[2], low, names) end;
		last := case when word[1] is not null then high when word[3] is null then first else q.cron_value(word[3], low, names) end;
		step := coalesce(word[4]::int, 1);
		if what = 'weekday' and word[3] is not null and last = 0 and first > 0 then
			last := 7; -- sat-sun
		end if;
		if word is null or first is null or last is null or first < low or last > high or first > last or step = 0
			or (word[4] is not null and word[1] is null and word[3] is null) then
			perform q.cron_refuse(what || ': ' || piece);
		end if;
		found := found || array(select generate_series(first, last, step));
	end loop;
	return found;
end $$;

create function q.cron_read(cron text) returns q.cron
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
declare
	f text[] := regexp_split_to_array(case lower(btrim(cron))
		when '@hourly' then '0 * * * *'
		when '@daily' then '0 0 * * *'
		when '@midnight' then '0 0 * * *'
		when '@weekly' then '0 0 * * 0'
		when '@monthly' then '0 0 1 * *'
		when '@yearly' then '0 0 1 1 *'
		when '@annually' then '0 0 1 1 *'
		else lower(btrim(cron)) end, '\s+');
	days text[];
	c q.cron;
begin
	if cron is null or cardinality(f) <> 5 or '' = any (f) then
		perform q.cron_refuse(coalesce(cron, 'null'));
	end if;
	c.minutes := q.cron_field(f[1], 'minute', 0, 59);
	c.hours := q.cron_field(f[2], 'hour', 0, 23);
	days := array_remove(string_to_array(f[3], ','), 'l');
	c.last := 'l' = any (string_to_array(f[3], ','));
	c.days := case when days = '{}' then '{}' else q.cron_field(array_to_string(days, ','), 'day', 1, 31) end;
	c.months := q.cron_field(f[4], 'month', 1, 12,
		array['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']);
	c.weekdays := q.cron_field(f[5], 'weekday', 0, 7, array['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']);
	c.either := f[3] !~ '^\*' and f[5] !~ '^\*';
	c.hourly := f[2] ~ '^\*';
	return c;
end $$;

create function q.cron_on(c q.cron, day date) returns bool
language sql immutable as $$
	select extract(month from day)::int = any (c.months) and case when c.either then d or w else d and w end
	from (select extract(day from day)::int = any (c.days) or (c.last and extract(day from day + 1) = 1) as d,
		extract(dow from day)::int = any (c.weekdays) or (extract(dow from day) = 0 and 7 = any (c.weekdays)) as w) as m
$$;

-- The ticks of one day on the wall. A time that the clock skips is read with the offset before the jump, one that it shows twice is
-- the first (RFC 5545 3.3.5); with hours that begin with *, skipped times are none and repeated ones are both.
create function q.cron_day(c q.cron, zone text, day date) returns setof timestamptz
language sql stable as $$
	select distinct t.tick
	from unnest(c.hours) h, unnest(c.minutes) m
	cross join lateral (select day + make_interval(hours => h, mins => m) as wall) as w
	cross join lateral (select w.wall at time zone zone as near) as n
	cross join lateral (select
		(w.wall - ((n.near - interval '12 h') at time zone zone - (n.near - interval '12 h') at time zone 'UTC')) at time zone 'UTC' as before,
		(w.wall - ((n.near + interval '12 h') at time zone zone - (n.near + interval '12 h') at time zone 'UTC')) at time zone 'UTC' as after)
		as i
	cross join lateral (select i.before at time zone zone = w.wall as b, i.after at time zone zone = w.wall as a) as there
	cross join lateral (
		select i.before as tick where there.b or not (there.a or c.hourly)
		union all
		select i.after where there.a and (c.hourly or not there.b)) as t
$$;

-- The first tick after that moment.
create function q.cron_next(cron text, zone text, after timestamptz) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
	c q.cron := q.cron_read(cron);
	today date := after at time zone zone;
	day date;
	tick timestamptz;
begin
	for day in select g::date from generate_series(today - 1, today + 9 * 366, interval '1 day') g where q.cron_on(c, g::date) loop
		select min(t) into tick from q.cron_day(c, zone, day) t where t > after;
		if tick is not null then
			return tick;
		end if;
	end loop;
	raise exception 'cron.never' using errcode = 'PW001', detail = cron; -- nine years hold every day that there is
end $$;

-- The last `most` ticks from since to until, both included, in their order.
create function q.cron_between(cron text, zone text, since timestamptz, until timestamptz, most int) returns timestamptz[]
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
	c q.cron := q.cron_read(cron);
	found timestamptz[] := '{}';
	day date;
begin
	for day in select g::date from generate_series((until at time zone zone)::date + 1, (since at time zone zone)::date - 1,
			interval '-1 day') g where q.cron_on(c, g::date) loop
		exit when cardinality(found) >= most;
		found := found || array(select t from q.cron_day(c, zone, day) t where t between since and until order by t desc
			limit most - cardinality(found));
	end loop;
	return array(select t from unnest(found) t order by t);
end $$;

create function q.cron_text(tick timestamptz) returns text
language sql immutable as $$ select to_char(tick at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') $$;

create table q.schedule (
	name text primary key constraint "cron.name" check (name ~ '^[a-z][a-z0-9_.-]{0,62}$'),
	cron text not null,
	zone text not null,
	queue text not null constraint "queue.name" check (queue ~ '^[a-z][a-z0-9_.]{0,62}$'),
	kind text not null constraint "queue.kind" check (kind ~ '^[a-z][a-z0-9_.]{0,62}$'),
	args jsonb not null constraint "queue.args" check (jsonb_typeof(args) = 'object'),
	priority smallint not null constraint "queue.priority" check (priority between -2 and 2),
	catch_up text not null constraint "cron.catch_up" check (catch_up in ('skip', 'one', 'all')),
	catch_up_most int not null constraint "cron.catch_up_most" check (catch_up_most between 1 and 10000),
	enabled bool not null default true,
	next_at timestamptz not null,                -- the first tick that was not looked at
	last_at timestamptz,                         -- the last tick that became a job
	failed_at timestamptz,                       -- looked at in vain; error says why
	error text,
	actor text not null constraint "cron.actor" check (length(actor) between 1 and 256),
	reason text not null constraint "cron.reason" check (length(reason) between 1 and 1024),
	changed_at timestamptz not null default now()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200, vacuum_truncate = off);

-- Any worker, each second: ticks whose time has come become jobs. The key cron:NAME:TICK makes each one job, however many look
-- and whatever they know. A tick that nobody saw for a minute was missed: catch_up says what becomes of it. A schedule that
-- cannot be enqueued is tried again each minute and holds up no other.
create function q.cron_tick(out jobs int, out queues text[], out failed int, out wait interval)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	s q.schedule;
	due timestamptz[];
	tick timestamptz;
begin
	jobs := 0;
	failed := 0;
	queues := '{}';
	for s in select * from q.schedule x
		where x.enabled and x.next_at <= now() and (x.failed_at is null or x.failed_at < now() - interval '1 minute')
		order by x.next_at limit 100 for update skip locked loop
		begin
			due := q.cron_between(s.cron, s.zone, s.next_at, now(), case s.catch_up when 'all' then s.catch_up_most else 1 end);
			if s.catch_up = 'skip' and due[1] < now() - interval '1 minute' then
				due := '{}';
			end if;
			foreach tick in array due loop
				perform q.enqueue(s.queue, s.kind, 'cron:' || s.name || ':' || q.cron_text(tick),
					s.args || jsonb_build_object('tick', q.cron_text(tick)), null, null, s.priority,
					created_by => 'cron:' || s.name);
				jobs := jobs + 1;
				s.last_at := tick;
				queues := queues || s.queue;
			end loop;
			update q.schedule x set next_at = q.cron_next(s.cron, s.zone, now()), last_at = s.last_at, failed_at = null, error = null
				where x.name = s.name;
		exception
			when lock_not_available or deadlock_detected or serialization_failure then
				null; -- the next look
			when others then
				failed := failed + 1;
				update q.schedule x set failed_at = now(), error = sqlerrm where x.name = s.name;
		end;
	end loop;
	queues := array(select distinct u from unnest(queues) u);
	wait := (select min(x.next_at) - now() from q.schedule x where x.enabled and x.next_at > now());
end $$;

-- what operators do ------------------------------------------------------------------------------------------------
create function q.schedule_audit(action text, name text, actor text, reason text, detail jsonb) returns void
language sql volatile as $$
	select audit.append(action, 'schedule', name, detail, split_part(actor, ':', 1), actor, reason)
$$;

-- A schedule by that name, made or replaced; its first tick is the next one from now. is_new false: it was there.
create function q.schedule_put(name text, cron text, zone text, queue text, kind text, args jsonb, priority smallint, catch_up text,
	catch_up_most int, actor text, reason text, out is_new bool, out next_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
begin
	if not exists (select from pg_timezone_names z where z.name = $3) then
		raise exception 'cron.zone' using errcode = 'PW001', detail = $3;
	end if;
	schedule_put.next_at := q.cron_next($2, $3, now());
	insert into q.schedule as x (name, cron, zone, queue, kind, args, priority, catch_up, catch_up_most, actor, reason, next_at)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, schedule_put.next_at)
	on conflict (name) do update set cron = $2, zone = $3, queue = $4, kind = $5, args = $6, priority = $7, catch_up = $8,
		catch_up_most = $9, actor = $10, reason = $11, next_at = excluded.next_at, failed_at = null, error = null, changed_at = now()
	returning x.xmax = 0 into schedule_put.is_new;
	perform q.schedule_audit(case when schedule_put.is_new then 'operator.cron_add' else 'operator.cron_change' end, $1, $10, $11,
		jsonb_build_object('cron', $2, 'zone', $3, 'queue', $4, 'kind', $5, 'args', $6, 'priority', $7, 'catch_up', $8,
			'catch_up_most', $9));
end $$;

-- False: there is none.
create function q.schedule_remove(name text, actor text, reason text) returns bool
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	gone q.schedule;
begin
	perform q.schedule_by($2, $3);
	delete from q.schedule x where x.name = $1 returning * into gone;
	if gone.name is null then
		return false;
	end if;
	perform q.schedule_audit('operator.cron_remove', $1, $2, $3, to_jsonb(gone));
	return true;
end $$;

-- On or off; ticks of the time in between are none. unchanged: it was so before.
create function q.schedule_enable(name text, enabled bool, actor text, reason text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	s q.schedule;
begin
	perform q.schedule_by($3, $4);
	select * into s from q.schedule x where x.name = $1 for update;
	if s.name is null or s.enabled = $2 then
		return case when s.name is null then 'unknown' else 'unchanged' end;
	end if;
	update q.schedule x set enabled = $2, next_at = q.cron_next(s.cron, s.zone, now()), failed_at = null, error = null,
		actor = $3, reason = $4, changed_at = now() where x.name = $1;
	perform q.schedule_audit(case when $2 then 'operator.cron_enable' else 'operator.cron_disable' end, $1, $3, $4, '{}');
	return 'changed';
end $$;

create function q.schedule_by(actor text, reason text) returns void language plpgsql immutable as $$
begin
	if coalesce(length(actor), 0) not between 1 and 256 then
		raise exception 'cron.actor' using errcode = 'PW001';
	end if;
	if coalesce(length(reason), 0) not between 1 and 1024 then
		raise exception 'cron.reason' using errcode = 'PW001';
	end if;
end $$;

revoke all on function q.cron_tick(), q.schedule_put(text, text, text, text, text, jsonb, smallint, text, int, text, text),
	q.schedule_remove(text, text, text), q.schedule_enable(text, bool, text, text) from public;
grant execute on function q.cron_tick(), q.schedule_put(text, text, text, text, text, jsonb, smallint, text, int, text, text),
	q.schedule_remove(text, text, text), q.schedule_enable(text, bool, text, text) to patchwork_worker;
grant select on q.schedule to patchwork_api, patchwork_worker, patchwork_auditor;
