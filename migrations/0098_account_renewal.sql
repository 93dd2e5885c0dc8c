-- GitHub Apps may have users' tokens end after hours. Such a token comes with a refresh token, good once and for months, which gives the
-- next pair and ends the one before.
alter table core.account_token
	add column refresh bytea,                    -- sealed; null = this token cannot be renewed
	add column refresh_key_id text generated always as (encode(substr(refresh, 2, 8), 'hex')) stored, -- which key sealed it
	add column refresh_expires_at timestamptz,   -- null = it does not
	add column renewals int not null default 0,  -- how many there were: what the next one is known by
	add column renewing_at timestamptz,          -- since when GitHub may have given a pair that is not kept yet
	add constraint account_token_renewing check (renewing_at is null or refresh is not null);
alter table core.external_account
	add column relink_reason text;               -- error code: its token is gone for good, and linking it again mends that

-- Whether a token is renewed before it is used: its time is over, or too short for a job that begins now.
create function core.token_ends(t core.account_token) returns bool language sql stable as $$
	select coalesce(t.refresh is not null and t.expires_at <= now() + interval '5 minutes', false)
$$;

grant update (refresh, expires_at, refresh_expires_at, renewals, renewing_at) on core.account_token to patchwork_worker;
grant update (relink_reason) on core.external_account to patchwork_worker;
grant select (refresh_key_id, refresh_expires_at, renewals, renewing_at) on core.account_token to patchwork_auditor;
do $$ begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select (id, account_id) on core.account_token to patchwork_operator;
	end if;
end $$;
