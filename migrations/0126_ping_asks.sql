-- A delivery's signature covers its body alone, and an administrator sees both: whoever is none any more may send what was kept again, as a
-- ping. So what a ping shows is asked of GitHub, too, also when it is the first.

-- As of 0112, and: a check that waits for the ping is made.
create or replace function core.hook_pinged(p_hook uuid, p_job bigint, p_trace text, p_received timestamptz) returns bool language plpgsql as $$
declare
	v_check core.ownership_check;
begin
	update core.hook
	set pinged_at = greatest(pinged_at, p_received), ping_until = greatest(ping_until, p_received + core.ping_life())
	where id = p_hook and gone_at is null
	returning check_id into v_check.id;
	select * into v_check from core.ownership_check where id = v_check.id;
	if v_check.state = 'refused' or v_check.state = 'pending' and core.ping_lapsed(v_check.id) is null then
		perform q.enqueue('sync', 'sync.check', 'check:' || v_check.id || ':p' || p_job, jsonb_build_object('check_id', v_check.id), p_job,
			trace => p_trace, project_id => v_check.project_id);
	end if;
	return v_check.id is not null;
end $$;
