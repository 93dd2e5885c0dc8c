-- A ping counts from when it came, whenever its delivery is run, and run again.

-- As of 0094, and: one that is too old by now answers no check.
create function core.hook_pinged(p_hook uuid, p_job bigint, p_trace text, p_received timestamptz) returns bool language plpgsql as $$
declare
	v_check core.ownership_check;
begin
	update core.hook
	set pinged_at = greatest(pinged_at, p_received), ping_until = greatest(ping_until, p_received + core.ping_life())
	where id = p_hook and gone_at is null
	returning check_id into v_check.id;
	select * into v_check from core.ownership_check where id = v_check.id;
	if v_check.state = 'pending' and core.ping_lapsed(v_check.id) is null then
		perform core.ownership_settle(v_check.id, true, null, null, null, p_job, p_trace);
	elsif v_check.state = 'refused' then
		perform q.enqueue('sync', 'sync.check', 'check:' || v_check.id || ':p' || p_job, jsonb_build_object('check_id', v_check.id), p_job,
			trace => p_trace, project_id => v_check.project_id);
	end if;
	return v_check.id is not null;
end $$;

-- For programs that do not say when.
create or replace function core.hook_pinged(p_hook uuid, p_job bigint, p_trace text) returns bool language sql as $$
	select core.hook_pinged(p_hook, p_job, p_trace, now())
$$;
