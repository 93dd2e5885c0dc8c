-- The history of runs, asked by any column and read page by page (docs/queue.md, History). Each job costs what it cost before: what
-- finds old runs is one row per 2,048 jobs, which workers write when those have been made.

create function q.span_size() returns int language sql immutable parallel safe as 'select 2048';

-- What is among the jobs n * q.span_size() and on: a search passes by those that cannot have what it looks for. A list that is null
-- was too long to keep.
create table q.span (
	n bigint primary key,
	jobs int not null,
	open int not null,                           -- how many of them may run again
	queues text[],
	kinds text[],
	actors text[],
	states text[],                               -- of runs
	made_until timestamptz not null,
	ended_from timestamptz,
	ended_until timestamptz,
	seen_at timestamptz not null,
	again_at timestamptz                         -- when it is looked at again; null: nothing of it will change
) with (fillfactor = 80);
create index span_again on q.span (again_at) where again_at is not null;

create function q.distinct_few(list text[]) returns text[] language sql immutable parallel safe as $$
	select case when count(*) <= 64 then coalesce(array_agg(u order by u), '{}') end from (select distinct unnest(list) as u) d
$$;

-- Looks at one span. Ids of transactions that are still open are missing from it, and some of its jobs will run again: it is looked
-- at again after as long as it has been there, then twice that, until both are settled or, for missing ids, two days have passed.
create function q.span_read(span bigint) returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
	with j as (
		select count(*)::int as jobs, q.distinct_few(array_agg(queue)) as queues, q.distinct_few(array_agg(kind)) as kinds,
			q.distinct_few(array_agg(created_by)) as actors, coalesce(max(created_at), now()) as made_until
		from q.job where id >= $1 * q.span_size() and id < ($1 + 1) * q.span_size()
	), r as (
		select (count(*) filter (where state in ('done', 'cancelled')))::int as finished, q.distinct_few(array_agg(state)) as states,
			min(finished_at) as ended_from, max(finished_at) as ended_until
		from q.run where job_id >= $1 * q.span_size() and job_id < ($1 + 1) * q.span_size()
	)
	insert into q.span (n, jobs, open, queues, kinds, actors, states, made_until, ended_from, ended_until, seen_at, again_at)
	select $1, jobs, jobs - finished, queues, kinds, actors, states, made_until, ended_from, ended_until, clock_timestamp(),
		case when jobs > finished or jobs < q.span_size() and now() < made_until + interval '2 days'
			then clock_timestamp() + greatest(clock_timestamp() - made_until, interval '2 seconds') end
	from j, r
	on conflict (n) do update set (jobs, open, queues, kinds, actors, states, made_until, ended_from, ended_until, seen_at, again_at)
		= (excluded.jobs, excluded.open, excluded.queues, excluded.kinds, excluded.actors, excluded.states,
			least(q.span.made_until, excluded.made_until), excluded.ended_from, excluded.ended_until, excluded.seen_at, excluded.again_at)
$$;

-- Looks at up to `most` spans that are full, and as many that are due again; how many it was. One caller at a time does it.
create function q.spans_ahead(most int default 32) returns int
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	size int := q.span_size();
	next bigint := coalesce((select max(s.n) + 1 from q.span s), (select min(j.id) from q.job j) / size);
	head bigint := (select max(j.id) from q.job j) / size;     -- is being filled
	span bigint;
	looked int := 0;
begin
	if not pg_try_advisory_xact_lock(hashtext('q.spans_ahead')) then
		return 0;
	end if;
	for span in
		select g from generate_series(next, least(next + most, head) - 1) g
		union all (select s.n from q.span s where s.again_at <= clock_timestamp() order by s.again_at limit most)
	loop
		perform q.span_read(span);
		looked := looked + 1;
	end loop;
	return looked;
end $$;

-- What is asked of the history; what is null is not asked. since and until are about a run's end.
create type q.run_filter as (job bigint, project uuid, queue text, kind text, state text, code text, actor text, since timestamptz,
	until timestamptz);

-- A run and its job. The last of a list may have `more` and nothing else but where to go on: there, below (job_id, attempt).
create type q.run_row as (job_id bigint, attempt int, queue text, kind text, key text, project_id uuid, created_by text,
	created_at timestamptz, state text, worker text, started_at timestamptz, finished_at timestamptz, error_kind text,
	error_code text, error text, input_sha bytea, output_sha bytea, effects jsonb, more bool);

create function q.run_more(job_id bigint, attempt int) returns q.run_row language sql immutable as $$
	select row ($1, $2, '', '', null, null, '', 'epoch', '', '', 'epoch', 'epoch', null, null, null, null, null, null, true)::q.run_row
$$;

-- The highest span at or below `top` that may have such runs, among the 16,384 from there on; null when none of them has.
create function q.span_below(top bigint, f q.run_filter) returns bigint
language sql stable set search_path = pg_catalog, pg_temp as $$
	select s.n from q.span s
	where s.n <= $1 and s.n > $1 - 16384 and (
		s.jobs < q.span_size() and s.seen_at < s.made_until + interval '1 minute' or
		(($2).queue is null or s.queues is null or ($2).queue = any (s.queues))
		and (($2).kind is null or s.kinds is null or ($2).kind = any (s.kinds))
		and (($2).actor is null or s.actors is null or ($2).actor = any (s.actors))
		and (s.open > 0 or (($2).state is null or s.states is null or ($2).state = any (s.states))
			and (($2).since is null or s.ended_until >= ($2).since) and (($2).until is null or s.ended_from < ($2).until)))
	order by s.n desc limit 1
$$;

-- How rows are looked for: from = 'code' or 'project', the next 512 of its index, or 'span', all jobs from $1 to $2. Below ($2, $3), $4
-- of them; from $5 on the filter. `last`: the key of the 512th instead, null when there are not so many.
create function q.history_query(source text, last bool) returns text language sql immutable as $$
	select case when last then format('select %s from (%s) d offset 511 limit 1', keys, driver) else format('
		select j.id, r.attempt, j.queue, j.kind, j.key, j.project_id, j.created_by, j.created_at, r.state,
			coalesce((select w.name from q.worker w where w.id = r.worker), r.worker::text), r.started_at, r.finished_at,
			r.error_kind, r.error_code, r.error, r.input_sha, r.output_sha, r.effects, false
		from %s
		where j.id between $1 and $2 and r.job_id between $1 and $2 and (r.job_id, r.attempt) < ($2, $3)
			and ($5 is null or j.project_id = $5) and ($6 is null or j.queue = $6) and ($7 is null or j.kind = $7)
			and ($8 is null or r.state = $8) and ($9 is null or r.error_code = $9) and ($10 is null or j.created_by = $10)
			and ($11 is null or r.finished_at >= $11) and ($12 is null or r.finished_at < $12)
		order by r.job_id desc, r.attempt desc limit $4', format(joined, driver)) end
	from (values
		('code', 'job_id, attempt', 'select * from q.run where error_code = $9 and job_id between $1 and $2 and (job_id, attempt) < ($2, $3)
			order by job_id desc, attempt desc limit 512', '(%s) r cross join lateral (select * from q.job where id = r.job_id offset 0) j'),
		('project', 'id, 0', 'select * from q.job where project_id = $5 and id between $1 and $2 order by id desc limit 512',
			'(%s) j cross join lateral (select * from q.run where job_id = j.id offset 0) r'),
		('span', '', '', 'q.job j join q.run r on r.job_id = j.id%s')) as v (source, keys, driver, joined)
	where v.source = $1
$$;

-- Runs, those of the newest job first, below (before_job, before_attempt): `most` of them, or as many as there are among some
-- thousands that were looked at. Jobs that no span has yet are looked at by as many as a span has.
create function q.history(f q.run_filter, before_job bigint, before_attempt int, most int) returns setof q.run_row
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_hashjoin = off set enable_seqscan = off set jit = off as $$
declare
	size constant int := q.span_size();
	any_attempt constant int := 2147483647;
	bottom constant bigint := coalesce(f.job, (select min(j.id) from q.job j), 0);
	spans constant bigint := coalesce((select max(s.n) from q.span s), -1);
	source constant text := case when f.job is not null then 'span' when f.code is not null then 'code' when f.project is not null
		then 'project' else 'span' end;
	top bigint := least(before_job, f.job, 9223372036854775807);
	attempt int := case when top = before_job then coalesce(before_attempt, 0) else any_attempt end;
	low bigint := bottom;
	newest bigint;
	span bigint;
	n int;
begin
	for step in 0 .. 4 loop
		newest := (select max(j.id) from q.job j where j.id between bottom and top);
		if newest is null then
			return;
		end if;
		span := newest / size;
		if span <= spans then
			span := q.span_below(newest / size, f);
			if span is null and (newest / size - 16384 + 1) * size <= bottom then
				return;
			elsif span is null then
				return next q.run_more((newest / size - 16384 + 1) * size, 0);
				return;
			end if;
			newest := least(newest, (span + 1) * size - 1);
		end if;
		if newest < top then
			top := newest;
			attempt := any_attempt;
		end if;
		if step = 4 then
			return next q.run_more(top, attempt);
			return;
		end if;
		if source = 'span' then
			low := greatest(bottom, span * size);
		end if;
		return query execute q.history_query(source, false)
			using low, top, attempt, most, f.project, f.queue, f.kind, f.state, f.code, f.actor, f.since, f.until;
		get diagnostics n = row_count;
		most := most - n;
		if most = 0 then
			return;
		elsif source = 'span' then
			top := low - 1;
			attempt := any_attempt;
		else
			execute q.history_query(source, true) into top, attempt
				using low, top, attempt, most, f.project, f.queue, f.kind, f.state, f.code, f.actor, f.since, f.until;
		end if;
		if top is null or top < bottom then
			return;
		end if;
	end loop;
end $$;

revoke all on function q.spans_ahead(int), q.span_read(bigint) from public;
grant execute on function q.spans_ahead(int) to patchwork_worker;
grant select on q.span to patchwork_worker, patchwork_api, patchwork_auditor;
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select on q.span to patchwork_operator;
	end if;
end $$;
