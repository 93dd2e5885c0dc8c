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

-- Adds a row; its id. Call it inside the statement that does what is audited. Who is not named is the role that is connected.
-- request_id and trace_id are taken out of detail. In a WITH query use the result, or PostgreSQL does not run the call.
create function audit.append(action text, object_type text, object_id text, detail jsonb default '{}',
	actor_kind text default null, actor_id text default null, reason text default null) returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp as $$
	insert into audit.log (actor_kind, actor_id, action, object_type, object_id, request_id, trace_id, reason, detail)
	values (coalesce($5, 'role'), coalesce($6, session_user), $1, $2, $3, $4 ->> 'request_id', $4 ->> 'trace_id', $7,
		(coalesce($4, '{}') - 'request_id' - 'trace_id')::text)
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

-- who may what: add by the function, read, and nothing else; the sealer's and the checkpoint's are the worker's
revoke all on function audit.append(text, text, text, jsonb, text, text, text), audit.seal(int, bool) from public;
grant usage on schema audit to patchwork_api, patchwork_worker, patchwork_relay, patchwork_auditor;
grant execute on function audit.append(text, text, text, jsonb, text, text, text)
	to patchwork_api, patchwork_worker, patchwork_relay;
grant execute on function audit.seal(int, bool) to patchwork_worker;
grant select on all tables in schema audit to patchwork_api, patchwork_worker, patchwork_auditor;
grant insert on audit.checkpoint to patchwork_worker;
