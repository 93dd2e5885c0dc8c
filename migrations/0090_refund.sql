-- The way back: what the escrow still holds of a bounty that can no longer be won goes back to its funder once the lock has ended.
-- One row per return; its key names the transactions that are signed for it.

alter table core.contribution drop constraint contribution_state_check;
alter table core.contribution add constraint contribution_state_check
	check (state in ('pending', 'confirmed', 'refused', 'refunded'));

create table ledger.refund (
	id uuid primary key default core.uuid_v7(),
	key text not null unique,                    -- "refund:<bounty>"; of the n-th return of a bounty "refund:<bounty>.<n>"
	bounty_id uuid not null references core.bounty,
	asset_id uuid not null references core.asset,
	amount core.amount not null,                 -- in the escrow when it was begun; what went back once it is refunded
	state text not null default 'waiting' check (state in ('waiting', 'signed', 'sent', 'refunded', 'held')),
	blocker text,                                -- who or what must act next, in words
	due_at timestamptz not null,                 -- the escrow's lock ends, by its log
	funder bytea check (length(funder) = 20),    -- the wallet that got it, by the chain's log
	tx_hash bytea check (length(tx_hash) = 32),  -- the transaction that did it, whoever sent it
	refunded_at timestamptz,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	check (state <> 'refunded' or (refunded_at is not null and (tx_hash is not null or amount = 0)))
);
create unique index refund_open on ledger.refund (bounty_id) where state <> 'refunded';
create index refund_bounty on ledger.refund (bounty_id);

-- Begins the return of what a bounty has in the escrow, once; one that is under way goes on.
create function ledger.refund_begin(p_bounty uuid, p_job bigint default null) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	b record;
	r ledger.refund;
begin
	select x.id, x.state, x.project_id, x.asset_id, coalesce(l.posted, 0) as amount, (select count(*) from ledger.refund o
			where o.bounty_id = x.id) as earlier,
		(select max(coalesce(c.lock_until, x.deadline_at + x.hold)) from core.contribution c
			where c.bounty_id = x.id and c.state = 'confirmed') as until
	into b
	from core.bounty x left join ledger.account a on (a.kind, a.owner_id, a.asset_id) = ('escrow', x.id, x.asset_id)
		left join ledger.balance l on l.account_id = a.id
	where x.id = p_bounty for update of x;
	if b.amount = 0 and b.state <> 'refunding' then
		return;
	end if;
	insert into ledger.refund (key, bounty_id, asset_id, amount, due_at, blocker)
	values ('refund:' || b.id || case when b.earlier > 0 then '.' || b.earlier + 1 else '' end, b.id, b.asset_id, b.amount,
		coalesce(b.until, now()), 'the clock: the escrow gives the money back after '
			|| to_char(coalesce(b.until, now()) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'))
	on conflict (bounty_id) where state <> 'refunded' do nothing
	returning * into r;
	if not found then
		return;
	end if;
	perform q.enqueue('pay', 'pay.refund', r.key, jsonb_build_object('refund_id', r.id), p_job, run_at => greatest(r.due_at, now()),
		project_id => b.project_id);
	if b.state = 'refunding' then
		update core.bounty set blocker = r.blocker where id = b.id;
	end if;
end $$;
revoke execute on function ledger.refund_begin(uuid, bigint) from public;

-- Whoever moves a bounty to its end, also a program of the version before. What was locked beyond a reward that is paid, and what
-- was confirmed after the end, go back the same way.
create function ledger.refund_after_move() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	perform ledger.refund_begin(new.bounty_id, new.job_id);
	return null;
end $$;
create trigger refund_after_move after insert on core.bounty_event for each row
	when (new.to_state in ('refunding', 'refunded', 'cancelled', 'paid')) execute function ledger.refund_after_move();

create function ledger.refund_after_deposit() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	if exists (select from core.bounty b where b.id = new.bounty_id and b.state in ('refunding', 'refunded', 'cancelled', 'paid')) then
		perform ledger.refund_begin(new.bounty_id);
	end if;
	return null;
end $$;
create trigger refund_after_deposit after update on core.contribution for each row
	when (new.state = 'confirmed' and old.state <> 'confirmed') execute function ledger.refund_after_deposit();
revoke execute on function ledger.refund_after_move(), ledger.refund_after_deposit() from public;

create function audit.on_refund() returns trigger language plpgsql as $$
begin
	perform audit.append('refund.' || case new.state when 'waiting' then 'scheduled' when 'refunded' then 'confirmed'
			when 'held' then 'blocked' else new.state end,
		'refund', new.id::text, jsonb_strip_nulls(jsonb_build_object('bounty_id', new.bounty_id, 'asset_id', new.asset_id,
			'amount', new.amount::text, 'due_at', new.due_at, 'state', new.state, 'blocker', new.blocker,
			'funder', '0x' || encode(new.funder, 'hex'), 'tx_hash', '0x' || encode(new.tx_hash, 'hex'))));
	return null;
end $$;
create trigger audited_insert after insert on ledger.refund for each row execute function audit.on_refund();
create trigger audited after update on ledger.refund for each row
	when ((old.state, old.amount, old.blocker) is distinct from (new.state, new.amount, new.blocker))
	execute function audit.on_refund();

grant select on ledger.refund to patchwork_worker, patchwork_api, patchwork_auditor;
grant update (state, amount, blocker, funder, tx_hash, refunded_at, updated_at) on ledger.refund to patchwork_worker;
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select on ledger.refund to patchwork_operator;
	end if;
end $$;
