-- What judging a merge, its hold and its deadline needs: what stood at the merge, when the escrow's lock ends, a second look
-- before money is sent, and a clock job per bounty.

-- the delivery of the merge itself was read: from then on no claim comes or goes
alter table core.pull add column frozen_at timestamptz;
-- it was there once and was taken back before the merge
alter table core.pull_issue_link add column withdrawn_at timestamptz;

alter table core.bounty add column grace interval not null default interval '14 days'
	check (grace between interval '0' and interval '30 days');
-- when the funder may take the money back, by the escrow's log
alter table core.contribution add column lock_until timestamptz;

alter table proof.verdict add column kind text not null default 'merge' check (kind in ('merge', 'hold'));

-- looked at again at the end of the hold; a payout that was cancelled has given its money back to the bounty
alter table ledger.payout add column rechecked_at timestamptz;
alter table ledger.payout drop constraint payout_state_check;
alter table ledger.payout add constraint payout_state_check
	check (state in ('hold', 'payable', 'sending', 'sent', 'paid', 'held', 'cancelled'));
update ledger.payout set rechecked_at = now() where state <> 'hold';

insert into core.bounty_state_rule (from_state, event, to_state) values
	('verified', 'flagged', 'frozen'),
	('payable', 'flagged', 'frozen'),
	('frozen', 'proof_resumed', 'verified'),
	('frozen', 'hold_resumed', 'hold')
on conflict do nothing;

-- What a person decided when a check asked for one.
create table core.resolution (
	id bigint generated always as identity primary key,
	submission_id uuid not null references core.submission,
	verdict_id uuid references proof.verdict,    -- that was in doubt
	code text,                                   -- what was in doubt about it
	decision text not null check (decision in ('accept', 'reject')),
	actor text not null,
	reason text not null constraint "verify.reason" check (length(trim(reason)) between 1 and 2000),
	at timestamptz not null default now()
);
create index resolution_submission on core.resolution (submission_id);

-- A person decides about a submission whose bounty stands still: NULL, or the code of why not. Accepted, it goes on where it was
-- stopped; rejected, the bounty can be won again, and a payout that was scheduled is taken back.
create function core.submission_resolve(p_submission uuid, p_accept bool, p_actor text, p_reason text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	s record;
	o record;
	r bigint;
	v_state text;
begin
	select b.id into v_state from core.bounty b join core.submission x on x.bounty_id = b.id where x.id = p_submission for update of b;
	if not found then
		return 'verify.submission_unknown';
	end if;
	select x.*, b.state as bounty_state, b.project_id into s
	from core.submission x join core.bounty b on b.id = x.bounty_id where x.id = p_submission for update of x;
	if s.bounty_state <> 'frozen' or s.state not in ('review', 'verified') then
		return 'verify.not_in_review';
	end if;
	select * into o from ledger.payout where submission_id = p_submission and state <> 'cancelled' for update;
	if found and o.state <> 'hold' then
		return 'verify.not_in_review';
	end if;
	insert into core.resolution (submission_id, verdict_id, code, decision, actor, reason)
	select p_submission, (select v.id from proof.verdict v where v.submission_id = p_submission
		order by v.created_at desc, v.id desc limit 1), s.reason, case when p_accept then 'accept' else 'reject' end, p_actor, p_reason
	returning id into r;
	if not p_accept then
		if o.id is not null then
			update ledger.payout set state = 'cancelled', blocker = null, updated_at = now() where id = o.id;
			perform ledger.move('cancelled:' || o.id, 'cancelled', 'payable', o.bounty_id, 'escrow', o.bounty_id, o.asset_id,
				o.amount, null, jsonb_build_object('resolution_id', r));
		end if;
		v_state := 'rejected';
		perform core.bounty_move(s.bounty_id, 'resumed', p_actor, null, jsonb_build_object('submission_id', p_submission,
			'reason', p_reason, 'blocker', 'a contributor: open a pull request that closes the issue'));
	elsif o.id is not null then
		v_state := 'verified';
		perform core.bounty_move(s.bounty_id, 'hold_resumed', p_actor, null, jsonb_build_object('payout_id', o.id,
			'reason', p_reason, 'blocker', 'the clock: the hold ends at '
				|| to_char(o.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
		update ledger.payout set rechecked_at = now(), blocker = null, updated_at = now() where id = o.id;
		perform q.enqueue('pay', 'pay.quote', 'quote:' || o.id || ':' || r, jsonb_build_object('payout_id', o.id),
			run_at => greatest(o.due_at, now()), project_id => s.project_id);
	else
		v_state := 'verified';
		if s.state = 'review' then
			perform core.bounty_move(s.bounty_id, 'resumed', p_actor, null, jsonb_build_object('reason', p_reason));
			perform core.bounty_move(s.bounty_id, 'merged', p_actor, null, jsonb_build_object('submission_id', p_submission));
			perform core.bounty_move(s.bounty_id, 'verify_ok', p_actor, null, jsonb_build_object('submission_id', p_submission,
				'blocker', 'Patchwork: write the proof'));
		else
			perform core.bounty_move(s.bounty_id, 'proof_resumed', p_actor, null, jsonb_build_object('reason', p_reason,
				'blocker', 'Patchwork: write the proof'));
		end if;
		perform q.enqueue('prove', 'prove.proof', 'proof:' || p_submission || ':' || r,
			jsonb_build_object('submission_id', p_submission), project_id => s.project_id);
	end if;
	update core.submission set state = v_state, reason = case when p_accept then null else 'verify.refused' end, updated_at = now()
	where id = p_submission;
	perform q.emit('submission.resolved', p_submission || ':' || r, 'submission/' || p_submission, jsonb_build_object(
		'submission_id', p_submission, 'bounty_id', s.bounty_id, 'pull_id', s.pull_id, 'decision',
		case when p_accept then 'accept' else 'reject' end, 'code', s.reason, 'reason', p_reason), project_id => s.project_id);
	perform audit.append('submission.resolved', 'submission', p_submission::text, jsonb_build_object('resolution_id', r,
		'decision', case when p_accept then 'accept' else 'reject' end, 'code', s.reason),
		case when p_actor like '%_:_%' then split_part(p_actor, ':', 1) else 'cli' end,
		case when p_actor like '%_:_%' then substr(p_actor, strpos(p_actor, ':') + 1) else p_actor end, p_reason);
	return null;
end $$;

-- The clock of a bounty and the second look at a payout are jobs from the moment these exist, whoever made them: also a program
-- of the version before.
create function core.bounty_clock() returns trigger language plpgsql as $$
begin
	perform q.enqueue('verify', 'verify.deadline', 'deadline:' || new.id, jsonb_build_object('bounty_id', new.id),
		run_at => new.deadline_at, project_id => new.project_id);
	return null;
end $$;
create trigger bounty_clock after insert on core.bounty for each row execute function core.bounty_clock();

create function ledger.payout_recheck() returns trigger language plpgsql as $$
begin
	perform q.enqueue('verify', 'verify.recheck', 'recheck:' || new.id, jsonb_build_object('payout_id', new.id),
		run_at => new.due_at, project_id => (select project_id from core.bounty where id = new.bounty_id));
	return null;
end $$;
create trigger payout_recheck after insert on ledger.payout for each row execute function ledger.payout_recheck();

select q.enqueue('verify', 'verify.deadline', 'deadline:' || id, jsonb_build_object('bounty_id', id), run_at => deadline_at,
	project_id => project_id)
from core.bounty where state in ('draft', 'funding', 'open', 'in_progress');
select q.enqueue('verify', 'verify.recheck', 'recheck:' || p.id, jsonb_build_object('payout_id', p.id), run_at => p.due_at,
	project_id => b.project_id)
from ledger.payout p join core.bounty b on b.id = p.bounty_id where p.state = 'hold';

grant select on core.resolution to patchwork_worker, patchwork_api, patchwork_auditor;
grant update (frozen_at) on core.pull to patchwork_worker;
grant update (withdrawn_at) on core.pull_issue_link to patchwork_worker;
grant update (lock_until) on core.contribution to patchwork_worker;
grant update (rechecked_at) on ledger.payout to patchwork_worker;
