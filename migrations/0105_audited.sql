-- Deposits and roles are audited whatever statement moves them: a deposit that leaves its bounty where it is, and the roles that a first
-- proof of ownership takes from others.

create function audit.on_deposit() returns trigger language plpgsql as $$
declare
	seen bool := new.state = 'pending';
begin
	perform audit.append('deposit.' || case when seen then 'seen' else new.state end, 'contribution', new.id::text,
		jsonb_strip_nulls(jsonb_build_object('bounty_id', new.bounty_id, 'funder_id', new.funder_id, 'asset_id', new.asset_id,
			'amount', new.amount::text, 'tx_hash', '0x' || encode(new.deposit_tx, 'hex'), 'code', new.reason)),
		case when seen then 'person' end, case when seen then new.funder_id::text end);
	return null;
end $$;
create trigger audited_insert after insert on core.contribution for each row execute function audit.on_deposit();
create trigger audited after update on core.contribution for each row
	when ((old.state, old.amount, old.funder) is distinct from (new.state, new.amount, new.funder)) execute function audit.on_deposit();

-- Who gave or took it stands in the row; why, and in which trace, the statement says (audit.act, patchwork.trace). A program of the
-- version before has added its own row by now.
create function audit.on_role() returns trigger language plpgsql as $$
declare
	held bool := tg_op <> 'DELETE' and new.revoked_at is null;
	was core.role_grant := case tg_op when 'DELETE' then old else new end;
	name text := 'role.' || case when held then 'granted' else 'revoked' end;
	who text := case when held then was.granted_by when tg_op <> 'DELETE' then was.revoked_by end;
	kind text := case when who like 'person/%' then 'person' when who like 'cli:%' then 'cli' when who like 'check/%' then 'stage' end;
begin
	if exists (select from audit.log l where l.xid = pg_current_xact_id() and l.action = name
			and l.detail::jsonb ->> 'grant_id' = was.id::text) then
		return null;
	end if;
	perform audit.append(name, 'person', was.person_id::text, jsonb_build_object('grant_id', was.id, 'role', was.role,
			'project_id', was.project_id, 'bounty_id', was.bounty_id, 'trace_id', nullif(current_setting('patchwork.trace', true), ''))
			|| case when kind = 'stage' then jsonb_build_object('check_id', substr(who, 7)) else '{}' end,
		kind, case when kind = 'stage' then 'sync' else who end);
	return null;
end $$;
create trigger audited_insert after insert or delete on core.role_grant for each row execute function audit.on_role();
create trigger audited after update on core.role_grant for each row
	when (old.revoked_at is distinct from new.revoked_at) execute function audit.on_role();
