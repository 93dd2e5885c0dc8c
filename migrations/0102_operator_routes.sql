-- What operators do over the API. Each function takes the person, looks whether they are an operator or admin now, and does one
-- thing, by the function that the commands call and that audits it: so the API's role needs no right to change the queue's tables.

-- Who asks, as the audit log names them.
create function q.operator(person uuid) returns text
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not exists (select from core.person p where p.id = $1 and p.status = 'active' and core.roles(p.id) && '{admin,operator}') then
		raise exception 'auth.role' using errcode = 'PW001';
	end if;
	return 'person:' || $1;
end $$;

-- The pause there is now; fresh: it was not there before.
create function q.operator_pause(person uuid, what text, which text, why text)
	returns table (fresh bool, actor text, reason text, paused_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	asks text := q.operator($1);
begin
	if $2 = 'project' and not exists (select from core.project p where p.id::text = $3) then
		raise exception 'queue.pause_unknown' using errcode = 'PW001';
	end if;
	fresh := q.pause($2, $3, asks, $4);
	return query select fresh, p.actor, p.reason, p.paused_at from q.pause p where p.scope = $2 and p.name = $3;
end $$;

create function q.operator_resume(person uuid, what text, which text, why text) returns bool
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	select q.resume($2, $3, q.operator($1), $4)
$$;

create function q.operator_retry(person uuid, job bigint, why text) returns text
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	select q.retry($2, q.operator($1), $3)
$$;

-- As q.cancel; what was asked for before is answered as then, and not fresh.
create function q.operator_cancel(person uuid, job bigint, why text, out answer text, out fresh bool)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	asks text := q.operator($1);
begin
	fresh := false;
	if exists (select from q.cancel c where c.job_id = $2) then
		answer := 'running';
	elsif q.state_of($2) = 'cancelled' then
		answer := 'cancelled';
	else
		answer := q.cancel($2, asks, $3);
		fresh := true;
	end if;
end $$;

-- A replay that the API begins or previews looks at so many jobs and no more: its statements are short.
create function q.replay_most() returns int language sql immutable parallel safe as 'select 20000';

create function q.replay_bounded(ids bigint[], queue text, kind text, state text, code text, project uuid, since timestamptz,
	until timestamptz) returns bool
language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off as $$
#variable_conflict use_variable
declare
	most constant int := q.replay_most();
	n bigint;
begin
	if ids is not null then
		return cardinality(ids) <= 1000;
	elsif state = 'parked' then
		select count(*) into n from (select from q.parked p limit most + 1) x;
	elsif code is not null then
		select count(*) into n from (select from q.run r where r.error_code = code limit most + 1) x;
	elsif project is not null then
		select count(*) into n from (select from q.job j where j.project_id = project limit most + 1) x;
	else -- all that q.replay_candidates would read, then what it finds there
		select coalesce(sum(s.jobs), 0) into n from q.span s
			where s.jobs < q.span_size() and s.seen_at < s.made_until + interval '1 minute' or
				(queue is null or s.queues is null or queue = any (s.queues))
				and (kind is null or s.kinds is null or kind = any (s.kinds))
				and (since is null or s.made_until >= since) and (until is null or s.made_from is null or s.made_from < until);
		n := n + (select count(*) from (select from q.job j
			where j.id >= (select coalesce(max(s.n) + 1, 0) * q.span_size() from q.span s) limit 10 * most + 1) x);
		if n > 10 * most then
			return false;
		end if;
		select count(*) into n from q.replay_candidates(ids, queue, kind, state, code, project, since, until);
	end if;
	return n <= most;
end $$;

create function q.replay_preview(ids bigint[], queue text, kind text, state text, code text, project uuid, since timestamptz,
	until timestamptz, out jobs bigint, out kinds jsonb, out sample jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not q.replay_bounded($1, $2, $3, $4, $5, $6, $7, $8) then
		raise exception 'replay.too_wide' using errcode = 'PW001';
	end if;
	with found as materialized (
		select r.job_id, r.of_kind, r.of_state, row_number() over () as at from q.replayable($1, $2, $3, $4, $5, $6, $7, $8) r
	)
	select (select count(*) from found),
		(select coalesce(jsonb_agg(jsonb_build_object('kind', k.of_kind, 'jobs', k.n) order by k.n desc, k.of_kind), '[]')
			from (select f.of_kind, count(*) as n from found f group by f.of_kind) k),
		(select coalesce(jsonb_agg(jsonb_build_object('id', f.job_id, 'kind', f.of_kind, 'state', f.of_state) order by f.at), '[]')
			from found f where f.at <= 20)
		into jobs, kinds, sample;
end $$;

create function q.operator_replay(person uuid, ids bigint[], queue text, kind text, state text, code text, project uuid,
	since timestamptz, until timestamptz, rate float8, why text, out batch bigint, out jobs bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	asks text := q.operator($1);
begin
	if not q.replay_bounded($2, $3, $4, $5, $6, $7, $8, $9) then
		raise exception 'replay.too_wide' using errcode = 'PW001';
	end if;
	batch := q.replay_begin($2, $3, $4, $5, $6, $7, $8, $9, $10, asks, $11);
	jobs := (select b.total from q.batch b where b.id = batch);
end $$;

create function q.operator_replay_stop(person uuid, batch bigint, why text) returns text
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	select q.replay_stop($2, q.operator($1), $3)
$$;

revoke all on function q.operator(uuid), q.operator_pause(uuid, text, text, text), q.operator_resume(uuid, text, text, text),
	q.operator_retry(uuid, bigint, text), q.operator_cancel(uuid, bigint, text),
	q.replay_preview(bigint[], text, text, text, text, uuid, timestamptz, timestamptz),
	q.operator_replay(uuid, bigint[], text, text, text, text, uuid, timestamptz, timestamptz, float8, text),
	q.operator_replay_stop(uuid, bigint, text) from public;
grant execute on function q.operator_pause(uuid, text, text, text), q.operator_resume(uuid, text, text, text),
	q.operator_retry(uuid, bigint, text), q.operator_cancel(uuid, bigint, text),
	q.replay_preview(bigint[], text, text, text, text, uuid, timestamptz, timestamptz),
	q.operator_replay(uuid, bigint[], text, text, text, text, uuid, timestamptz, timestamptz, float8, text),
	q.operator_replay_stop(uuid, bigint, text) to patchwork_api;
