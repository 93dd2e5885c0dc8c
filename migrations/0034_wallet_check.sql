-- Sign-ins of wallets that are contracts: the chain must be asked, so a job decides, and the client asks for its decision.

create table core.wallet_check (
	id uuid primary key default core.uuid_v7(),
	nonce text not null unique,                  -- spent when the check began
	address bytea not null check (length(address) = 20),
	chain_id bigint not null,
	caip10 text not null,
	message text not null,
	signature bytea not null check (length(signature) between 1 and 8192),
	secret_sha256 bytea not null check (length(secret_sha256) = 32),
	state text not null default 'pending' check (state in ('pending', 'accepted', 'refused')),
	reason text,                                 -- error code
	block_number bigint,                         -- at which the chain was asked
	block_hash bytea,
	created_at timestamptz not null default now(),
	expires_at timestamptz not null,             -- of what was decided, too: a contract may change its mind
	decided_at timestamptz,
	opened_at timestamptz,                       -- the session was handed out, once
	check ((state = 'refused') = (reason is not null)),
	check ((state = 'pending') = (decided_at is null))
);
create index wallet_check_expiry on core.wallet_check (expires_at);

-- The same address on another chain may be another contract, or nobody's: it is paid on its own chain alone.
alter table core.wallet add column contract bool not null default false;

grant select, insert, delete, update (opened_at) on core.wallet_check to patchwork_api;
grant select, update (state, reason, block_number, block_hash, decided_at) on core.wallet_check to patchwork_worker;
grant select (id, address, chain_id, caip10, message, signature, state, reason, block_number, block_hash, created_at, decided_at, opened_at)
	on core.wallet_check to patchwork_auditor;
