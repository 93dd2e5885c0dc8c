-- A job of stage pay that runs again may pay a payout that is held. Over the API that wants what a payout's own retry wants: a signature
-- of the session's wallet in the last five minutes, of the action jobs.pay, whose object is the person. Whatever would run no such job
-- wants none.

create function q.operator_signed(person uuid, session uuid) returns void
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
	if not exists (
		select from core.statement t join core.session s on s.id = t.session_id
		where t.session_id = $2 and s.person_id = $1 and t.purpose = 'step_up' and t.action = 'jobs.pay' and t.object_id = $1::text
			and t.signed_at > now() - interval '5 minutes')
	then
		raise exception 'auth.step_up_required' using errcode = 'PW001';
	end if;
end $$;

create function q.operator_retry(person uuid, session uuid, job bigint, why text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	answer text := q.retry($3, q.operator($1), $4);
begin
	if answer = 'retried' and exists (select from q.job j where j.id = $3 and j.queue = 'pay') then
		perform q.operator_signed($1, $2);
	end if;
	return answer;
end $$;

create function q.operator_replay(person uuid, session uuid, ids bigint[], queue text, kind text, state text, code text, project uuid,
	since timestamptz, until timestamptz, rate float8, why text, out batch bigint, out jobs bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	asks text := q.operator($1);
begin
	if not q.replay_bounded($3, $4, $5, $6, $7, $8, $9, $10) then
		raise exception 'replay.too_wide' using errcode = 'PW001';
	end if;
	batch := q.replay_begin($3, $4, $5, $6, $7, $8, $9, $10, $11, asks, $12);
	jobs := (select b.total from q.batch b where b.id = batch);
	if exists (select from q.replay r join q.job j on j.id = r.job_id where r.batch = operator_replay.batch and j.queue = 'pay') then
		perform q.operator_signed($1, $2);
	end if;
end $$;

-- Who does not say in which session: the release before.
create or replace function q.operator_retry(person uuid, job bigint, why text) returns text
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	select q.operator_retry($1, null, $2, $3)
$$;
create or replace function q.operator_replay(person uuid, ids bigint[], queue text, kind text, state text, code text, project uuid,
	since timestamptz, until timestamptz, rate float8, why text, out batch bigint, out jobs bigint)
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	select r.batch, r.jobs from q.operator_replay($1, null, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) r
$$;

revoke all on function q.operator_signed(uuid, uuid), q.operator_retry(uuid, uuid, bigint, text),
	q.operator_replay(uuid, uuid, bigint[], text, text, text, text, uuid, timestamptz, timestamptz, float8, text) from public;
grant execute on function q.operator_retry(uuid, uuid, bigint, text),
	q.operator_replay(uuid, uuid, bigint[], text, text, text, text, uuid, timestamptz, timestamptz, float8, text) to patchwork_api;
