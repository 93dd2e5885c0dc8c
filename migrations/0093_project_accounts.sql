-- A project's accounts on chains. A project and what it owns are counted by ids that name no chain; an account is its CAIP-10 text, and
-- has signed, itself, that it is this project's.

create table core.project_account (
	id uuid primary key default core.uuid_v7(),
	project_id uuid not null references core.project,
	caip10 text not null check (caip10 ~ '^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}:[-.%a-zA-Z0-9]{1,128}$'),
	statement text not null,                     -- which names the project, and the account that signed it
	signature text not null,                     -- in hex
	nonce text not null unique,                  -- of the statement
	linked_by uuid not null references core.person,
	linked_at timestamptz not null default now(),
	unlinked_by uuid references core.person,
	unlinked_at timestamptz,
	check ((unlinked_by is null) = (unlinked_at is null))
);
create unique index project_account_linked on core.project_account (project_id, caip10) where unlinked_at is null;
create index project_account_order on core.project_account (project_id, linked_at desc, id desc);

alter table core.statement
	drop constraint statement_purpose_check,
	add constraint statement_purpose_check check (purpose in ('step_up', 'link', 'account'));

grant select, insert (project_id, caip10, statement, signature, nonce, linked_by), update (unlinked_by, unlinked_at)
	on core.project_account to patchwork_api;
grant select on core.project_account to patchwork_worker, patchwork_auditor;
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select on core.project_account to patchwork_operator;
	end if;
end $$;
