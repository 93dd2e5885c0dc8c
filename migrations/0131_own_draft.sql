-- As of 0101, but for what a comment's own draft is: the one that a `/bounty` of it has made. Any other command keeps the bounty that it is
-- about, also when it is refused: edited into a `/bounty`, it changed the draft of whoever had made that.
create or replace function core.command_bounty(p_project uuid, p_number int, p_comment bigint, p_ordinal int, p_uid bigint, p_amount text,
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
	where c.comment_id = p_comment and c.ordinal = p_ordinal and c.verb = 'bounty' and c.bounty_id is not null
		and c.project_id = p_project limit 1;
	if bounty is not null and (select state from core.bounty where id = bounty for update) <> 'draft' then
		code := 'command.too_late';
		return;
	end if;
	select a.person_id into v_person from core.external_account a
	where a.provider = 'github' and a.provider_uid = p_uid and a.revoked_at is null;
	select count(*) over (), a.id, a.caip19, a.decimals, a.least into v_assets, v_asset.id, v_asset.caip19, v_asset.decimals, v_asset.least
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
		when v_amount < v_asset.least then 'bounty.amount_least'
		when v_until <= now() then 'bounty.deadline_past' end;
	if code is not null then
		return;
	end if;
	if bounty is not null then
		update core.bounty b set amount = v_amount, asset_id = v_asset.id, deadline_at = v_until, version = version + 1
		where b.id = bounty and ((b.amount, b.asset_id) is distinct from (v_amount, v_asset.id) or b.deadline_at <> p_until);
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
