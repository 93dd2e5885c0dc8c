-- 200,000 runs, and what pages through them: for tests/db/queue_history_test.c.

create function p(n int) returns uuid immutable language sql as $$ select ('00000000-0000-7000-8000-0000000000' || n)::uuid $$;
-- the run of job n ended an hour after that, a second one another hour later
create function t(n int) returns timestamptz immutable language sql as $$ select timestamptz '2026-01-01Z' + n * interval '2 s' $$;

insert into q.job (id, queue, kind, args, root_id, created_by, project_id, created_at)
select g, case when g % 7 = 0 then 'pay' else 'verify' end,
	case when g between 5001 and 5010 then 'old.rare' when g % 7 = 0 then 'pay.send' else 'verify.merge' end, '{}', g,
	case when g % 50000 = 7 then 'cli:ann' else 'patchwork_worker' end, case when g % 1000 = 3 then p(10) end, t(g)
from generate_series(1, 190000) g;
select setval('q.job_id', 190000);
insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code)
select g, a, case when g = 130 then 'parked' when runs > a then 'failed' else 'done' end, 1, 1, t(g), t(g) + a * interval '1 h',
	case when g = 130 or runs > a then 'retry' end, case when g = 130 then 'pay.reverted' when runs > a then 'github.rate_limited' end
from generate_series(1, 190000) g
cross join lateral (select case when g % 19 = 1 then 2 else 1 end) c (runs) cross join lateral generate_series(1, c.runs) a;
insert into q.parked (job_id, queue, kind, attempt, error_code) values (130, 'verify', 'verify.merge', 1, 'pay.reverted');

create function f(job bigint default null, project uuid default null, queue text default null, kind text default null,
	state text default null, code text default null, actor text default null, since timestamptz default null,
	until timestamptz default null) returns q.run_filter immutable language sql as
$$ select row (job, project, queue, kind, state, code, actor, since, until)::q.run_filter $$;

-- How many runs the pages have, and a hash of their keys in their order; the first 20,000 of them.
create function walked(f q.run_filter, size int) returns text language plpgsql as $$
declare
	below record := (null::bigint, null::int);
	h q.run_row;
	n int;
	runs int := 0;
	hash bigint := 0;
begin
	loop
		n := 0;
		for h in select * from q.history(f, below.f1, below.f2, size) loop
			n := n + 1;
			below := (h.job_id, h.attempt);
			if not h.more and runs < 20000 then
				runs := runs + 1;
				hash := hashint8extended(h.job_id * 10 + h.attempt, hash);
			end if;
		end loop;
		exit when runs = 20000 or n = 0 or n < size and not h.more;
	end loop;
	return runs || ' ' || hash;
end $$;

-- The same by reading all of it.
create function read_all(meant text) returns text language plpgsql as $$
declare
	run bigint;
	runs int := 0;
	hash bigint := 0;
begin
	for run in execute format('select r.job_id * 10 + r.attempt from q.job j join q.run r on r.job_id = j.id where %s
			order by r.job_id desc, r.attempt desc limit 20000', meant) loop
		runs := runs + 1;
		hash := hashint8extended(run, hash);
	end loop;
	return runs || ' ' || hash;
end $$;

-- The most buffers that one of the first three pages of 51 took.
create function cost(f q.run_filter) returns bigint language plpgsql as $$
declare
	last q.run_row;
	x json;
	most bigint := 0;
begin
	for page in 1 .. 3 loop
		execute format('explain (analyze, buffers, format json) select * from q.history(%L, %L, %L, 51)', f, last.job_id, last.attempt)
			into x;
		most := greatest(most, (x -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::bigint + (x -> 0 -> 'Plan' ->> 'Shared Read Blocks')::bigint);
		select h.* into last from q.history(f, last.job_id, last.attempt, 51) h order by h.job_id, h.attempt limit 1;
		exit when last.job_id is null;
	end loop;
	return most;
end $$;

-- Tables of the history that were read from end to end in this transaction.
create function scans() returns bigint language sql as $$
	select coalesce(sum(seq_scan), 0) from pg_stat_xact_user_tables where schemaname = 'q' and relname ~ '^(job|run)_[0-9]+$'
$$;
