-- A ping shows who may administer a repository for a week; then another one must have come.

create function core.ping_life() returns interval language sql immutable parallel safe as $$ select interval '7 days' $$;

alter table core.hook
	add column ping_until timestamptz,           -- what its last ping shows counts until then
	add column ping_asked_at timestamptz;        -- GitHub was asked for another one
-- Of the pings of before another one is asked for first: on the second day, when every worker asks.
update core.hook set ping_until = greatest(pinged_at + core.ping_life(), now() + interval '2 days') where pinged_at is not null;

create index hook_check on core.hook (check_id) where gone_at is null;

-- Why what a ping has shown does not count any more: an error code; NULL: it counts, or the check is of another method.
create function core.ping_lapsed(p_check uuid) returns text language sql stable as $$
	select case when h.id is null then 'ownership.hook_gone' when coalesce(h.ping_until <= now(), true) then 'ownership.ping_late' end
	from core.ownership_check k left join core.hook h on h.check_id = k.id and h.gone_at is null
	where k.id = p_check and k.method = 'ping'
$$;

-- As of 0057, and: for how long. A check that was refused before is looked at again, since any administrator can have a hook pinged.
create or replace function core.hook_pinged(p_hook uuid, p_job bigint, p_trace text) returns bool language plpgsql as $$
declare
	v_check core.ownership_check;
begin
	update core.hook set pinged_at = now(), ping_until = now() + core.ping_life() where id = p_hook and gone_at is null
	returning check_id into v_check.id;
	select * into v_check from core.ownership_check where id = v_check.id;
	if v_check.state = 'pending' then
		perform core.ownership_settle(v_check.id, true, null, null, null, p_job, p_trace);
	elsif v_check.state = 'refused' then
		perform q.enqueue('sync', 'sync.check', 'check:' || v_check.id || ':p' || p_job, jsonb_build_object('check_id', v_check.id), p_job,
			trace => p_trace, project_id => v_check.project_id);
	end if;
	return v_check.id is not null;
end $$;

-- What a check found counts while the ping does that it is about. What has passed stays so when another one has come meanwhile;
-- whoever takes that one locks the hook first, too.
create function core.ownership_found(p_check uuid, p_passed bool, p_code text, p_evidence bytea, p_commit text, p_job bigint, p_trace text)
returns text language plpgsql as $$
declare
	v_lapsed text;
	v_passed bool;
begin
	perform from core.hook where check_id = p_check and gone_at is null for update;
	v_lapsed := core.ping_lapsed(p_check);
	v_passed := v_lapsed is null and (p_passed or coalesce(p_code = 'ownership.ping_late', false)
		and exists (select from core.ownership_check where id = p_check and state = 'passed'));
	return core.ownership_settle(p_check, v_passed, case when not v_passed then coalesce(p_code, v_lapsed) end, p_evidence, p_commit,
		p_job, p_trace);
end $$;

grant update (ping_until, ping_asked_at) on core.hook to patchwork_worker;
grant select (ping_until, ping_asked_at) on core.hook to patchwork_auditor;
