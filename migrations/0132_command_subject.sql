-- The bounty that a command under its issue is about: the only one that has not come to its end, else the only one of those that has its
-- money. Anybody may make a draft of their own there, for nothing: that took the commands from the bounty that is paid for.
create or replace function core.command_subject(p_project uuid, p_number int, out code text, out bounty core.bounty) language plpgsql as $$
declare
	v_ids uuid[];
	v_paid_for uuid[];
begin
	select array_agg(b.id), array_agg(b.id) filter (where b.state not in ('draft', 'funding')) into v_ids, v_paid_for
	from core.bounty b join core.issue i on i.id = b.issue_id
	where i.project_id = p_project and i.number = p_number and b.state not in ('paid', 'refunded', 'cancelled', 'refunding', 'expired');
	if cardinality(v_paid_for) = 1 then
		v_ids := v_paid_for;
	end if;
	code := case coalesce(cardinality(v_ids), 0) when 0 then 'command.no_bounty' when 1 then null else 'command.ambiguous' end;
	if code is null then
		select b.* into bounty from core.bounty b where b.id = v_ids[1] for update;
	end if;
end $$;

-- As of 0067, but for /cancel: it is about the only one that has not come to its end.
create or replace function core.command_about(p_project uuid, p_number int, p_uid bigint, p_writes bool, p_verb text, p_until timestamptz,
	p_pull int, p_reason text, p_job bigint, p_trace text, out code text, out bounty uuid) language plpgsql as $$
#variable_conflict use_variable
declare
	v_subject record;
	v_bounty core.bounty;
	v_person uuid;
	v_attempt bigint;
begin
	if p_verb in ('extend', 'reject') and not p_writes then
		code := 'command.forbidden';
		return;
	end if;
	select s.* into v_subject from core.command_subject(p_project, p_number) s;
	code := v_subject.code;
	v_bounty := v_subject.bounty;
	if code is null and p_verb = 'cancel' and exists (select from core.bounty b where b.issue_id = v_bounty.issue_id and b.id <> v_bounty.id
		and b.state not in ('paid', 'refunded', 'cancelled', 'refunding', 'expired')) then
		code := 'command.ambiguous'; -- what it ends is to be certain
	end if;
	if code is not null then
		return;
	end if;
	bounty := v_bounty.id;
	select a.person_id into v_person from core.external_account a
	where a.provider = 'github' and a.provider_uid = p_uid and a.revoked_at is null;
	if p_verb = 'unattempt' then
		select a.id into v_attempt from core.attempt a where a.bounty_id = bounty and a.person_id = v_person and a.ended_at is null;
		code := case when v_attempt is null then 'command.no_attempt' end;
		perform core.attempt_end(v_attempt, 'withdrawn', p_job, p_trace);
	else
		code := case p_verb when 'attempt' then core.command_attempt(v_bounty, v_person, p_job, p_trace)
			when 'extend' then core.command_extend(v_bounty, p_until)
			when 'cancel' then core.command_cancel(v_bounty, v_person, p_writes, p_reason, p_job, p_trace)
			when 'reject' then core.command_reject(v_bounty, p_pull, p_reason, p_trace) end;
	end if;
end $$;
