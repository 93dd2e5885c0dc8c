-- What expired goes, in small batches by the workers; history goes by partitions, never by rows.

create index session_expiry on core.session (expires_at);
create index idempotency_age on core.idempotency (created_at);
grant select (id, expires_at), delete, update (expires_at) on core.session to patchwork_worker;                           -- FOR UPDATE asks for it
grant select (person_id, route, key, created_at), delete, update (created_at) on core.idempotency to patchwork_worker; -- the same
grant select (session_id), delete on core.refresh_token to patchwork_worker;
grant select (session_id) on core.statement to patchwork_worker;
create index statement_session on core.statement (session_id);

-- Who moved a bounty stands as "stage:pay" or as "person/018f...".
create or replace function audit.on_bounty_event() returns trigger language plpgsql as $$
declare
	at int := strpos(translate(new.actor, '/', ':'), ':');
	named bool := at > 1 and at < length(new.actor);
begin
	perform audit.append('bounty.' || new.event, 'bounty', new.bounty_id::text,
		new.data || jsonb_build_object('seq', new.seq, 'from', new.from_state, 'to', new.to_state, 'job_id', new.job_id),
		case when named then left(new.actor, at - 1) else 'role' end,
		case when named then substr(new.actor, at + 1) else new.actor end);
	return null;
end $$;
