-- People, projects, GitHub's nouns, bounties, evidence, proofs, the ledger, reputation.
-- Amounts are numeric(78,0) in an asset's smallest unit; ids are UUIDv7 or bigint; provider ids bind, names are only shown.
-- A constraint whose name holds a dot is an error code of docs/errors.md.

create schema if not exists core; -- core.migration is there already
create schema ingest;
create schema proof;
create schema ledger;
create schema rep;

create domain core.amount as numeric(78, 0) check (value >= 0 and value < 2::numeric ^ 256);

-- RFC 9562 version 7: 48 bits of milliseconds, then random.
create function core.uuid_v7() returns uuid language sql volatile as $$
	select encode(
		set_bit(set_bit(
			overlay(uuid_send(gen_random_uuid())
				placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3) from 1 for 6),
			52, 1), 53, 1), 'hex')::uuid
$$;

-- identity ---------------------------------------------------------------------------------------------------------
create table core.person (
	id uuid primary key default core.uuid_v7(),
	status text not null default 'active' check (status in ('active', 'suspended', 'erased')),
	created_at timestamptz not null default now()
);

create table core.chain (
	id bigint primary key,                       -- EIP-155
	caip2 text not null unique,
	confirmations int not null check (confirmations > 0),
	escrow bytea not null check (length(escrow) = 20),
	enabled bool not null default true
);

create table core.asset (
	id uuid primary key default core.uuid_v7(),
	caip19 text not null unique,
	chain_id bigint not null references core.chain,
	token bytea not null check (length(token) = 20),
	symbol text not null,
	decimals int not null check (decimals between 0 and 36),
	unique (chain_id, token)
);

create table core.wallet (
	id uuid primary key default core.uuid_v7(),
	person_id uuid not null references core.person,
	chain_id bigint not null,
	caip10 text not null,
	address bytea not null check (length(address) = 20),
	linked_at timestamptz not null default now(),
	unlinked_at timestamptz
);
-- one address is one person's, on every EVM chain
create unique index wallet_address on core.wallet (address) where unlinked_at is null;
create index wallet_person on core.wallet (person_id);

create table core.external_account (
	id uuid primary key default core.uuid_v7(),
	person_id uuid not null references core.person,
	provider text not null check (provider in ('github')),
	provider_uid bigint not null,
	login_display text not null,
	method text not null check (method in ('oauth', 'operator')),
	verified_at timestamptz not null default now(),
	revoked_at timestamptz
);
create unique index "account.linked" on core.external_account (provider, provider_uid) where revoked_at is null;
create unique index "account.person_linked" on core.external_account (person_id, provider) where revoked_at is null;

-- the text is kept, so that what comes back is compared with what was handed out
create table core.auth_nonce (
	nonce text primary key,
	address bytea not null check (length(address) = 20),
	chain_id bigint not null,
	message text not null,
	expires_at timestamptz not null,
	consumed_at timestamptz
);
create index auth_nonce_expiry on core.auth_nonce (expires_at);

create table core.session (
	id uuid primary key,
	person_id uuid not null references core.person,
	wallet_id uuid not null references core.wallet,
	created_at timestamptz not null default now(),
	expires_at timestamptz not null,
	revoked_at timestamptz
);
create index session_person on core.session (person_id);

-- one answer per (who, route, key), written in the same transaction as what it answers
create table core.idempotency (
	person_id uuid not null references core.person,
	route text not null,
	key text not null check (length(key) between 1 and 255),
	request_sha256 bytea not null check (length(request_sha256) = 32),
	response jsonb not null,
	created_at timestamptz not null default now(),
	primary key (person_id, route, key)
);

-- projects ---------------------------------------------------------------------------------------------------------
create table core.project (
	id uuid primary key default core.uuid_v7(),
	provider text not null default 'github' check (provider in ('github')),
	repo_id bigint,                              -- null until GitHub has told it
	full_name text not null,                     -- display and address; repo_id is the identity
	default_branch text,
	private bool not null default false,
	archived bool not null default false,
	state text not null default 'unverified' check (state in ('unverified', 'verified', 'degraded', 'lost')),
	state_reason text,
	hook_alive_at timestamptz,                   -- last signed ping for this repository
	created_by uuid not null references core.person,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	version int not null default 1
);
create unique index "project.exists" on core.project (provider, repo_id);
create unique index "project.name_taken" on core.project (provider, lower(full_name)) where repo_id is null;

create table core.issue (
	id uuid primary key default core.uuid_v7(),
	project_id uuid not null references core.project,
	provider_issue_id bigint,                    -- null until GitHub has told it
	number int not null check (number > 0),
	title text not null default '',
	state text not null default 'unknown' check (state in ('unknown', 'open', 'closed')),
	state_reason text,
	closed_at timestamptz,
	source_updated_at timestamptz,
	updated_at timestamptz not null default now(),
	unique (project_id, number)
);
create unique index issue_provider on core.issue (project_id, provider_issue_id);

create table core.pull (
	id uuid primary key default core.uuid_v7(),
	project_id uuid not null references core.project,
	provider_pull_id bigint not null,
	number int not null check (number > 0),
	title text not null default '',
	author_uid bigint not null,
	author_login text not null,
	author_type text not null,
	state text not null check (state in ('open', 'closed', 'merged')),
	draft bool not null default false,
	base_ref text not null,
	head_sha text not null,
	merge_sha text,
	merged_at timestamptz,
	merged_by_uid bigint,
	source_updated_at timestamptz not null,
	delivery_id bigint,                          -- the delivery that brought this state
	updated_at timestamptz not null default now(),
	unique (project_id, provider_pull_id),
	unique (project_id, number),
	check (state <> 'merged' or (merge_sha is not null and merged_at is not null))
);

-- how a pull request is tied to an issue: evidence levels of docs/stages.md, all that was found
create table core.pull_issue_link (
	pull_id uuid not null references core.pull,
	issue_id uuid not null references core.issue,
	level smallint not null check (level between 0 and 5),
	source text not null,
	first_seen timestamptz not null default now(),
	primary key (pull_id, issue_id, source)
);

-- ingest -----------------------------------------------------------------------------------------------------------
create table ingest.delivery (
	id bigint generated always as identity,
	received_at timestamptz not null default now(),
	provider text not null default 'github',
	guid uuid not null,
	hook_id bigint,
	event text not null,
	secret_no smallint not null,                 -- which of the valid secrets signed it
	body bytea not null,
	body_sha256 bytea not null check (length(body_sha256) = 32),
	state text not null default 'queued' check (state in ('queued', 'done', 'ignored', 'conflict')),
	reason text,                                 -- why it was ignored
	action text,
	repo_id bigint,
	number int,                                  -- of the pull request or issue it is about
	primary key (received_at, id)
) partition by range (received_at);
create index delivery_id on ingest.delivery (id);
create index delivery_subject on ingest.delivery (repo_id, number) where number is not null;
create table ingest.delivery_rest partition of ingest.delivery default;
alter table ingest.delivery alter column body set compression lz4;
alter table ingest.delivery_rest alter column body set compression lz4;

-- a partitioned table cannot hold this key
create table ingest.delivery_key (
	provider text not null,
	guid uuid not null,
	body_sha256 bytea not null,
	delivery_id bigint not null,
	first_seen timestamptz not null default now(),
	primary key (provider, guid)
);

-- what GitHub or a node said, by its hash; never changed
create table ingest.evidence (
	sha256 bytea primary key check (length(sha256) = 32),
	media_type text not null,
	bytes bytea not null,
	source_url text not null,
	fetched_at timestamptz not null default now()
);

-- bounties ---------------------------------------------------------------------------------------------------------
create table core.bounty (
	id uuid primary key default core.uuid_v7(),
	project_id uuid not null references core.project,
	issue_id uuid not null references core.issue,
	asset_id uuid not null references core.asset,
	amount core.amount not null,
	title text not null default '',
	state text not null default 'draft',
	state_since timestamptz not null default now(),
	blocker text,                                -- who or what must act next, in words
	hold interval not null check (hold between interval '0' and interval '30 days'),
	deadline_at timestamptz not null,
	created_by uuid not null references core.person,
	created_at timestamptz not null default now(),
	version int not null default 1,
	-- the bounty's name on chain: 16 zero bytes and its id
	chain_key bytea not null generated always as (decode('00000000000000000000000000000000', 'hex') || uuid_send(id)) stored,
	constraint "bounty.amount_zero" check (amount > 0)
);
create index bounty_page on core.bounty (created_at desc, id desc);
create index bounty_issue on core.bounty (issue_id);
create index bounty_state on core.bounty (state, created_at desc);

create table core.bounty_state_rule (
	from_state text not null,
	event text not null,
	to_state text not null,
	primary key (from_state, event)
);
insert into core.bounty_state_rule (from_state, event, to_state) values
	('draft', 'deposit_seen', 'funding'),
	('draft', 'cancelled', 'cancelled'),
	('funding', 'deposit_confirmed', 'open'),
	('funding', 'deposit_refused', 'draft'),
	('funding', 'funding_expired', 'cancelled'),
	('open', 'attempt', 'in_progress'),
	('in_progress', 'attempt_ended', 'open'),
	('open', 'merged', 'merged'),
	('in_progress', 'merged', 'merged'),
	('merged', 'verify_ok', 'verified'),
	('merged', 'verify_failed', 'open'),
	('merged', 'verify_review', 'frozen'),
	('verified', 'hold_begun', 'hold'),
	('hold', 'hold_ended', 'payable'),
	('hold', 'disputed', 'disputed'),
	('hold', 'flagged', 'frozen'),
	('payable', 'payout_sent', 'paying'),
	('paying', 'payout_confirmed', 'paid'),
	('paying', 'payout_dropped', 'payable'),
	('open', 'deadline', 'expired'),
	('in_progress', 'deadline', 'expired'),
	('open', 'cancelled', 'refunding'),
	('expired', 'refund', 'refunding'),
	('refunding', 'refund_confirmed', 'refunded'),
	('disputed', 'verdict_pay', 'payable'),
	('disputed', 'verdict_refund', 'refunding'),
	('frozen', 'resumed', 'open'),
	('frozen', 'refund', 'refunding');

create table core.bounty_event (
	id bigint generated always as identity primary key,
	bounty_id uuid not null references core.bounty,
	seq int not null,
	event text not null,
	from_state text not null,
	to_state text not null,
	actor text not null,
	job_id bigint,
	data jsonb not null default '{}',
	at timestamptz not null default clock_timestamp(),
	unique (bounty_id, seq)
);

-- The one way a bounty changes state. Returns the new state; an event that already led to the present state is no change.
-- p_data.blocker says who or what must act next in the new state; without it nothing does.
create function core.bounty_move(p_bounty uuid, p_event text, p_actor text, p_job bigint, p_data jsonb default '{}')
returns text language plpgsql as $$
declare
	v_from text;
	v_to text;
begin
	select state into v_from from core.bounty where id = p_bounty for update;
	if not found then
		raise exception 'bounty.not_found' using errcode = 'PW001';
	end if;
	select to_state into v_to from core.bounty_state_rule where from_state = v_from and event = p_event;
	if not found then
		perform 1 from core.bounty_event where bounty_id = p_bounty and event = p_event and to_state = v_from;
		if found then
			return v_from;
		end if;
		raise exception 'bounty.transition' using errcode = 'PW001', detail = format('%s in state %s', p_event, v_from);
	end if;
	perform set_config('patchwork.bounty_event', p_event, true);
	update core.bounty set state = v_to, state_since = now(), version = version + 1, blocker = p_data ->> 'blocker'
	where id = p_bounty;
	perform set_config('patchwork.bounty_event', '', true);
	insert into core.bounty_event (bounty_id, seq, event, from_state, to_state, actor, job_id, data)
	select p_bounty, coalesce(max(seq), 0) + 1, p_event, v_from, v_to, p_actor, p_job, p_data
	from core.bounty_event where bounty_id = p_bounty;
	return v_to;
end $$;

create function core.bounty_guard() returns trigger language plpgsql as $$
begin
	if new.state is distinct from old.state and not exists (
		select from core.bounty_state_rule
		where from_state = old.state and to_state = new.state
		and event = current_setting('patchwork.bounty_event', true)) then
		raise exception 'bounty.transition' using errcode = 'PW001', detail = format('%s to %s', old.state, new.state);
	end if;
	return new;
end $$;
create trigger bounty_guard before update on core.bounty for each row execute function core.bounty_guard();

create table core.contribution (
	id uuid primary key default core.uuid_v7(),
	bounty_id uuid not null references core.bounty,
	funder_id uuid not null references core.person,
	asset_id uuid not null references core.asset,
	deposit_tx bytea not null check (length(deposit_tx) = 32),
	funder bytea check (length(funder) = 20),    -- the wallet that locked the money, by the chain's log; amount too
	log_index int,
	amount core.amount,
	block_number bigint,
	block_hash bytea,
	state text not null default 'pending' check (state in ('pending', 'confirmed', 'refused')),
	reason text,
	created_at timestamptz not null default now(),
	confirmed_at timestamptz,
	check (state <> 'confirmed' or (funder is not null and amount is not null and log_index is not null
		and block_hash is not null))
);
create unique index "bounty.deposit_taken" on core.contribution (asset_id, deposit_tx) where state <> 'refused';
create index contribution_bounty on core.contribution (bounty_id);

create table core.submission (
	id uuid primary key default core.uuid_v7(),
	bounty_id uuid not null references core.bounty,
	pull_id uuid not null references core.pull,
	claimant_id uuid references core.person,     -- null until the author's account is linked
	evidence_level smallint not null default 0,
	state text not null default 'seen'
		check (state in ('seen', 'verifying', 'verified', 'paying', 'paid', 'rejected', 'review', 'lost')),
	reason text,                                 -- code of the check that decided against it
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	unique (bounty_id, pull_id)
);
-- one winner
create unique index "submission.winner" on core.submission (bounty_id) where state in ('verified', 'paying', 'paid');
create index submission_pull on core.submission (pull_id);

-- proof ------------------------------------------------------------------------------------------------------------
create table proof.verdict (
	id uuid primary key default core.uuid_v7(),
	submission_id uuid not null references core.submission,
	policy_sha256 bytea not null,
	evidence_root bytea not null,                -- sha256 over the sorted hashes of the evidence
	evidence bytea[] not null,
	checks jsonb not null,                       -- [{id, result, code, detail}]
	result text not null check (result in ('pass', 'fail', 'review')),
	body bytea not null,                         -- canonical JSON of the whole verdict
	job_id bigint,
	created_at timestamptz not null default now(),
	unique (submission_id, policy_sha256, evidence_root)
);

create table proof.proof (
	id uuid primary key default core.uuid_v7(),
	submission_id uuid not null unique references core.submission,
	verdict_id uuid not null references proof.verdict,
	payload bytea not null,                      -- the in-toto statement, canonical JSON
	payload_sha256 bytea not null unique,
	cid text not null unique,
	created_at timestamptz not null default now(),
	pinned_at timestamptz,
	job_id bigint
);

create table proof.signature (
	proof_id uuid not null references proof.proof,
	kid text not null,
	envelope bytea not null,                     -- DSSE
	primary key (proof_id, kid)
);

-- ledger: double entry, append-only; corrections are new transfers -------------------------------------------------------
create table ledger.account (
	id uuid primary key default core.uuid_v7(),
	kind text not null check (kind in ('funder', 'escrow', 'payable', 'in_transit', 'external')),
	owner_id uuid not null,                      -- person for funder and external, bounty for the others
	asset_id uuid not null references core.asset,
	unique (kind, owner_id, asset_id)
);

create table ledger.transfer (
	id uuid primary key default core.uuid_v7(),
	key text not null unique,                    -- "deposit:<contribution>", "hold:<payout>", "send:<payout>", "paid:<payout>"
	kind text not null,
	job_id bigint,
	at timestamptz not null default now(),
	meta jsonb not null default '{}'
);

create table ledger.entry (
	transfer_id uuid not null references ledger.transfer,
	line smallint not null,
	account_id uuid not null references ledger.account,
	asset_id uuid not null references core.asset,
	amount numeric(78, 0) not null check (amount <> 0),   -- signed: what the account gains
	primary key (transfer_id, line)
);
create index entry_account on ledger.entry (account_id);

create table ledger.balance (
	account_id uuid primary key references ledger.account,
	posted numeric(78, 0) not null,
	constraint "ledger.overdrawn" check (posted >= 0)
);

create function ledger.entries_sum_to_zero() returns trigger language plpgsql as $$
begin
	if exists (select from ledger.entry where transfer_id = new.transfer_id group by asset_id having sum(amount) <> 0) then
		raise exception 'ledger.unbalanced' using errcode = 'PW001';
	end if;
	return null;
end $$;
create constraint trigger entries_sum_to_zero after insert on ledger.entry
	deferrable initially deferred for each row execute function ledger.entries_sum_to_zero();

create function ledger.transfer_has_entries() returns trigger language plpgsql as $$
begin
	if not exists (select from ledger.entry where transfer_id = new.id) then
		raise exception 'ledger.unbalanced' using errcode = 'PW001';
	end if;
	return null;
end $$;
create constraint trigger transfer_has_entries after insert on ledger.transfer
	deferrable initially deferred for each row execute function ledger.transfer_has_entries();

create function ledger.append_only() returns trigger language plpgsql as $$
begin
	raise exception 'ledger.append_only' using errcode = 'PW001';
end $$;
create trigger append_only before update or delete or truncate on ledger.transfer
	for each statement execute function ledger.append_only();
create trigger append_only before update or delete or truncate on ledger.entry
	for each statement execute function ledger.append_only();

create function ledger.account_of(p_kind text, p_owner uuid, p_asset uuid) returns uuid language plpgsql as $$
declare
	v_id uuid;
begin
	insert into ledger.account (kind, owner_id, asset_id) values (p_kind, p_owner, p_asset)
	on conflict (kind, owner_id, asset_id) do nothing;
	select id into strict v_id from ledger.account where kind = p_kind and owner_id = p_owner and asset_id = p_asset;
	return v_id;
end $$;

-- Moves an amount between two accounts once per key; returns the transfer, old or new. Funder accounts stand for the world
-- outside and may go below zero; no other may.
create function ledger.move(p_key text, p_kind text, p_from_kind text, p_from uuid, p_to_kind text, p_to uuid,
	p_asset uuid, p_amount numeric, p_job bigint, p_meta jsonb default '{}') returns uuid language plpgsql as $$
declare
	v_transfer uuid;
	v_from uuid := ledger.account_of(p_from_kind, p_from, p_asset);
	v_to uuid := ledger.account_of(p_to_kind, p_to, p_asset);
begin
	insert into ledger.transfer (key, kind, job_id, meta) values (p_key, p_kind, p_job, p_meta)
	on conflict (key) do nothing returning id into v_transfer;
	if v_transfer is null then
		select id into strict v_transfer from ledger.transfer where key = p_key;
		return v_transfer;
	end if;
	insert into ledger.entry (transfer_id, line, account_id, asset_id, amount)
	values (v_transfer, 1, v_from, p_asset, -p_amount), (v_transfer, 2, v_to, p_asset, p_amount);
	if p_from_kind <> 'funder' then
		update ledger.balance set posted = posted - p_amount where account_id = v_from;
		if not found then
			raise exception 'ledger.overdrawn' using errcode = 'PW001';
		end if;
	end if;
	insert into ledger.balance as b (account_id, posted) values (v_to, p_amount)
	on conflict (account_id) do update set posted = b.posted + excluded.posted;
	return v_transfer;
end $$;

-- payouts ----------------------------------------------------------------------------------------------------------
create table ledger.payout (
	id uuid primary key default core.uuid_v7(),
	key text not null unique,                    -- "payout:<submission>:<leg>"
	chain_key bytea not null unique check (length(chain_key) = 32),   -- sha256 of key: the payout's name on chain
	submission_id uuid not null references core.submission,
	person_id uuid not null references core.person,
	bounty_id uuid not null references core.bounty,
	asset_id uuid not null references core.asset,
	amount core.amount not null,
	payee bytea not null check (length(payee) = 20),
	state text not null default 'hold' check (state in ('hold', 'payable', 'sending', 'sent', 'paid', 'held')),
	blocker text,
	due_at timestamptz not null,
	tx_hash bytea,                               -- set when paid: the transaction that did it
	paid_at timestamptz,
	created_at timestamptz not null default now(),
	updated_at timestamptz not null default now(),
	unique (submission_id, person_id, asset_id),
	check (state <> 'paid' or (tx_hash is not null and paid_at is not null))
);

create table ledger.chain_key (
	id uuid primary key default core.uuid_v7(),
	chain_id bigint not null references core.chain,
	address bytea not null check (length(address) = 20),
	next_nonce bigint not null check (next_nonce >= 0),
	stopped text,                                -- why the signer must not be used
	unique (chain_id, address)
);

create table ledger.tx_intent (
	id uuid primary key default core.uuid_v7(),
	key text not null,                           -- the payout's key
	attempt int not null,
	chain_key_id uuid not null references ledger.chain_key,
	nonce bigint not null,
	to_addr bytea not null,
	data bytea not null,
	raw bytea not null,                          -- signed bytes: may be sent any number of times
	tx_hash bytea not null unique,
	max_fee core.amount not null,
	max_priority_fee core.amount not null,
	gas bigint not null,
	state text not null default 'prepared' check (state in ('prepared', 'sent', 'confirmed', 'replaced', 'dead', 'failed')),
	created_at timestamptz not null default now(),
	sent_at timestamptz,
	unique (key, attempt)
);
create unique index tx_intent_live on ledger.tx_intent (key) where state in ('prepared', 'sent', 'confirmed');
create unique index tx_intent_nonce on ledger.tx_intent (chain_key_id, nonce) where state <> 'replaced';

create table ledger.tx_observation (
	id bigint generated always as identity primary key,
	intent_id uuid not null references ledger.tx_intent,
	endpoint text not null,
	block_number bigint,
	block_hash bytea,
	status int,
	log_ok bool,
	at timestamptz not null default now()
);
create index tx_observation_intent on ledger.tx_observation (intent_id);

-- reputation: events, and what can be rebuilt from them ------------------------------------------------------------------
create table rep.formula (
	version int primary key,
	sha256 bytea not null unique,
	body jsonb not null,
	active_from timestamptz not null default now()
);

create table rep.event (
	id bigint generated always as identity primary key,
	person_id uuid not null references core.person,
	project_id uuid not null references core.project,
	kind text not null,
	points_micro bigint not null,
	formula_version int not null references rep.formula,
	source_type text not null,
	source_id uuid not null,
	occurred_at timestamptz not null,
	job_id bigint,
	unique (person_id, kind, source_type, source_id, formula_version)
);

create table rep.score (
	person_id uuid not null references core.person,
	scope text not null,                         -- "global" or a project's id
	formula_version int not null references rep.formula,
	points_micro bigint not null,
	event_count int not null,
	updated_at timestamptz not null default now(),
	primary key (person_id, scope, formula_version)
);
create index score_board on rep.score (scope, formula_version, points_micro desc, person_id);
