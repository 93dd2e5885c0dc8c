-- Commands in comments: attempts and their leases, extensions, cancellations, rejections.

alter table core.project add column attempt_lease interval not null default interval '14 days' check (attempt_lease > interval '0');
alter table core.submission add column note text check (length(note) <= 500);    -- why a maintainer refused it, in their words
alter table core.command add column reason text check (length(reason) <= 500); -- what a person gave as one

create table core.attempt (
	id bigint generated always as identity primary key,
	bounty_id uuid not null references core.bounty,
	person_id uuid not null references core.person,
	began_at timestamptz not null default now(),
	ends_at timestamptz not null,
	ended_at timestamptz,
	reason text check (reason in ('withdrawn', 'lapsed')),
	check ((ended_at is null) = (reason is null))
);
create unique index attempt_running on core.attempt (bounty_id, person_id) where ended_at is null;
create index attempt_person on core.attempt (person_id) where ended_at is null;

-- Ends an attempt that runs; the bounty is open again after the last one.
create function core.attempt_end(p_attempt bigint, p_reason text, p_job bigint, p_trace text) returns bool
language plpgsql as $$
#variable_conflict use_variable
declare
	v_bounty core.bounty;
	v_person uuid;
begin
	select b.* into v_bounty from core.attempt a join core.bounty b on b.id = a.bounty_id where a.id = p_attempt for update of b;
	update core.attempt a set ended_at = now(), reason = p_reason
	where a.id = p_attempt and a.ended_at is null and (p_reason <> 'lapsed' or a.ends_at <= now()) returning a.person_id into v_person;
	if not found then
		return false;
	end if;
	if v_bounty.state = 'in_progress' and not exists (select from core.attempt a where a.bounty_id = v_bounty.id and a.ended_at is null) then
		perform core.bounty_move(v_bounty.id, 'attempt_ended', 'stage:sync', p_job);
	end if;
	perform q.emit('attempt.ended', p_attempt::text, 'bounty/' || v_bounty.id, jsonb_build_object('attempt_id', p_attempt,
		'bounty_id', v_bounty.id, 'person_id', v_person, 'reason', p_reason), p_trace, v_bounty.project_id);
	return true;
end $$;

create function core.command_attempt(p_bounty core.bounty, p_person uuid, p_job bigint, p_trace text) returns text
language plpgsql as $$
#variable_conflict use_variable
declare
	v_attempt core.attempt;
begin
	if p_person is null then
		return 'command.account_unlinked';
	elsif not exists (select from core.wallet w where w.person_id = p_person and w.unlinked_at is null) then
		return 'command.no_wallet';
	elsif p_bounty.state not in ('open', 'in_progress') then
		return 'command.too_late';
	elsif exists (select from core.attempt a where a.bounty_id = p_bounty.id and a.person_id = p_person and a.ended_at is null) then
		return null;
	elsif (select count(*) from core.attempt a join core.bounty b on b.id = a.bounty_id where a.person_id = p_person
		and a.ended_at is null and b.state in ('open', 'in_progress')) >= 5 then
		return 'command.attempts';
	end if;
	insert into core.attempt (bounty_id, person_id, ends_at)
	select p_bounty.id, p_person, now() + p.attempt_lease from core.project p where p.id = p_bounty.project_id returning * into v_attempt;
	if p_bounty.state = 'open' then
		perform core.bounty_move(p_bounty.id, 'attempt', 'stage:sync', p_job);
	end if;
	perform q.emit('attempt.began', v_attempt.id::text, 'bounty/' || p_bounty.id, jsonb_build_object('attempt_id', v_attempt.id,
		'bounty_id', p_bounty.id, 'person_id', p_person, 'ends_at', v_attempt.ends_at), p_trace, p_bounty.project_id);
	perform q.enqueue('sync', 'sync.attempt', 'attempt:' || v_attempt.id, jsonb_build_object('attempt_id', v_attempt.id), p_job,
		run_at => v_attempt.ends_at, trace => p_trace, project_id => p_bounty.project_id);
	return null;
end $$;

-- No later than the money is locked for: what was promised can be paid until then.
create function core.command_extend(p_bounty core.bounty, p_until timestamptz) returns text language plpgsql as $$
begin
	if p_bounty.state not in ('draft', 'funding', 'open', 'in_progress') then
		return 'command.too_late';
	elsif p_until <= p_bounty.deadline_at then
		return 'command.sooner';
	elsif exists (select from core.contribution c where c.bounty_id = p_bounty.id and c.state <> 'refused'
		and coalesce(c.lock_until, p_bounty.deadline_at + p_bounty.hold) < p_until + p_bounty.hold) then
		return 'command.lock_ends';
	end if;
	update core.bounty b set deadline_at = p_until, version = b.version + 1 where b.id = p_bounty.id;
	return null;
end $$;

-- A draft goes; money goes back to the one who gave all of it, while nobody works for it.
create function core.command_cancel(p_bounty core.bounty, p_person uuid, p_writes bool, p_reason text, p_job bigint, p_trace text)
returns text language plpgsql as $$
declare
	v_state text;
begin
	if p_bounty.state = 'draft' then
		if not p_writes and p_person is distinct from p_bounty.created_by then
			return 'command.forbidden';
		end if;
	elsif p_bounty.state not in ('open', 'in_progress') then
		return 'command.too_late';
	elsif p_person is null or exists (select from core.contribution c where c.bounty_id = p_bounty.id and c.state <> 'refused'
		and c.funder_id <> p_person) then
		return 'command.forbidden';
	elsif p_bounty.state = 'in_progress' or exists (select from core.submission s where s.bounty_id = p_bounty.id
		and s.state not in ('rejected', 'lost')) then
		return 'command.claimed';
	end if;
	v_state := core.bounty_move(p_bounty.id, 'cancelled', 'stage:sync', p_job, jsonb_build_object('reason', p_reason, 'blocker',
		case when p_bounty.state = 'open' then 'the funder: take the money back from the escrow when its lock ends' end));
	perform q.emit('bounty.cancelled', p_bounty.id::text, 'bounty/' || p_bounty.id, jsonb_build_object('bounty_id', p_bounty.id,
		'state', v_state, 'reason', p_reason), p_trace, p_bounty.project_id);
	return null;
end $$;

-- What is not merged yet may be refused, in public and with a reason; merged work is for the checks to decide.
create function core.command_reject(p_bounty core.bounty, p_pull int, p_reason text, p_trace text) returns text language plpgsql as $$
declare
	v_submission core.submission;
begin
	select s.* into v_submission from core.submission s join core.pull p on p.id = s.pull_id
	where s.bounty_id = p_bounty.id and p.number = p_pull for update of s;
	if not found then
		return 'command.no_submission';
	elsif v_submission.state = 'rejected' then
		return null;
	elsif v_submission.state <> 'seen' then
		return 'command.too_late';
	end if;
	update core.submission s set state = 'rejected', reason = 'submission.refused', note = p_reason, updated_at = now() where s.id = v_submission.id;
	perform core.status_ask(p_bounty.project_id, (select i.number from core.issue i where i.id = p_bounty.issue_id), null, p_trace);
	perform q.emit('submission.refused', v_submission.id::text, 'submission/' || v_submission.id, jsonb_build_object('submission_id',
		v_submission.id, 'bounty_id', p_bounty.id, 'pull_number', p_pull, 'reason', p_reason), p_trace, p_bounty.project_id);
	return null;
end $$;

-- The bounty that a command under its issue is about: the only one that has not come to its end.
create function core.command_subject(p_project uuid, p_number int, out code text, out bounty core.bounty) language plpgsql as $$
declare
	v_ids uuid[];
begin
	select array_agg(b.id) into v_ids from core.bounty b join core.issue i on i.id = b.issue_id
	where i.project_id = p_project and i.number = p_number and b.state not in ('paid', 'refunded', 'cancelled', 'refunding', 'expired');
	code := case coalesce(cardinality(v_ids), 0) when 0 then 'command.no_bounty' when 1 then null else 'command.ambiguous' end;
	if code is null then
		select b.* into bounty from core.bounty b where b.id = v_ids[1] for update;
	end if;
end $$;

create function core.command_about(p_project uuid, p_number int, p_uid bigint, p_writes bool, p_verb text, p_until timestamptz,
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

-- One command, once; core.command_apply is the previous program's. code: why it is refused. pull: of a claim that counts.
create function core.command_do(p_project uuid, p_number int, p_comment bigint, p_body bytea, p_ordinal int, p_uid bigint,
	p_login text, p_permission text, p_verb text, p_good bool, p_amount text, p_symbol text, p_chain text, p_until timestamptz,
	p_word text, p_plain bool, p_pull int, p_reason text, p_job bigint, p_trace text, out code text, out bounty uuid, out pull uuid,
	out fresh bool)
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
	elsif not p_plain or p_verb not in ('bounty', 'claim', 'patchwork', 'attempt', 'unattempt', 'extend', 'cancel', 'reject') then
		code := 'command.unsupported';
	elsif p_verb = 'patchwork' and p_word in ('off', 'on') then
		code := case when p_permission not in ('admin', 'maintain') then 'command.forbidden' end;
		update core.project set comments = p_word = 'on', announce = p_word = 'on', updated_at = now()
		where id = p_project and code is null;
	elsif p_verb = 'patchwork' then
		perform core.status_revive(p_project, p_number);
	elsif p_verb = 'claim' then
		code := case when v_pull.id is null then 'command.not_here' when v_pull.author_uid <> p_uid then 'command.forbidden'
			when v_pull.state <> 'open' then 'command.too_late' end;
		pull := case when code is null then v_pull.id end;
	elsif v_pull.id is not null then
		code := 'command.not_here';
	elsif p_verb <> 'bounty' then
		select a.code, a.bounty into code, bounty from core.command_about(p_project, p_number, p_uid, v_writes, p_verb, p_until, p_pull,
			p_reason, p_job, p_trace) a;
	elsif not v_writes then
		code := 'command.forbidden';
	else
		select b.code, b.bounty into code, bounty from core.command_bounty(p_project, p_number, p_comment, p_ordinal, p_uid, p_amount,
			p_symbol, p_chain, p_until, p_job, p_trace) b;
	end if;
	insert into core.command (comment_id, body_sha256, ordinal, project_id, number, actor_uid, actor_login, permission, verb, code,
		bounty_id, job_id, reason)
	values (p_comment, p_body, p_ordinal, p_project, p_number, p_uid, p_login, p_permission, p_verb, code, bounty, p_job, p_reason);
end $$;

grant select, insert on core.attempt to patchwork_worker;
grant update (ended_at, reason) on core.attempt to patchwork_worker;
grant select on core.attempt to patchwork_api, patchwork_auditor;
grant update (note) on core.submission to patchwork_worker;
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select on core.attempt to patchwork_operator;
	end if;
end $$;
