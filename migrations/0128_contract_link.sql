-- Wallets that are contracts link, too: one to a person, an account to a project. What a statement's signers said is decided by jobs,
-- whatever the statement is for, and the last of them binds it.

alter table core.wallet_check
	drop constraint wallet_check_purpose_check,
	add constraint wallet_check_purpose_check check (purpose in ('sign_in', 'step_up', 'link', 'account')),
	add column joins bool not null default false check (purpose = 'link' or not joins), -- the wallet that joins, not the session's
	add column linked_id uuid,                   -- the wallet, or the project's account
	drop constraint wallet_check_nonce_key,
	add constraint wallet_check_nonce_key unique (nonce, joins);

-- What a contract called its own it may disown later: at which block it was asked.
alter table core.project_account
	add column block_number bigint,
	add column block_hash bytea check (length(block_hash) = 32),
	add constraint project_account_block check ((block_number is null) = (block_hash is null));

-- Why a text that came back signed is not taken; null = it is.
create function core.statement_refused(p_person uuid, t core.statement, p_message text, p_other text default null) returns text
language sql stable as $$
	select case
		when p_person is null then 'auth.session_ended'
		when t.nonce is null then 'auth.nonce_unknown'
		when t.message <> p_message or t.other_message <> p_other then 'auth.message_changed'
		when t.signed_at is not null or t.used_at is not null then 'auth.nonce_used'
		when t.expires_at <= now() then 'auth.expired'
	end
$$;

-- Has the chain asked whether a contract calls a signature its own. Each new check takes two that are over for a day with it.
create function core.wallet_check_begin(p_purpose text, p_nonce text, p_joins bool, p_address bytea, p_chain bigint, p_caip10 text,
	p_message text, p_signature bytea, p_secret bytea, p_lives interval, p_trace text, out id uuid, out expires_at timestamptz)
language sql volatile as $$
	with gone as (
		delete from core.wallet_check where id = any (array(
			select id from core.wallet_check where expires_at < now() - interval '1 day' limit 2 for update skip locked))
	), made as (
		insert into core.wallet_check (purpose, nonce, joins, address, chain_id, caip10, message, signature, secret_sha256, expires_at)
		values (p_purpose, p_nonce, p_joins, p_address, p_chain, p_caip10, p_message, p_signature, p_secret, now() + p_lives)
		returning id, expires_at
	), job as materialized (
		select q.enqueue('verify', 'verify.wallet', 'wallet:' || m.id, jsonb_build_object('check_id', m.id), trace => p_trace,
			created_by => 'api') as id
		from made m
	)
	select m.id, m.expires_at from made m where (select count(*) from job) > 0
$$;

-- A statement of a session came back, signed by one contract or by two; what a key signed was verified before and is null here. Spends it
-- and has the chain asked; the same again answers the same. Another chain's contract of the address of the session's wallet may be
-- somebody else's, so p_chain is to be that wallet's.
create function core.statement_check(p_session uuid, p_purpose text, p_object text, p_nonce text, p_message text, p_chain bigint,
	p_signature bytea, p_other text, p_other_signature bytea, p_lives interval, p_trace text, out refused text, out id uuid,
	out expires_at timestamptz)
language sql volatile as $$
	with me as (
		select core.session_person(p_session) as person_id
	), there as (
		select t, w.address, w.caip10, p_signature is null or p_purpose = 'account' or w.chain_id is not distinct from p_chain as own_chain
		from core.statement t join core.session s on s.id = t.session_id join core.wallet w on w.id = s.wallet_id
		where t.nonce = p_nonce and t.session_id = p_session and t.purpose = p_purpose and (p_object is null or t.object_id = p_object)
	), judged as materialized (
		select coalesce(core.statement_refused(me.person_id, h.t, p_message, p_other),
			case when not h.own_chain then 'auth.chain' end,
			case when p_purpose = 'account' then core.project_account_refused(me.person_id, (h.t).object_id::uuid, (h.t).caip10) end) as code
		from me left join there h on true
	), spent as (
		update core.statement t set used_at = now() from judged j
		where t.nonce = p_nonce and t.used_at is null and t.signed_at is null and j.code is null
		returning t.nonce
	), side as (
		select false as joins, case when p_purpose = 'account' then decode(right((h.t).caip10, 40), 'hex') else h.address end as address,
			p_chain as chain_id, case when p_purpose = 'account' then (h.t).caip10 else h.caip10 end as caip10, p_message as message,
			p_signature as signature
		from there h
		union all
		select true, (h.t).address, (h.t).chain_id, (h.t).caip10, p_other, p_other_signature from there h
	), made as materialized (
		select b.id, b.expires_at, d.joins
		from spent s, side d, core.wallet_check_begin(p_purpose, s.nonce, d.joins, d.address, d.chain_id, d.caip10, d.message, d.signature,
			null, p_lives, p_trace) b
		where d.signature is not null
	), again as (
		select c.id, c.expires_at, c.joins from core.wallet_check c join there h on c.nonce = (h.t).nonce, judged j
		where j.code = 'auth.nonce_used' and (
			select array_agg(a.signature order by a.joins) from core.wallet_check a
			where a.nonce = c.nonce) = array_remove(array[p_signature, p_other_signature], null)
	), asked as (
		select * from made union all select * from again order by joins limit 1
	)
	select case when a.id is null then coalesce(j.code, 'auth.nonce_used') end, a.id, a.expires_at
	from judged j left join asked a on true
$$;

-- Both signed: the wallet joins the person. No row's id: it is somebody else's.
create function core.wallet_link(p_person uuid, t core.statement, p_contract bool, p_evidence jsonb, p_trace text, out status int, out id uuid,
	out caip10 text, out linked_at timestamptz)
language sql volatile as $$
	with held as (
		select w.id, w.caip10, w.linked_at, w.person_id from core.wallet w where w.address = t.address and w.unlinked_at is null
	), made as (
		insert into core.wallet (person_id, chain_id, caip10, address, public_key, contract)
		select p_person, t.chain_id, t.caip10, t.address, t.public_key, p_contract where not exists (select from held)
		on conflict do nothing
		returning id, caip10, linked_at, person_id
	), audited as materialized (
		select audit.append('wallet.linked', 'wallet', m.id::text, jsonb_build_object('caip10', m.caip10, 'nonce', t.nonce,
			'trace_id', p_trace) || p_evidence, 'person', m.person_id::text) as id
		from made m
	), told as materialized (
		select q.emit('wallet.linked', m.id::text, 'person/' || m.person_id, jsonb_build_object('wallet_id', m.id,
			'person_id', m.person_id, 'caip10', m.caip10), trace => p_trace) as id
		from made m
	)
	select j.status, j.id, j.caip10, j.linked_at
	from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, (
		select 201 as status, m.* from made m union all select 200, h.* from held h where h.person_id = p_person) j
	where noted.n >= 0
$$;

-- The account signed: it is the project's; one that is already stays as it is.
create function core.project_account_link(p_person uuid, t core.statement, p_signature text, p_block_number bigint, p_block_hash bytea,
	p_evidence jsonb, p_trace text, out status int, out id uuid, out project_id uuid, out caip10 text, out linked_at timestamptz)
language sql volatile as $$
	with held as (
		insert into core.project_account (project_id, caip10, statement, signature, nonce, linked_by, block_number, block_hash)
		values (t.object_id::uuid, t.caip10, t.message, p_signature, t.nonce, p_person, p_block_number, p_block_hash)
		on conflict (project_id, caip10) where unlinked_at is null do update set unlinked_at = null
		returning *
	), made as (
		select * from held h where h.nonce = t.nonce
	), audited as materialized (
		select audit.append('project.account_linked', 'project', m.project_id::text, jsonb_build_object('account_id', m.id,
			'caip10', m.caip10, 'nonce', m.nonce, 'trace_id', p_trace) || p_evidence, 'person', m.linked_by::text) as id
		from made m
	), told as materialized (
		select q.emit('project.account_linked', m.id::text, 'project/' || m.project_id, jsonb_build_object('project_id', m.project_id,
			'account_id', m.id, 'caip10', m.caip10, 'person_id', m.linked_by), trace => p_trace, project_id => m.project_id) as id
		from made m
	)
	select case when h.nonce = t.nonce then 201 else 200 end, h.id, h.project_id, h.caip10, h.linked_at
	from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, held h
	where noted.n >= 0
$$;

-- A worker may decide a check and nothing more: it cannot sign for a session by itself. The lock on the statement is held to the end, so
-- of two signers the one that is decided later sees the other, and binds.
drop trigger signs on core.wallet_check;
create or replace function core.wallet_check_signs() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	t core.statement;
	v_person uuid;
	v_trace text;
	v_contract bool;
	v_evidence jsonb := jsonb_build_object('check_id', new.id, 'block_number', new.block_number, 'block_hash', encode(new.block_hash, 'hex'));
begin
	select * into t from core.statement where nonce = new.nonce and purpose = new.purpose for update;
	v_person := core.session_person(t.session_id);
	new.reason := case when t.nonce is null or new.expires_at <= now() then 'auth.expired'
		when v_person is null then 'auth.session_ended' end;
	if new.reason is null and exists (select from core.wallet_check k where k.nonce = new.nonce and k.id <> new.id and k.state <> 'accepted') then
		return new;
	end if;
	select j.trace into v_trace from q.job_key k join q.job j on j.id = k.job_id where k.queue = 'verify' and k.key = 'wallet:' || new.id;
	if new.reason is null and t.purpose = 'step_up' then
		perform audit.append('auth.stepped_up', 'session', t.session_id::text, v_evidence || jsonb_build_object('action', t.action,
			'object_id', t.object_id, 'trace_id', v_trace), 'person', v_person::text);
	elsif new.reason is null and t.purpose = 'link' then
		v_contract := new.joins or exists (select from core.wallet_check k where k.nonce = new.nonce and k.joins);
		new.linked_id := (core.wallet_link(v_person, t, v_contract, v_evidence, v_trace)).id;
		new.reason := case when new.linked_id is null then 'wallet.taken' end;
	elsif new.reason is null then
		new.reason := core.project_account_refused(v_person, t.object_id::uuid, t.caip10);
		if new.reason is null then
			new.linked_id := (core.project_account_link(v_person, t, '0x' || encode(new.signature, 'hex'), new.block_number, new.block_hash,
				v_evidence, v_trace)).id;
		end if;
	end if;
	if new.reason is null then
		update core.statement set signed_at = new.created_at where nonce = t.nonce;
	else
		new.state := 'refused';
	end if;
	return new;
end $$;
create trigger signs before update of state on core.wallet_check for each row
	when (new.purpose <> 'sign_in' and old.state = 'pending' and new.state = 'accepted')
	execute function core.wallet_check_signs();

grant insert (joins) on core.wallet_check to patchwork_api;
grant insert (block_number, block_hash) on core.project_account to patchwork_api;
grant select (joins, linked_id) on core.wallet_check to patchwork_auditor;
