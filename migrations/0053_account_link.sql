-- GitHub accounts that their owners link: OAuth's authorization code with PKCE. What is secret is sealed by a key that the database
-- does not have (include/crypto/seal.h).

create table core.account_link (
	id uuid primary key default core.uuid_v7(),
	session_id uuid not null references core.session, -- which it is bound to
	person_id uuid not null references core.person,
	state_sha256 bytea not null unique check (length(state_sha256) = 32),
	redirect_uri text not null,                  -- as it was asked for: the exchange must name the same
	-- started: sent to GitHub; answered: a browser came back; pending: the session took that up; exchanging: GitHub is being asked
	-- for the token; exchanged: it is there; linked: its account is the person's
	state text not null default 'started'
		check (state in ('started', 'answered', 'pending', 'exchanging', 'exchanged', 'linked', 'refused')),
	reason text,                                 -- error code
	verifier bytea,                              -- sealed
	code bytea,                                  -- sealed
	confirm_sha256 bytea unique check (length(confirm_sha256) = 32), -- of what that browser brings to the session
	created_at timestamptz not null default now(),
	expires_at timestamptz not null,             -- of the step to come
	decided_at timestamptz,
	check ((state = 'refused') = (reason is not null)),
	check ((state in ('linked', 'refused')) = (decided_at is not null)),
	-- what is of no use any more is not kept
	check (state in ('started', 'answered', 'pending', 'exchanging') or (verifier is null and code is null))
);
create function core.account_link_spent() returns trigger language plpgsql as $$
begin
	new.verifier := null;
	new.code := null;
	return new;
end $$;
create trigger spent before update on core.account_link for each row
	when (new.state not in ('started', 'answered', 'pending', 'exchanging')) execute function core.account_link_spent();
create index account_link_person on core.account_link (person_id);
create index account_link_expiry on core.account_link (expires_at);

alter table core.external_account
	add column created_at timestamptz,           -- by GitHub: how old the account is
	add column checked_at timestamptz,           -- when GitHub last said so
	add column revoked_reason text;              -- unlinked, or an error code

create table core.account_token (
	id uuid primary key,                         -- of the link that it came by
	account_id uuid unique references core.external_account, -- null until GitHub has said whose it is
	person_id uuid not null references core.person,
	sealed bytea not null,
	key_id text not null generated always as (encode(substr(sealed, 2, 8), 'hex')) stored, -- which key sealed it
	scopes text not null,
	expires_at timestamptz,                      -- null = it does not
	created_at timestamptz not null default now()
);
create index account_token_key on core.account_token (key_id);
create index account_token_person on core.account_token (person_id);

create index pull_author on core.pull (author_uid);

-- Merges that wait for this author to link the account are verified now.
create function core.wake_author(p_uid bigint) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	woken bigint;
begin
	with waiting as (
		delete from q.scheduled s using core.pull p, core.submission b, q.job_key k
		where p.author_uid = p_uid and b.pull_id = p.id and b.state in ('seen', 'verifying') and p.merge_sha is not null
			and k.queue = 'verify' and k.key = 'merge:' || b.id || ':' || p.merge_sha and s.job_id = k.job_id
		returning s.queue, s.prio, s.job_id, s.attempt, s.burned
	), made as (
		insert into q.ready (queue, prio, job_id, attempt, burned) select queue, prio, job_id, attempt, burned from waiting
		returning 1
	)
	select count(*) into woken from made;
	if woken > 0 then
		perform pg_notify('patchwork_ready', 'verify');
	end if;
	return woken;
end $$;
revoke all on function core.wake_author(bigint) from public;
grant execute on function core.wake_author(bigint) to patchwork_worker;

-- The API seals and never opens: it can read nothing that is sealed.
grant select (id, session_id, person_id, state_sha256, redirect_uri, state, reason, confirm_sha256, created_at, expires_at, decided_at),
	insert (id, session_id, person_id, state_sha256, redirect_uri, verifier, expires_at),
	update (state, reason, code, confirm_sha256, expires_at, decided_at), delete on core.account_link to patchwork_api;
grant update (revoked_at, revoked_reason) on core.external_account to patchwork_api;
grant select (id, account_id, person_id, scopes, expires_at) on core.account_token to patchwork_api;

grant select, update (state, reason, expires_at, decided_at) on core.account_link to patchwork_worker;
grant insert (person_id, provider, provider_uid, login_display, method, created_at, checked_at),
	update (login_display, method, verified_at, created_at, checked_at, revoked_at, revoked_reason)
	on core.external_account to patchwork_worker;
grant select, insert, delete, update (account_id, sealed) on core.account_token to patchwork_worker;

grant select (id, session_id, person_id, redirect_uri, state, reason, created_at, expires_at, decided_at)
	on core.account_link to patchwork_auditor;
grant select (id, account_id, person_id, key_id, scopes, expires_at, created_at) on core.account_token to patchwork_auditor;
