-- History leaves by whole partitions: exported, detached, dropped, each by a person (docs/operating.md, Old history).

create table q.detached (
	n bigint primary key,                        -- jobs n * q.partition_size() and on
	jobs bigint not null,
	runs bigint not null,
	sha256 bytea not null,                       -- of the export
	actor text not null constraint "history.actor" check (length(actor) between 1 and 200),
	reason text not null constraint "history.reason" check (length(reason) between 1 and 2000),
	begun_at timestamptz not null default now(),
	detached_at timestamptz,                     -- its tables are no longer part of the history
	dropped_at timestamptz
);

-- Jobs of a partition that may run again.
create function q.partition_live(n bigint) returns bigint
language sql stable set search_path = pg_catalog, pg_temp as $$
	select count(*) from (
		select r.job_id from q.ready r union all select s.job_id from q.scheduled s union all select p.job_id from q.parked p
		union all select h.job_id from q.held h union all select unnest(c.job_ids) from q.claim c
		union all select y.job_id from q.replay y join q.batch b on b.id = y.batch where y.replay_id is null and b.ended_at is null
	) as l (id) where l.id >= $1 * q.partition_size() and l.id < ($1 + 1) * q.partition_size()
$$;

-- When the last of its jobs was made or run ended: of whole spans what they say, of the ids around them what the rows say. Null while
-- spans are missing.
create function q.partition_newest(n bigint) returns timestamptz
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
	low constant bigint := n * q.partition_size();
	high constant bigint := (n + 1) * q.partition_size();
	first constant bigint := (low + q.span_size() - 1) / q.span_size();
	last constant bigint := high / q.span_size() - 1;
begin
	if not exists (select from q.span s where s.n >= last) then
		return null;
	end if;
	return greatest(
		(select max(greatest(case when s.jobs > 0 then s.made_until end, s.ended_until)) from q.span s where s.n between first and last),
		(select max(j.created_at) from q.job j where j.id >= low and j.id < first * q.span_size()),
		(select max(j.created_at) from q.job j where j.id >= (last + 1) * q.span_size() and j.id < high),
		(select max(r.finished_at) from q.run r where r.job_id >= low and r.job_id < first * q.span_size()),
		(select max(r.finished_at) from q.run r where r.job_id >= (last + 1) * q.span_size() and r.job_id < high));
end $$;

-- state: filling (it, or one before it, takes new jobs), live (jobs of it may run again), kept (not old enough), due, detaching,
-- detached. jobs is an estimate; newest is what spans know, null until they have all of it.
create function q.history_partitions(keep interval) returns table (n bigint, jobs bigint, newest timestamptz, live bigint, state text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	size constant bigint := q.partition_size();
	filling constant bigint := coalesce((select max(j.id) from q.job j), 0) / size;
	gone q.detached;
begin
	for n in
		select substr(c.relname, 5)::bigint from pg_class c
		where c.relnamespace = 'q'::regnamespace and c.relkind = 'r' and c.relname ~ '^job_[0-9]+$' order by 1
	loop
		gone := null;
		select d.* into gone from q.detached d where d.n = history_partitions.n;
		select greatest(c.reltuples, 0)::bigint into jobs from pg_class c where c.oid = to_regclass(format('q.job_%s', n));
		newest := q.partition_newest(n);
		live := q.partition_live(n);
		state := case when gone.detached_at is not null then 'detached' when gone.n is not null then 'detaching'
			when n >= filling then 'filling' when live > 0 then 'live' when newest < now() - keep then 'due' else 'kept' end;
		return next;
	end loop;
end $$;

-- The next jobs of a partition, each with its runs as one line of JSON: the same text whoever asks.
create function q.history_lines(part bigint, after bigint, most int) returns table (id bigint, runs int, line text)
language sql stable set search_path = pg_catalog, pg_temp set timezone = 'UTC' set bytea_output = 'hex' set enable_seqscan = off as $$
	select j.id, coalesce(jsonb_array_length(r.runs), 0), jsonb_build_object('job', to_jsonb(j), 'runs', coalesce(r.runs, '[]'))::text
	from q.job j left join lateral (select jsonb_agg(to_jsonb(x) order by x.attempt) as runs from q.run x where x.job_id = j.id) r on true
	where j.id > $2 and j.id >= $1 * q.partition_size() and j.id < ($1 + 1) * q.partition_size()
	order by j.id limit $3
$$;

-- Before a partition is detached: it must be due, or its detaching interrupted.
create function q.history_detach(part bigint, keep interval, jobs bigint, runs bigint, sha256 bytea, actor text, reason text)
	returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	p record;
begin
	select h.* into p from q.history_partitions(keep) h where h.n = part;
	if not found then
		raise exception '%: %', 'history.partition_unknown', part using errcode = 'PW001';
	end if;
	if p.state in ('filling', 'live') then
		raise exception '%: % jobs of partition % may run', 'history.live', p.live, part using errcode = 'PW001';
	elsif p.state = 'kept' then
		raise exception '%: the newest of partition % is of %', 'history.young', part, coalesce(p.newest::text, 'a time that is not known yet')
			using errcode = 'PW001';
	elsif p.state = 'detached' then
		raise exception '%: %', 'history.detached', part using errcode = 'PW001';
	end if;
	insert into q.detached (n, jobs, runs, sha256, actor, reason) values (part, jobs, runs, sha256, actor, reason)
		on conflict (n) do nothing;
	perform q.audit('operator.history_detach', 'partition', part::text, actor, reason,
		jsonb_build_object('jobs', jobs, 'runs', runs, 'sha256', encode(sha256, 'hex'), 'again', p.state = 'detaching'));
end $$;

-- After both of its tables are detached.
create function q.history_detached(part bigint) returns void
language sql set search_path = pg_catalog, pg_temp as $$
	update q.detached set detached_at = now() where n = $1 and detached_at is null;
	delete from q.span where n * q.span_size() >= $1 * q.partition_size() and (n + 1) * q.span_size() <= ($1 + 1) * q.partition_size();
$$;

-- The tables of a partition that was detached go, for good.
create function q.history_drop(part bigint, actor text, reason text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
	d q.detached;
begin
	select x.* into d from q.detached x where x.n = part and x.detached_at is not null and x.dropped_at is null for update;
	if not found then
		raise exception '%: %', 'history.not_detached', part using errcode = 'PW001';
	end if;
	execute format('drop table q.run_%s', part);
	execute format('drop table q.job_%s', part);
	update q.detached x set dropped_at = now() where x.n = part;
	perform q.audit('operator.history_drop', 'partition', part::text, actor, reason,
		jsonb_build_object('jobs', d.jobs, 'runs', d.runs, 'sha256', encode(d.sha256, 'hex')));
end $$;

revoke all on function q.history_detach(bigint, interval, bigint, bigint, bytea, text, text), q.history_detached(bigint),
	q.history_drop(bigint, text, text) from public;
grant select on q.detached to patchwork_auditor;
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select on q.detached to patchwork_operator;
	end if;
end $$;
