-- A replay's filter reads what can match, not the whole history: by codes, projects and parked jobs from their indexes, else by spans.

alter table q.span add column made_from timestamptz;   -- null: not known yet

create or replace function q.span_read(span bigint) returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
	with j as (
		select count(*)::int as jobs, q.distinct_few(array_agg(queue)) as queues, q.distinct_few(array_agg(kind)) as kinds,
			q.distinct_few(array_agg(created_by)) as actors, coalesce(min(created_at), now()) as made_from,
			coalesce(max(created_at), now()) as made_until
		from q.job where id >= $1 * q.span_size() and id < ($1 + 1) * q.span_size()
	), r as (
		select (count(*) filter (where state in ('done', 'cancelled')))::int as finished, q.distinct_few(array_agg(state)) as states,
			min(finished_at) as ended_from, max(finished_at) as ended_until
		from q.run where job_id >= $1 * q.span_size() and job_id < ($1 + 1) * q.span_size()
	)
	insert into q.span (n, jobs, open, queues, kinds, actors, states, made_from, made_until, ended_from, ended_until, seen_at, again_at)
	select $1, jobs, jobs - finished, queues, kinds, actors, states, made_from, made_until, ended_from, ended_until, clock_timestamp(),
		case when jobs > finished or jobs < q.span_size() and now() < made_until + interval '2 days'
			then clock_timestamp() + greatest(clock_timestamp() - made_until, interval '2 seconds') end
	from j, r
	on conflict (n) do update set (jobs, open, queues, kinds, actors, states, made_from, made_until, ended_from, ended_until, seen_at, again_at)
		= (excluded.jobs, excluded.open, excluded.queues, excluded.kinds, excluded.actors, excluded.states, excluded.made_from,
			case when q.span.jobs = 0 and excluded.jobs = 0 then q.span.made_until else excluded.made_until end,
			excluded.ended_from, excluded.ended_until, excluded.seen_at, excluded.again_at)
$$;
update q.span set again_at = now();

-- Jobs that a replay's filter may find, none twice; what is not looked at here is looked at in q.replayable.
create function q.replay_candidates(ids bigint[], queue text, kind text, state text, code text, project uuid, since timestamptz,
	until timestamptz) returns setof bigint
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
#variable_conflict use_variable
begin
	if ids is not null then
		return query select distinct u from unnest(ids) u;
	elsif state = 'parked' then
		return query select p.job_id from q.parked p
			where (queue is null or p.queue = queue) and (kind is null or p.kind = kind);
	elsif code is not null then
		return query select distinct r.job_id from q.run r where r.error_code = code;
	elsif project is not null then
		return query select j.id from q.job j where j.project_id = project;
	else
		return query
			select j.id from (
				select s.n * q.span_size() as low, (s.n + 1) * q.span_size() - 1 as high from q.span s
				where s.jobs < q.span_size() and s.seen_at < s.made_until + interval '1 minute' or
					(queue is null or s.queues is null or queue = any (s.queues))
					and (kind is null or s.kinds is null or kind = any (s.kinds))
					and (since is null or s.made_until >= since) and (until is null or s.made_from is null or s.made_from < until)
				union all
				select coalesce(max(s.n) + 1, 0) * q.span_size(), 9223372036854775807 from q.span s
			) as part
			cross join lateral (select x.id, x.queue, x.kind, x.replay_of, x.created_at from q.job x where x.id between part.low and part.high
				offset 0) j
			where j.replay_of is null and (queue is null or j.queue = queue) and (kind is null or j.kind = kind)
				and (since is null or j.created_at >= since) and (until is null or j.created_at < until);
	end if;
end $$;

create or replace function q.replayable(ids bigint[], queue text, kind text, state text, code text, project uuid, since timestamptz,
	until timestamptz) returns table (job_id bigint, of_kind text, of_state text, lane text)
language sql stable set jit = off set enable_hashjoin = off set enable_mergejoin = off as $$
	select j.id, j.kind, s.state, coalesce(
		j.args ->> 'payout_id', j.args ->> 'submission_id', j.args ->> 'contribution_id', j.args ->> 'issue_id', j.args ->> 'project_id',
		(select d.repo_id || '#' || d.number from ingest.delivery d
			where d.id = case when j.args ->> 'delivery_id' ~ '^[0-9]{1,18}$' then (j.args ->> 'delivery_id')::bigint end limit 1),
		'job:' || j.id)
	from q.replay_candidates($1, $2, $3, $4, $5, $6, $7, $8) c (id)
	cross join lateral (select * from q.job x where x.id = c.id offset 0) j
	cross join lateral (select q.state_of(j.id) as state) s
	where case when $1 is null then j.replay_of is null else true end
		and ($2 is null or j.queue = $2) and ($3 is null or j.kind = $3) and ($6 is null or j.project_id = $6)
		and ($7 is null or j.created_at >= $7) and ($8 is null or j.created_at < $8)
		and ($5 is null or exists (select from q.run r where r.job_id = j.id and r.error_code = $5))
		and s.state in ('done', 'parked', 'cancelled', 'replayed') and ($4 is null or s.state = $4)
	order by j.id
$$;
