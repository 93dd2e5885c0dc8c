-- What operators do with jobs: run one again, and replay any number of ended ones. A replay is a new job that names the old one;
-- nothing of the old one's history is changed. Functions do what is written, and write it into the audit log; the operator's role
-- has nothing but them and SELECT.

alter table q.job add column batch bigint;
create index job_batch on q.job (batch, id) where batch is not null;
create index job_replay on q.job (replay_of, id) where replay_of is not null;
create index run_code on q.run (error_code, job_id) where error_code is not null;

-- A replay of many: who, why, what was asked for, and the bucket that lets its jobs out. Tokens are jobs that may be released now.
create table q.batch (
	id bigint generated always as identity primary key,
	actor text not null constraint "replay.actor" check (length(actor) between 1 and 200),
	reason text not null constraint "replay.reason" check (length(reason) between 1 and 2000),
	filter jsonb not null constraint "replay.filter" check (jsonb_typeof(filter) = 'object'),
	rate float8 not null constraint "replay.rate" check (rate between 0.001 and 100000),  -- per second
	total bigint not null default 0,
	released bigint not null default 0,
	tokens float8 not null default 1,
	filled_at timestamptz not null default clock_timestamp(),
	created_at timestamptz not null default now(),
	stopped_at timestamptz,
	ended_at timestamptz                         -- all released, or stopped
) with (fillfactor = 50);
create index batch_open on q.batch (id) where ended_at is null;

-- One row per job of a batch. Those of one lane are let out one after the other, in the order of the old ids.
create table q.replay (
	batch bigint not null references q.batch,
	job_id bigint not null,                      -- the old one
	lane text not null,
	replay_id bigint,                            -- the new one, once it is let out; 0: the old one was gone by then
	primary key (batch, job_id)
);
create index replay_lane on q.replay (batch, lane, job_id);
create index replay_waiting on q.replay (batch, job_id) where replay_id is null;

-- ready, running, scheduled, held, parked, done, cancelled; replayed: it was parked, and has been replayed since.
create function q.state_of(job_id bigint) returns text language sql stable as $$
	select case
		when exists (select from q.parked p where p.job_id = $1) then 'parked'
		when last.state in ('done', 'cancelled') then last.state
		when exists (select from q.claim c where $1 = any (c.job_ids)) then 'running'
		when exists (select from q.scheduled s where s.job_id = $1) then 'scheduled'
		when exists (select from q.held h where h.job_id = $1) then 'held'
		when last.state = 'parked' and exists (select from q.job r where r.replay_of = $1 and r.created_at >= last.finished_at)
			then 'replayed'
		else 'ready'
	end
	from (select) as one
	left join lateral (select r.state, r.finished_at from q.run r where r.job_id = $1 order by r.attempt desc limit 1) as last on true
$$;

-- Jobs that a replay of this filter would take: ended ones, no replays, oldest first; of ids, whatever has ended among them. Its
-- lane is what its work is about: the payout, submission, deposit, issue or project of its args, a delivery's subject, else the job.
create function q.replayable(ids bigint[], queue text, kind text, state text, code text, project uuid, since timestamptz,
	until timestamptz) returns table (job_id bigint, of_kind text, of_state text, lane text)
language sql stable as $$
	select j.id, j.kind, s.state, coalesce(
		j.args ->> 'payout_id', j.args ->> 'submission_id', j.args ->> 'contribution_id', j.args ->> 'issue_id', j.args ->> 'project_id',
		(select d.repo_id || '#' || d.number from ingest.delivery d
			where d.id = case when j.args ->> 'delivery_id' ~ '^[0-9]{1,18}$' then (j.args ->> 'delivery_id')::bigint end limit 1),
		'job:' || j.id)
	from q.job j cross join lateral (select q.state_of(j.id) as state) s
	where case when $1 is null then j.replay_of is null else j.id = any ($1) end
		and ($2 is null or j.queue = $2) and ($3 is null or j.kind = $3) and ($6 is null or j.project_id = $6)
		and ($7 is null or j.created_at >= $7) and ($8 is null or j.created_at < $8)
		and ($5 is null or j.id in (select r.job_id from q.run r where r.error_code = $5))
		and s.state in ('done', 'parked', 'cancelled', 'replayed') and ($4 is null or s.state = $4)
	order by j.id
$$;

-- Begins a batch; its id, or null when the filter finds nothing. Workers let its jobs out (q.replay_release).
create function q.replay_begin(ids bigint[], queue text, kind text, state text, code text, project uuid, since timestamptz,
	until timestamptz, rate float8, actor text, reason text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	new_batch bigint;
	n bigint;
begin
	insert into q.batch (actor, reason, filter, rate) values (actor, reason, jsonb_strip_nulls(jsonb_build_object('ids', ids,
		'stage', queue, 'kind', kind, 'state', state, 'code', code, 'project', project, 'since', since, 'until', until)), rate)
		returning id into new_batch;
	insert into q.replay (batch, job_id, lane)
		select new_batch, r.job_id, r.lane from q.replayable(ids, queue, kind, state, code, project, since, until) r;
	get diagnostics n = row_count;
	if n = 0 then
		delete from q.batch where id = new_batch;
		return null;
	end if;
	update q.batch set total = n where id = new_batch;
	perform q.audit('operator.replay', 'batch', new_batch::text, actor, reason, (select jsonb_build_object('filter', b.filter,
		'rate', b.rate, 'jobs', n) from q.batch b where b.id = new_batch));
	return new_batch;
end $$;

-- One job of a batch becomes a new job; its id. A parked one no longer waits for a person: the new one does its work.
create function q.replay_one(batch bigint, old bigint, actor text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
	was q.job;
	new_id bigint;
begin
	select j.* into was from q.job j where j.id = old;
	if not found then -- it has left with its partition since the batch began
		update q.replay set replay_id = 0 where batch = replay_one.batch and job_id = old;
		return null;
	end if;
	new_id := q.enqueue(was.queue, was.kind, format('replay:%s:%s', replay_one.batch, old), was.args, old, null, was.priority,
		created_by => actor);
	update q.job set replay_of = old, batch = replay_one.batch, parent_id = null where id = new_id;
	update q.replay set replay_id = new_id where batch = replay_one.batch and job_id = old;
	delete from q.parked where job_id = old;
	return new_id;
end $$;

-- Lets out what the buckets of the open batches allow now, a second's worth at most; null when there is no open batch. Called by
-- every worker many times a second; those that come together do it once. In the order of ids, and within a lane only when the
-- one before has ended (done, cancelled, or parked again).
create function q.replay_release(most int default 200) returns int
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	b q.batch;
	old bigint;
	let_out int := 0;
	n int;
	allowed float8;
	queues text[] := '{}';
begin
	for b in select * from q.batch x where x.ended_at is null order by x.id for update skip locked loop
		allowed := least(greatest(b.rate, 1), b.tokens + b.rate * extract(epoch from clock_timestamp() - b.filled_at)::float8);
		n := 0;
		for old in
			select p.job_id from q.replay p
			where p.batch = b.id and p.replay_id is null and not exists (
				select from q.replay e where e.batch = p.batch and e.lane = p.lane and e.job_id < p.job_id
				and (e.replay_id is null or e.replay_id > 0 and q.state_of(e.replay_id) in ('ready', 'running', 'scheduled', 'held')))
			order by p.job_id limit least(floor(allowed)::int, most)
		loop
			perform q.replay_one(b.id, old, b.actor);
			queues := queues || (select j.queue from q.job j where j.id = old);
			n := n + 1;
		end loop;
		update q.batch x set tokens = allowed - n, filled_at = clock_timestamp(), released = x.released + n,
			ended_at = case when x.released + n >= x.total then clock_timestamp() end where x.id = b.id;
		let_out := let_out + n;
	end loop;
	perform pg_notify('patchwork_ready', u.queue) from (select distinct unnest(queues) as queue) u;
	return case when let_out > 0 or exists (select from q.batch x where x.ended_at is null) then let_out end;
end $$;

-- What was not let out stays where it is: stopped, ended or unknown.
create function q.replay_stop(batch bigint, actor text, reason text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	b q.batch;
begin
	select x.* into b from q.batch x where x.id = replay_stop.batch for update;
	if not found then
		return 'unknown';
	end if;
	if b.ended_at is not null then
		return case when b.stopped_at is null then 'ended' else 'stopped' end;
	end if;
	update q.batch x set stopped_at = clock_timestamp(), ended_at = clock_timestamp() where x.id = b.id;
	perform q.audit('operator.replay_stop', 'batch', b.id::text, actor, reason, jsonb_build_object('released', b.released,
		'total', b.total));
	return 'stopped';
end $$;

-- A parked or waiting job runs now, as its next attempt: retried. Else why not: ready, running, held, done, cancelled, replayed, unknown.
create function q.retry(job bigint, actor text, reason text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	was text;
	waiting record;
begin
	if not exists (select from q.job j where j.id = job) then
		return 'unknown';
	end if;
	delete from q.scheduled s where s.job_id = job returning s.queue, s.prio, s.attempt, s.burned into waiting;
	if found then
		was := 'scheduled';
	else
		delete from q.parked p using q.job j where p.job_id = job and j.id = job
			returning p.queue, j.priority as prio, p.attempt + 1 as attempt, 0::smallint as burned into waiting;
		if not found then
			return q.state_of(job);
		end if;
		was := 'parked';
	end if;
	perform q.audit('operator.retry', 'job', job::text, actor, reason, jsonb_build_object('was', was, 'attempt', waiting.attempt));
	insert into q.ready (queue, prio, job_id, attempt, burned)
		values (waiting.queue, waiting.prio, job, waiting.attempt, waiting.burned);
	perform pg_notify('patchwork_ready', waiting.queue);
	return 'retried';
end $$;

revoke all on function q.replay_begin(bigint[], text, text, text, text, uuid, timestamptz, timestamptz, float8, text, text),
	q.replay_one(bigint, bigint, text), q.replay_release(int), q.replay_stop(bigint, text, text), q.retry(bigint, text, text)
	from public;
grant execute on function q.replay_release(int) to patchwork_worker;
grant select on q.batch, q.replay to patchwork_worker, patchwork_auditor, patchwork_api;
grant select on core.migration to patchwork_auditor;
grant select (number) on ingest.delivery to patchwork_auditor;

-- The operator sees what the auditor sees, and has the functions above. The owner need not be able to make the role: whoever may
-- makes it as docs/operating.md says, and gives it these grants.
do $$
begin
	if not exists (select from pg_roles where rolname = 'patchwork_operator') then
		create role patchwork_operator nologin;
	end if;
exception
	when duplicate_object or unique_violation then
		null; -- roles belong to the cluster: another database has made it
	when insufficient_privilege then
		raise warning 'role patchwork_operator is not there: nobody but the owner may replay (docs/operating.md)';
end $$;

do $$
begin
	if not exists (select from pg_roles where rolname = 'patchwork_operator') then
		return;
	end if;
	grant execute on function q.replay_begin(bigint[], text, text, text, text, uuid, timestamptz, timestamptz, float8, text, text),
		q.replay_stop(bigint, text, text), q.retry(bigint, text, text), q.cancel(bigint, text, text),
		q.pause(text, text, text, text), q.resume(text, text, text, text), q.limit_drop(text, text, text),
		q.limit_set(text, text, text, text, int, float8, int, text, text) to patchwork_operator;
	grant usage on schema core, ingest, proof, ledger, rep, q, audit to patchwork_operator;
	grant select on core.chain, core.asset, core.person, core.wallet, core.external_account, core.project, core.issue, core.pull,
		core.pull_issue_link, core.bounty, core.bounty_state_rule, core.bounty_event, core.contribution, core.submission,
		core.migration to patchwork_operator;
	grant select (id, received_at, provider, guid, hook_id, event, secret_no, body_sha256, state, reason, action, repo_id, number)
		on ingest.delivery to patchwork_operator;
	grant select on ingest.delivery_key, ingest.evidence to patchwork_operator;
	grant select on all tables in schema proof, ledger, rep, q, audit to patchwork_operator;
	grant select on all sequences in schema q to patchwork_operator;
end $$;
