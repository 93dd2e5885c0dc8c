-- Commands in comments: each once per comment, text and place; and one comment of ours per issue that shows where things stand.

alter table core.project add column comments bool not null default true;   -- /patchwork off: we write nothing there

create table core.command (
	comment_id bigint not null,
	body_sha256 bytea not null check (length(body_sha256) = 32),
	ordinal int not null check (ordinal > 0),
	project_id uuid not null references core.project,
	number int not null,                         -- of the issue or pull request
	actor_uid bigint not null,
	actor_login text not null,
	permission text not null,                    -- what GitHub said when the command was carried out
	verb text not null,
	code text,                                   -- why it was refused; null: it was done
	bounty_id uuid references core.bounty,
	job_id bigint,
	at timestamptz not null default now(),
	primary key (comment_id, body_sha256, ordinal)
);
create index command_place on core.command (project_id, number, at desc);

create table core.status_comment (
	project_id uuid not null references core.project,
	number int not null,
	nonce uuid not null default gen_random_uuid(), -- by which we find it when we do not know whether it was written
	comment_id bigint,
	body_sha256 bytea,
	updated_at timestamptz not null default now(),
	primary key (project_id, number)
);

create function core.command_bounty(p_project uuid, p_number int, p_comment bigint, p_ordinal int, p_uid bigint, p_amount text,
	p_symbol text, p_chain text, p_until timestamptz, p_job bigint, p_trace text, out code text, out bounty uuid)
language plpgsql as $$
#variable_conflict use_variable
declare
	v_person uuid;
	v_asset core.asset;
	v_assets int;
	v_amount numeric;
	v_issue core.issue;
	v_until timestamptz := coalesce(p_until, now() + interval '90 days');
begin
	select c.bounty_id into bounty from core.command c
	where c.comment_id = p_comment and c.ordinal = p_ordinal and c.bounty_id is not null limit 1;
	if bounty is not null and (select state from core.bounty where id = bounty for update) <> 'draft' then
		code := 'command.too_late';
		return;
	end if;
	select a.person_id into v_person from core.external_account a
	where a.provider = 'github' and a.provider_uid = p_uid and a.revoked_at is null;
	select count(*) over (), a.* into v_assets, v_asset.id, v_asset.caip19, v_asset.chain_id, v_asset.token, v_asset.symbol, v_asset.decimals
	from core.asset a join core.chain c on c.id = a.chain_id
	where c.enabled and lower(a.symbol) = lower(p_symbol) and (p_chain is null or p_chain in (c.caip2, c.id::text)) limit 1;
	v_amount := p_amount::numeric * 10::numeric ^ coalesce(v_asset.decimals, 0);
	select * into v_issue from core.issue where project_id = p_project and number = p_number;
	code := case
		when v_person is null then 'command.account_unlinked'
		when (select state from core.project where id = p_project) <> 'verified' then 'project.unverified'
		when v_issue.state = 'closed' then 'bounty.issue_closed'
		when v_assets is distinct from 1 then 'bounty.asset_unknown'
		when v_amount <> trunc(v_amount) or v_amount >= 2::numeric ^ 256 then 'command.amount'
		when v_until <= now() then 'bounty.deadline_past' end;
	if code is not null then
		return;
	end if;
	if bounty is not null then
		update core.bounty b set amount = v_amount, asset_id = v_asset.id, deadline_at = v_until, version = version + 1
		where b.id = bounty and (b.amount, b.asset_id) is distinct from (v_amount, v_asset.id);
		return;
	end if;
	if v_issue.id is null then
		insert into core.issue (project_id, number) values (p_project, p_number) on conflict (project_id, number) do nothing;
		select * into strict v_issue from core.issue where project_id = p_project and number = p_number;
	end if;
	insert into core.bounty (project_id, issue_id, asset_id, amount, hold, deadline_at, created_by)
	values (p_project, v_issue.id, v_asset.id, v_amount, interval '7 days', v_until, v_person) returning id into bounty;
	perform q.emit('bounty.created', bounty::text, 'bounty/' || bounty, jsonb_build_object('bounty_id', bounty, 'project_id', p_project,
		'issue_id', v_issue.id, 'issue_number', p_number, 'amount', v_amount::text, 'asset', v_asset.caip19, 'created_by', v_person),
		p_trace, p_project);
	perform q.enqueue('sync', 'sync.issue', 'issue:' || v_issue.id, jsonb_build_object('issue_id', v_issue.id), p_job);
end $$;

-- One command, once. code: why it is refused. pull: of a claim that counts, to be tied to its issues.
create function core.command_apply(p_project uuid, p_number int, p_comment bigint, p_body bytea, p_ordinal int, p_uid bigint,
	p_login text, p_permission text, p_verb text, p_good bool, p_amount text, p_symbol text, p_chain text, p_until timestamptz,
	p_word text, p_plain bool, p_job bigint, p_trace text, out code text, out bounty uuid, out pull uuid, out fresh bool)
language plpgsql as $$
#variable_conflict use_variable
declare
	v_writes bool := p_permission in ('admin', 'maintain', 'write');
	v_pull core.pull;
begin
	fresh := false;
	select c.code, c.bounty_id into code, bounty from core.command c
	where c.comment_id = p_comment and c.body_sha256 = p_body and c.ordinal = p_ordinal;
	if found then
		return;
	end if;
	fresh := true;
	select * into v_pull from core.pull where project_id = p_project and number = p_number;
	if not p_good then
		code := 'command.malformed';
	elsif not p_plain or p_verb not in ('bounty', 'claim', 'patchwork') then
		code := 'command.unsupported';
	elsif p_verb = 'patchwork' then
		if p_word in ('off', 'on') and p_permission not in ('admin', 'maintain') then
			code := 'command.forbidden';
		elsif p_word in ('off', 'on') then
			update core.project set comments = p_word = 'on', updated_at = now() where id = p_project;
		end if;
	elsif p_verb = 'claim' then
		code := case when v_pull.id is null then 'command.not_here' when v_pull.author_uid <> p_uid then 'command.forbidden'
			when v_pull.state <> 'open' then 'command.too_late' end;
		pull := case when code is null then v_pull.id end;
	elsif v_pull.id is not null then
		code := 'command.not_here';
	elsif not v_writes then
		code := 'command.forbidden';
	else
		select b.code, b.bounty into code, bounty from core.command_bounty(p_project, p_number, p_comment, p_ordinal, p_uid, p_amount,
			p_symbol, p_chain, p_until, p_job, p_trace) b;
	end if;
	insert into core.command (comment_id, body_sha256, ordinal, project_id, number, actor_uid, actor_login, permission, verb, code,
		bounty_id, job_id)
	values (p_comment, p_body, p_ordinal, p_project, p_number, p_uid, p_login, p_permission, p_verb, code, bounty, p_job);
end $$;

grant select, insert on core.command to patchwork_worker;
grant select, insert, update on core.status_comment to patchwork_worker;
grant insert (project_id, issue_id, asset_id, amount, hold, deadline_at, created_by), update (amount, asset_id, deadline_at)
	on core.bounty to patchwork_worker;
grant update (comments) on core.project to patchwork_worker;
grant select on core.command, core.status_comment to patchwork_auditor;
