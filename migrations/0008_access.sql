-- Sessions that are refreshed, tokens for machines, roles, wallets of Casper, texts signed for one act, the payout wallet.

-- sessions: one sign-in is one session; refreshing prolongs its tokens, not the session ------------------------------------
alter table core.session
	add column kind text not null default 'wallet' check (kind in ('wallet', 'machine')),
	add column refreshed_at timestamptz,
	add column revoked_reason text,
	-- of a machine's: what is stored of its token is a hash
	add column name text,
	add column token_sha256 bytea unique check (length(token_sha256) = 32),
	add column scopes text[] not null default '{}',
	add column last_used_at timestamptz,
	add check ((kind = 'machine') = (token_sha256 is not null and name is not null));

create table core.refresh_token (
	sha256 bytea primary key check (length(sha256) = 32),
	session_id uuid not null references core.session,
	created_at timestamptz not null default now(),
	used_at timestamptz                          -- each is good once
);
create index refresh_token_session on core.refresh_token (session_id);

-- Who a session is: no row when it or its person is over.
create function core.session_person(p_session uuid) returns uuid language sql stable as $$
	select s.person_id from core.session s join core.person p on p.id = s.person_id
	where s.id = p_session and s.revoked_at is null and s.expires_at > now() and p.status = 'active'
$$;

-- roles --------------------------------------------------------------------------------------------------------------------
create table core.role_grant (
	id uuid primary key default core.uuid_v7(),
	person_id uuid not null references core.person,
	role text not null,
	project_id uuid references core.project,
	bounty_id uuid references core.bounty,
	granted_by text not null,                    -- "person/<id>", "cli:<user>"
	granted_at timestamptz not null default now(),
	revoked_by text,
	revoked_at timestamptz,
	constraint "role.scope" check (case
		when role in ('admin', 'operator', 'auditor') then project_id is null and bounty_id is null
		when role in ('owner', 'maintainer', 'reviewer', 'contributor') then project_id is not null and bounty_id is null
		when role = 'arbiter' then project_id is null and bounty_id is not null
		else false end),
	check ((revoked_at is null) = (revoked_by is null))
);
create unique index role_grant_held on core.role_grant
	(person_id, role, coalesce(project_id, bounty_id, '00000000-0000-0000-0000-000000000000')) where revoked_at is null;
create index role_grant_project on core.role_grant (project_id) where revoked_at is null;

-- The bounty that an object belongs to, and the project: what roles are looked up by.
create function core.bounty_of(p_kind text, p_id uuid) returns uuid language sql stable as $$
	select case p_kind
		when 'bounty' then p_id
		when 'submission' then (select bounty_id from core.submission where id = p_id)
		when 'payout' then (select bounty_id from ledger.payout where id = p_id)
	end
$$;
create function core.project_of(p_kind text, p_id uuid) returns uuid language sql stable as $$
	select case p_kind
		when 'project' then (select id from core.project where id = p_id)
		when 'pull' then (select project_id from core.pull where id = p_id)
		else (select project_id from core.bounty where id = core.bounty_of(p_kind, p_id))
	end
$$;

-- Every role that a person has towards an object: global ones, those of its project, those of its bounty. Who registered a
-- project owns its row.
create function core.roles(p_person uuid, p_kind text default null, p_id uuid default null) returns text[]
language sql stable as $$
	with object as (
		select core.project_of(p_kind, p_id) as project_id, core.bounty_of(p_kind, p_id) as bounty_id where p_kind is not null
	)
	select coalesce(array_agg(distinct role order by role), '{}') from (
		select g.role from core.role_grant g left join object o on true
		where g.person_id = p_person and g.revoked_at is null
			and (g.project_id is null or g.project_id = o.project_id) and (g.bounty_id is null or g.bounty_id = o.bounty_id)
		union all
		select 'owner' from core.project p join object o on o.project_id = p.id where p.created_by = p_person
		union all
		select 'funder' from core.bounty b join object o on o.bounty_id = b.id where b.created_by = p_person
		union all
		select 'funder' from core.contribution c join object o on o.bounty_id = c.bounty_id
			where c.funder_id = p_person and c.state <> 'refused'
		union all
		select 'claimant' from core.submission s join object o on o.bounty_id = s.bounty_id where s.claimant_id = p_person
	) as held (role)
$$;

-- What belongs to a private project exists for those alone who have a role in it.
create function core.sees(p_session uuid, p_kind text, p_id uuid) returns bool language sql stable as $$
	select coalesce(cardinality(core.roles(core.session_person(p_session), p_kind, p_id)) > 0, false)
$$;

-- wallets ------------------------------------------------------------------------------------------------------------------
-- Of an EVM wallet address is the 20 bytes, of a Casper one the 32 bytes of the account hash, and public_key is its tagged key.
alter table core.wallet
	drop constraint wallet_address_check,
	add column public_key bytea,
	alter column chain_id drop not null,
	add constraint wallet_address_check check (case
		when public_key is null then length(address) = 20 and chain_id is not null
		else length(address) = 32 and length(public_key) in (33, 34) and chain_id is null end);
alter table core.auth_nonce
	drop constraint auth_nonce_address_check,
	add column public_key bytea,
	alter column chain_id drop not null,
	add constraint auth_nonce_address_check check (length(address) = case when public_key is null then 20 else 32 end);

-- The wallet a person chose to be paid at, newest last. Until effective_at nothing is paid to it.
create table core.payout_wallet (
	id uuid primary key default core.uuid_v7(),
	person_id uuid not null references core.person,
	wallet_id uuid not null references core.wallet,
	chosen_at timestamptz not null default now(),
	effective_at timestamptz not null
);
create index payout_wallet_person on core.payout_wallet (person_id, chosen_at desc);

-- texts signed for one act of one session: a step-up, a link between two wallets ---------------------------------------------
create table core.statement (
	nonce text primary key,
	purpose text not null check (purpose in ('step_up', 'link')),
	session_id uuid not null references core.session,
	action text not null,
	object_id text not null,
	message text not null,                       -- signed by the session's wallet
	other_message text,                          -- link: signed by the wallet that joins
	address bytea,                               -- link: the one that joins
	public_key bytea,
	chain_id bigint,
	caip10 text,
	expires_at timestamptz not null,
	signed_at timestamptz,
	used_at timestamptz,
	check ((purpose = 'link') = (other_message is not null and address is not null and caip10 is not null))
);
create index statement_expiry on core.statement (expires_at);
create index statement_act on core.statement (session_id, action, object_id) where used_at is null;

-- grants -------------------------------------------------------------------------------------------------------------------
grant select on core.refresh_token, core.role_grant, core.payout_wallet, core.statement to patchwork_api;
grant insert, update (used_at) on core.refresh_token to patchwork_api;
grant update (refreshed_at, revoked_at, revoked_reason, last_used_at) on core.session to patchwork_api;
grant insert, update (revoked_by, revoked_at) on core.role_grant to patchwork_api;
grant update (unlinked_at) on core.wallet to patchwork_api;
grant insert on core.payout_wallet to patchwork_api;
grant insert, delete, update (signed_at, used_at) on core.statement to patchwork_api;
grant select on core.payout_wallet to patchwork_worker;
grant select on core.role_grant, core.payout_wallet to patchwork_auditor;
