-- Our one comment under an issue follows its bounties, is edited once a minute at most, and is left alone when a person edited or
-- removed it.

alter table core.project
	add column announce bool not null default false,  -- /patchwork on: also under issues where nobody has spoken to us
	add column comment_every interval not null default interval '1 minute' check (comment_every >= interval '0');

alter table core.status_comment
	add column asks int not null default 0,
	add column asked_at timestamptz,                   -- a job is on its way that has not looked yet
	add column intended bytea[] not null default '{}', -- texts that may have been written since body_sha256 was
	add column held text check (held in ('edited', 'removed'));

-- Has the comment written anew. A job that has not looked yet will see what this transaction changes: its look waits for this row.
create function core.status_ask(p_project uuid, p_number int, p_job bigint, p_trace text) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	v_there core.status_comment;
begin
	select s.* into v_there from core.status_comment s where s.project_id = p_project and s.number = p_number for update;
	if v_there.project_id is null or v_there.asked_at > clock_timestamp() - interval '5 minutes' then
		return null;
	end if;
	update core.status_comment s set asks = s.asks + 1, asked_at = clock_timestamp()
	where s.project_id = p_project and s.number = p_number;
	return q.enqueue('sync', 'sync.status', format('status:%s:%s:%s', p_project, p_number, v_there.asks + 1),
		jsonb_build_object('project_id', p_project, 'number', p_number), p_job, priority => (-1)::smallint, trace => p_trace,
		project_id => p_project);
end $$;

create function core.bounty_status() returns trigger
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
declare
	v_number int;
	v_announce bool;
begin
	select i.number, p.announce and new.state <> 'draft' into v_number, v_announce
	from core.issue i join core.project p on p.id = i.project_id where i.id = new.issue_id and p.comments;
	if found then
		if v_announce then
			insert into core.status_comment (project_id, number) values (new.project_id, v_number) on conflict do nothing;
		end if;
		perform core.status_ask(new.project_id, v_number, null, null);
	end if;
	return null;
end $$;
create trigger bounty_status_insert after insert on core.bounty for each row execute function core.bounty_status();
create trigger bounty_status_update after update on core.bounty for each row
when ((old.state, old.amount, old.deadline_at, old.blocker, old.issue_id) is distinct from
	(new.state, new.amount, new.deadline_at, new.blocker, new.issue_id))
execute function core.bounty_status();

-- Somebody asks for our comment: one that is held stays as it is, another one is begun.
create function core.status_revive(p_project uuid, p_number int) returns void language sql as $$
	update core.status_comment set held = null, comment_id = null, nonce = gen_random_uuid(), body_sha256 = null, intended = '{}'
	where project_id = p_project and number = p_number and held is not null
$$;

revoke execute on function core.status_ask(uuid, int, bigint, text), core.status_revive(uuid, int), core.bounty_status() from public;
grant execute on function core.status_ask(uuid, int, bigint, text), core.status_revive(uuid, int) to patchwork_worker;
grant update (announce) on core.project to patchwork_worker;
