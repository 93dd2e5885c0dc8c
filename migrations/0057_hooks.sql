-- Webhooks that we make ourselves, each with an address and a secret of its own, and what GitHub says of their deliveries.

create table core.hook (
	id uuid primary key default core.uuid_v7(),  -- in its address
	project_id uuid not null references core.project,
	person_id uuid not null references core.person, -- for whom it was made
	check_id uuid references core.ownership_check, -- that its ping answers
	github_id bigint,                            -- null until GitHub has told it
	-- sealed about "hook/<id>"; null until the job that makes the hook has made it
	secret bytea,
	secret_next bytea,                           -- while it is being rotated: accepted already
	secret_before bytea,                         -- accepted until
	before_until timestamptz,
	serial int not null default 1,               -- of the secret
	rotated_at timestamptz,
	created_at timestamptz not null default now(),
	pinged_at timestamptz,                       -- a ping with its signature came
	looked_at timestamptz,                       -- GitHub was asked for its deliveries
	gone_at timestamptz,
	check ((secret_before is null) = (before_until is null))
);
create unique index hook_live on core.hook (project_id, person_id) where gone_at is null;
create function core.hook_overlap() returns interval language sql immutable as $$ select interval '1 day' $$;

alter table ingest.delivery add column own_hook uuid; -- core.hook; null: signed with the process's secret
create index delivery_own_hook on ingest.delivery (own_hook, received_at desc) where own_hook is not null;

-- Deliveries that GitHub lists and that did not arrive the first time.
create table ingest.hook_delivery (
	hook_id uuid not null references core.hook,
	guid uuid not null,
	github_id bigint not null,                   -- of the attempt that can be asked for again
	event text not null,
	status int not null,                         -- of our answer as GitHub saw it; 0 = none
	delivered_at timestamptz not null,
	found_at timestamptz not null default now(),
	redelivered_at timestamptz,                  -- asked for, once
	primary key (hook_id, guid)
);

-- A ping with the hook's signature: it works, and who had it made may administer the repository.
create function core.hook_pinged(p_hook uuid, p_job bigint, p_trace text) returns bool language plpgsql as $$
declare
	v_check uuid;
begin
	update core.hook set pinged_at = now() where id = p_hook and gone_at is null returning check_id into v_check;
	if v_check is not null and exists (select from core.ownership_check where id = v_check and state <> 'passed') then
		perform core.ownership_settle(v_check, true, null, null, null, p_job, p_trace);
	end if;
	return v_check is not null;
end $$;

-- The hook is no longer at GitHub, or was never made.
create function core.hook_gone(p_hook uuid, p_code text, p_job bigint, p_trace text) returns bool language plpgsql as $$
declare
	v_check uuid;
begin
	update core.hook set gone_at = now() where id = p_hook and gone_at is null returning check_id into v_check;
	if v_check is not null then
		perform core.ownership_settle(v_check, false, p_code, null, null, p_job, p_trace);
	end if;
	return v_check is not null;
end $$;

grant select on core.hook to patchwork_api, patchwork_worker;
grant insert (project_id, person_id, check_id) on core.hook to patchwork_api;
grant update (check_id, github_id, secret, secret_next, secret_before, before_until, serial, rotated_at, pinged_at, looked_at, gone_at)
	on core.hook to patchwork_worker;
grant update (check_id) on core.hook to patchwork_api;
grant select (own_hook) on ingest.delivery to patchwork_api, patchwork_auditor;
grant select on ingest.hook_delivery to patchwork_api, patchwork_worker, patchwork_auditor;
grant insert, update (github_id, status, delivered_at, redelivered_at) on ingest.hook_delivery to patchwork_worker;
grant select on ingest.delivery_key to patchwork_worker;
grant select (id, project_id, person_id, check_id, github_id, serial, rotated_at, created_at, pinged_at, looked_at, gone_at)
	on core.hook to patchwork_auditor;
