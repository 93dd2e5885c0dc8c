-- maybe: a payout that is to be looked at again before it is sent
-- in   payout_id      uuid
-- out  submission_id  uuid
-- out  state          text
-- out  bounty_state   text
-- out  wait           interval   until it is due; 0 when it is
-- out  rechecked      bool
-- out  late           bool       its project's policy at the merge was read after the verdict, which was made without it
-- role worker operator
select p.submission_id, p.state, b.state as bounty_state, greatest(p.due_at - now(), interval '0') as wait,
	p.rechecked_at is not null as rechecked,
	o.text is not null and not exists (select from proof.verdict v
		where v.submission_id = p.submission_id and v.kind = 'merge' and o.sha256 = any (v.evidence)) as late
from ledger.payout p join core.bounty b on b.id = p.bounty_id
	join core.submission s on s.id = p.submission_id join core.pull u on u.id = s.pull_id
	left join core.policy_at(b.project_id, u.merged_at, u.merge_sha) o on true
where p.id = $1;
