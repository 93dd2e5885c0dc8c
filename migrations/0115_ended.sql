-- A parked job that was replayed has its end: there is nothing to cancel, and nobody waits for it.

create or replace function q.cancel(job_id bigint, actor text, reason text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	answer text := 'running';
begin
	if coalesce(length($2), 0) = 0 or coalesce(length($3), 0) = 0 then
		raise exception 'queue.cancel_reason' using errcode = 'PW001';
	end if;
	perform from q.job j where j.id = $1;
	if not found then
		return 'unknown';
	end if;
	if q.state_of($1) in ('done', 'cancelled', 'replayed') then
		return 'finished';
	end if;
	if q.cancel_waiting($1, $3) then
		answer := 'cancelled';
	else
		if q.state_of($1) in ('done', 'cancelled', 'replayed') then
			return 'finished';
		end if;
		insert into q.cancel (job_id, actor, reason) values ($1, $2, $3) on conflict do nothing;
		perform pg_notify('patchwork_ready', '*');
	end if;
	perform q.audit('job.cancel', 'job', $1::text, $2, $3, jsonb_build_object('answer', answer));
	return answer;
end $$;

create or replace function q.cancels() returns bigint[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	asked record;
begin
	for asked in select c.job_id, c.reason from q.cancel c for update skip locked loop
		if q.state_of(asked.job_id) in ('done', 'cancelled', 'replayed') or q.cancel_waiting(asked.job_id, asked.reason) then
			delete from q.cancel c where c.job_id = asked.job_id;
		end if;
	end loop;
	return array(select c.job_id from q.cancel c order by c.job_id);
end $$;

delete from q.cancel c where q.state_of(c.job_id) = 'replayed';

alter table core.account_token
	add column renewal_asks int not null default 0; -- renewals that ended without one: the next is another job
grant update (renewal_asks) on core.account_token to patchwork_worker;
grant select (renewal_asks) on core.account_token to patchwork_auditor;
