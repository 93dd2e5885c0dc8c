-- The audit log: rows that nobody can change, tied into a hash chain by a sealer, and signed checkpoints of the chain's end.
-- docs/security.md has the encoding that is hashed. A row is written without waiting for any other; the sealer (every worker,
-- each second, one at a time) gives committed rows their place: a chain that writers link themselves is one lock for all of them.

create schema audit;

create table audit.log (
	id bigint generated always as identity primary key,
	xid xid8 not null default pg_current_xact_id(),
	at timestamptz not null default clock_timestamp(),
	actor_kind text not null,                    -- stage, cli, person, role ...
	actor_id text not null,
	db_role text not null default session_user,  -- who was connected, whatever the caller says
	action text not null constraint "audit.action" check (action ~ '^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$'),
	object_type text not null,
	object_id text not null,
	request_id text,
	trace_id text,
	reason text,
	detail text not null constraint "audit.detail" check (jsonb_typeof(detail::jsonb) = 'object') -- these bytes are hashed
);
create index log_xid on audit.log (xid);
create index log_at on audit.log (at, id);
create index log_object on audit.log (object_type, object_id, at, id);
create index log_actor on audit.log (actor_id, at, id);
create index log_action on audit.log (action, at, id);

-- The chain: place seq holds row log_id.
create table audit.link (
	seq bigint primary key,
	log_id bigint not null unique,
	hash bytea not null check (length(hash) = 32),
	floor xid8 not null                          -- every row of a transaction below it has its place
);

create table audit.checkpoint (
	size bigint primary key,                     -- the chain has reached this seq
	hash bytea not null check (length(hash) = 32),
	note text not null,                          -- signed
	created_at timestamptz not null default now()
);

create function audit.append_only() returns trigger language plpgsql as $$
begin
	raise exception 'audit.append_only' using errcode = 'PW001', detail = format('%s of %s', tg_op, tg_table_name);
end $$;

do $$
declare
	t text;
begin
	foreach t in array array['log', 'link', 'checkpoint'] loop
		execute format('create trigger append_only before update or delete or truncate on audit.%I
			for each statement execute function audit.append_only()', t);
		execute format('alter table audit.%I enable always trigger append_only', t); -- replication's session setting does not skip it
	end loop;
end $$;

-- Until the end of the transaction: who acts, as "kind:id", and why. For what is audited by triggers.
create function audit.act(actor text, reason text) returns void
language sql volatile set search_path = pg_catalog, pg_temp as $$
	select set_config('patchwork.actor', coalesce($1, ''), true), set_config('patchwork.reason', coalesce($2, ''), true)
$$;

-- Adds a row; its id. Call it inside the statement that does what is audited. Who is not named is who audit.act named, else the
-- role that is connected. request_id and trace_id are taken out of detail. In a WITH query use the result, or PostgreSQL does not
-- run the call.
create function audit.append(action text, object_type text, object_id text, detail jsonb default '{}',
	actor_kind text default null, actor_id text default null, reason text default null) returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	insert into audit.log (actor_kind, actor_id, action, object_type, object_id, request_id, trace_id, reason, detail)
	select coalesce($5, case when $6 is null and a.actor like '%_:_%' then split_part(a.actor, ':', 1) end, 'role'),
		coalesce($6, case when a.actor like '%_:_%' then substr(a.actor, strpos(a.actor, ':') + 1) end, session_user),
		$1, $2, $3, $4 ->> 'request_id', $4 ->> 'trace_id', coalesce($7, nullif(a.reason, '')),
		(coalesce($4, '{}') - 'request_id' - 'trace_id')::text
	from (select current_setting('patchwork.actor', true) as actor, current_setting('patchwork.reason', true) as reason) a
	returning id
$$;

-- A field of the hashed bytes: its length as four bytes, big-endian, and its bytes in UTF-8; null is the length ffffffff alone.
create function audit.field(value text) returns bytea
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
	select coalesce(int4send(octet_length(convert_to(value, 'UTF8'))) || convert_to(value, 'UTF8'), '\xffffffff')
$$;

create function audit.hash(prev bytea, seq bigint, entry audit.log) returns bytea
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
	select sha256(prev || audit.field('patchwork audit 1') || audit.field(seq::text) || audit.field(entry.id::text)
		|| audit.field((extract(epoch from entry.at) * 1000000)::bigint::text) || audit.field(entry.actor_kind)
		|| audit.field(entry.actor_id) || audit.field(entry.db_role) || audit.field(entry.action)
		|| audit.field(entry.object_type) || audit.field(entry.object_id) || audit.field(entry.request_id)
		|| audit.field(entry.trace_id) || audit.field(entry.reason) || audit.field(entry.detail))
$$;

-- Gives committed rows their places, up to `most` of them; how many. 0 also when another session does it now.
-- Rows of one transaction stay together and in order. What commits late has a transaction id at or above the floor, so it is found:
-- an open transaction makes the next look longer and holds up nobody's seal. A floor beyond every transaction id of this
-- cluster came with a dump from another one; then, and with `everything`, all rows are looked through.
create function audit.seal(most int default 10000, everything bool default false) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	tail record;
	entry record;
	from_xid xid8;
	place bigint;
	head bytea;
begin
	if not pg_try_advisory_xact_lock(hashtext('audit.seal')) then
		return 0;
	end if;
	select l.seq, l.hash, l.floor into tail from audit.link l order by l.seq desc limit 1;
	place := coalesce(tail.seq, 0);
	head := coalesce(tail.hash, decode(repeat('00', 32), 'hex'));
	from_xid := coalesce(tail.floor, '0');
	if everything or from_xid > pg_snapshot_xmax(pg_current_snapshot()) then
		from_xid := '0';
	end if;
	for entry in
		select l as log, l.id, least(l.xid, pg_snapshot_xmin(pg_current_snapshot())) as floor from audit.log l
		where l.xid >= from_xid and not exists (select from audit.link k where k.log_id = l.id)
		order by l.xid, l.id limit most
	loop
		place := place + 1;
		head := audit.hash(head, place, entry.log);
		insert into audit.link (seq, log_id, hash, floor) values (place, entry.id, head, entry.floor);
	end loop;
	return place - coalesce(tail.seq, 0);
end $$;

-- What a person looks at: how far the chain is, what waits for its place and since when, and the last checkpoint.
create view audit.state as
select t.sealed, u.unsealed, u.unsealed_since, c.size as checkpoint_size, c.created_at as checkpoint_at
from (select coalesce(max(seq), 0) as sealed from audit.link) t
cross join lateral (
	select count(*) as unsealed, min(l.at) as unsealed_since from audit.log l
	where l.xid >= coalesce((select k.floor from audit.link k
			where k.seq = t.sealed and k.floor <= pg_snapshot_xmax(pg_current_snapshot())), '0')
		and not exists (select from audit.link k where k.log_id = l.id)
) u
left join lateral (select size, created_at from audit.checkpoint order by size desc limit 1) c on true;

-- What is always audited, whoever does it and by what statement -----------------------------------------------------
create function audit.on_verdict() returns trigger language plpgsql as $$
begin
	perform audit.append('verdict.' || new.result, 'submission', new.submission_id::text,
		jsonb_build_object('verdict_id', new.id, 'policy_sha256', encode(new.policy_sha256, 'hex'),
			'evidence_root', encode(new.evidence_root, 'hex'), 'job_id', new.job_id),
		case when new.job_id is not null then 'stage' end, case when new.job_id is not null then 'verify' end);
	return null;
end $$;
create trigger audited after insert on proof.verdict for each row execute function audit.on_verdict();

-- core.bounty_move writes who moved it: "stage:pay"
create function audit.on_bounty_event() returns trigger language plpgsql as $$
declare
	named bool := new.actor like '%_:_%';
begin
	perform audit.append('bounty.' || new.event, 'bounty', new.bounty_id::text,
		new.data || jsonb_build_object('seq', new.seq, 'from', new.from_state, 'to', new.to_state, 'job_id', new.job_id),
		case when named then split_part(new.actor, ':', 1) else 'role' end,
		case when named then substr(new.actor, strpos(new.actor, ':') + 1) else new.actor end);
	return null;
end $$;
create trigger audited after insert on core.bounty_event for each row execute function audit.on_bounty_event();

create function audit.on_payout() returns trigger language plpgsql as $$
declare
	name text := case new.state when 'hold' then 'scheduled' when 'sending' then 'signed' when 'paid' then 'confirmed'
		when 'held' then 'blocked' else new.state end;
begin
	if tg_op = 'UPDATE' and new.state = old.state then
		name := case when new.blocker is not null then 'blocked' else 'changed' end;
	end if;
	perform audit.append('payout.' || name, 'payout', new.id::text, jsonb_strip_nulls(jsonb_build_object(
		'bounty_id', new.bounty_id, 'submission_id', new.submission_id, 'person_id', new.person_id, 'asset_id', new.asset_id,
		'amount', new.amount::text, 'payee', '0x' || encode(new.payee, 'hex'), 'due_at', new.due_at, 'state', new.state,
		'blocker', new.blocker, 'tx_hash', '0x' || encode(new.tx_hash, 'hex'))));
	return null;
end $$;
create trigger audited_insert after insert on ledger.payout for each row execute function audit.on_payout();
create trigger audited after update on ledger.payout for each row
	when ((old.state, old.amount, old.payee, old.due_at, old.person_id, old.asset_id, old.blocker)
		is distinct from (new.state, new.amount, new.payee, new.due_at, new.person_id, new.asset_id, new.blocker))
	execute function audit.on_payout();

-- A nonce that goes up by one was signed with; another change is by hand.
create function audit.on_signer() returns trigger language plpgsql as $$
begin
	perform audit.append(case when new.stopped is not distinct from old.stopped then 'signer.nonce'
			when new.stopped is null then 'signer.resumed' else 'signer.stopped' end,
		'signer', '0x' || encode(new.address, 'hex'), jsonb_build_object('chain_id', new.chain_id, 'code', new.stopped,
			'nonce_was', old.next_nonce, 'nonce', new.next_nonce));
	return null;
end $$;
create trigger audited after update on ledger.chain_key for each row
	when (old.stopped is distinct from new.stopped or new.next_nonce not in (old.next_nonce, old.next_nonce + 1))
	execute function audit.on_signer();

create function audit.on_chain() returns trigger language plpgsql as $$
begin
	perform audit.append(case tg_op when 'INSERT' then 'chain.add' else 'chain.change' end, 'chain', new.caip2,
		jsonb_build_object('confirmations', new.confirmations, 'escrow', '0x' || encode(new.escrow, 'hex'),
			'enabled', new.enabled));
	return null;
end $$;
create trigger audited_insert after insert on core.chain for each row execute function audit.on_chain();
create trigger audited after update on core.chain for each row when (old.* is distinct from new.*)
	execute function audit.on_chain();

create function audit.on_asset() returns trigger language plpgsql as $$
begin
	perform audit.append(case tg_op when 'INSERT' then 'asset.add' else 'asset.change' end, 'asset', new.caip19,
		jsonb_build_object('symbol', new.symbol, 'decimals', new.decimals));
	return null;
end $$;
create trigger audited_insert after insert on core.asset for each row execute function audit.on_asset();
create trigger audited after update on core.asset for each row when (old.* is distinct from new.*)
	execute function audit.on_asset();

create function audit.on_account() returns trigger language plpgsql as $$
begin
	perform audit.append(case when tg_op = 'INSERT' then 'account.linked' when new.revoked_at is not null then 'account.revoked'
		else 'account.changed' end, 'person', new.person_id::text,
		jsonb_build_object('provider', new.provider, 'provider_uid', new.provider_uid, 'method', new.method));
	return null;
end $$;
create trigger audited_insert after insert on core.external_account for each row execute function audit.on_account();
create trigger audited after update on core.external_account for each row
	when ((old.person_id, old.provider_uid, old.method, old.revoked_at)
		is distinct from (new.person_id, new.provider_uid, new.method, new.revoked_at))
	execute function audit.on_account();

create function audit.on_person() returns trigger language plpgsql as $$
begin
	perform audit.append('person.' || new.status, 'person', new.id::text, jsonb_build_object('was', old.status));
	return null;
end $$;
create trigger audited after update on core.person for each row when (old.status is distinct from new.status)
	execute function audit.on_person();

create function audit.on_migration() returns trigger language plpgsql as $$
begin
	perform audit.append('migrate.applied', 'migration', new.number::text,
		jsonb_build_object('name', new.name, 'sha256', encode(new.sha256, 'hex')));
	return null;
end $$;
create trigger audited after insert on core.migration for each row execute function audit.on_migration();

create function audit.on_cursor() returns trigger language plpgsql as $$
begin
	perform audit.append('relay.rewind', 'sink', new.sink, jsonb_build_object('from_xid', old.xid::text, 'from_id', old.id,
		'to_xid', new.xid::text, 'to_id', new.id));
	return null;
end $$;
create trigger audited after update on q.outbox_cursor for each row when ((new.xid, new.id) < (old.xid, old.id))
	execute function audit.on_cursor();

-- who may what: add by the function, read, and nothing else; the sealer's and the checkpoint's are the worker's
revoke all on function audit.append(text, text, text, jsonb, text, text, text), audit.seal(int, bool) from public;
grant usage on schema audit to patchwork_api, patchwork_worker, patchwork_relay, patchwork_auditor;
grant execute on function audit.append(text, text, text, jsonb, text, text, text)
	to patchwork_api, patchwork_worker, patchwork_relay;
grant execute on function audit.seal(int, bool) to patchwork_worker;
grant select on all tables in schema audit to patchwork_api, patchwork_worker, patchwork_auditor;
grant insert on audit.checkpoint to patchwork_worker;
