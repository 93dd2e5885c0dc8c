-- What a job says of itself while it runs (docs/queue.md, Progress, steps, effects): how far it is, which steps are behind it, what
-- went in and came out, and what it did to the world.

alter table q.run
	add column input_sha bytea,      -- sha256 of the job's arguments as text
	add column output_sha bytea,     -- sha256 of the output as text, of the whole one where only its size is kept
	add column effects jsonb;        -- [{what, id}] of this run

-- One row per job that has told anything, the newest; gone when the job is done.
create table q.progress (
	job_id bigint primary key,
	attempt int not null,
	done bigint not null constraint "queue.progress" check (done >= 0),
	total bigint constraint "queue.progress_total" check (total >= 0),
	note text constraint "queue.progress_note" check (length(note) <= 500),
	told_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200,
	autovacuum_vacuum_cost_delay = 0, vacuum_truncate = off);

-- Steps of long jobs that are behind them: a later attempt goes on after these.
create table q.step (
	job_id bigint not null,
	name text not null constraint "queue.step_name" check (name ~ '^[a-z][a-z0-9_.]{0,62}$'),
	attempt int not null,
	output jsonb constraint "queue.step_output" check (octet_length(output::text) <= 65536),
	done_at timestamptz not null default clock_timestamp(),
	primary key (job_id, name)
);

create function q.progress_of(job bigint) returns jsonb
language sql stable as $$
	select jsonb_build_object('attempt', p.attempt, 'done', p.done, 'total', p.total, 'note', p.note, 'told_at', p.told_at)
	from q.progress p where p.job_id = job
$$;

create function q.steps_of(job bigint) returns jsonb
language sql stable as $$
	select coalesce(jsonb_agg(jsonb_build_object('name', s.name, 'attempt', s.attempt, 'output', s.output, 'done_at', s.done_at)
		order by s.done_at, s.name), '[]')
	from q.step s where s.job_id = job
$$;

create function q.sha(content jsonb) returns bytea
language sql stable parallel safe as $$ select sha256(convert_to(content::text, 'UTF8')) $$;

grant select on q.progress, q.step to patchwork_api, patchwork_worker, patchwork_auditor;
grant insert, delete, update (attempt, done, total, note, told_at) on q.progress to patchwork_worker;
grant insert on q.step to patchwork_worker;
