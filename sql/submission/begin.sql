-- maybe: takes a submission up for verification; what our own rows say about it
-- in   submission_id   uuid
-- out  state           text
-- out  bounty_id       uuid
-- out  bounty_state    text
-- out  project_id      uuid
-- out  repo_id         int8?          null until GitHub has told it
-- out  issue_number    int4
-- out  pull_number     int4
-- out  author_type     text           as last synced
-- out  claimant_uid    int8?          GitHub id of the claimant's linked account
-- out  frozen          bool           the delivery of the merge itself was read
-- out  reference_seen  bool           GitHub linked the issue at or before the merge
-- out  claim_seen      bool           the author claimed it at or before the merge
-- out  rival_won       int4?          number of a pull request that has won
-- out  rival_first     int4?          number of one that was merged earlier and is not decided
-- out  rivals          int4[]         all others that were seen for the bounty
-- out  undecided       int4[]         those among them that are not judged yet, and will be
-- out  kin             int8[]         GitHub ids of the claimant and of who shares a wallet or an account with them
-- out  funder_is_claimant  bool       or one of those, or the money came from a wallet of theirs
-- out  reciprocal      bool           they have paid a funder of this bounty within 90 days
-- out  deadline_at     timestamptz
-- out  grace           interval
-- out  branches        text[]         that the project lists beside its default branch
-- out  policy_file     bytea?         the project's own policy, in force at the merge
-- out  policy_url      text?
-- out  told_at         timestamptz?   when the delivery of the present state arrived
-- out  award           bytea?         the first award's document
-- out  award_url       text?
-- role worker
with recursive mine as (
	select s.id, s.state, s.bounty_id, s.pull_id, a.person_id, a.provider_uid
	from core.submission s join core.pull p on p.id = s.pull_id
		left join core.external_account a on a.provider = 'github' and a.provider_uid = p.author_uid and a.revoked_at is null
	where s.id = $1
), kin (person_id) as (
	select person_id from mine where person_id is not null
	union
	select o.person_id from kin k cross join lateral (
		select y.person_id from core.wallet x join core.wallet y on y.address = x.address where x.person_id = k.person_id
		union
		select y.person_id from core.external_account x join core.external_account y
			on (y.provider, y.provider_uid) = (x.provider, x.provider_uid) where x.person_id = k.person_id) o
), funder as (
	select c.funder_id, c.funder from mine m join core.contribution c on c.bounty_id = m.bounty_id and c.state = 'confirmed'
), taken as (
	update core.submission s
	set state = 'verifying', claimant_id = m.person_id, updated_at = now(),
		reason = case when m.person_id is null then 'verify.author_unlinked' end
	from mine m
	where s.id = m.id and s.state in ('seen', 'verifying') and (s.state, s.claimant_id, s.reason) is distinct from
		('verifying', m.person_id, case when m.person_id is null then 'verify.author_unlinked' end)
), other as (
	select p.number, s.state, p.merged_at, p.merged_at < ours.merged_at or (p.merged_at = ours.merged_at
			and p.number < ours.number) as earlier,
		s.claimant_id is not null or coalesce(p.merged_at, now()) > now() - interval '7 days' as waits,
		p.state = 'merged' and s.evidence_level >= 2 as merged
	from mine m join core.submission s on s.bounty_id = m.bounty_id and s.id <> m.id
		join core.pull p on p.id = s.pull_id join core.pull ours on ours.id = m.pull_id
), rival as (
	select * from other where merged
)
select m.state, m.bounty_id, b.state as bounty_state, b.project_id, pr.repo_id, i.number as issue_number,
	p.number as pull_number, p.author_type, m.provider_uid as claimant_uid, p.frozen_at is not null as frozen,
	exists (select from core.pull_issue_link l where l.pull_id = m.pull_id and l.issue_id = b.issue_id
		and l.source = 'closing_reference' and l.withdrawn_at is null) as reference_seen,
	exists (select from core.pull_issue_link l where l.pull_id = m.pull_id and l.issue_id = b.issue_id
		and (l.source = 'claim' or (l.source = 'claim_comment' and l.first_seen <= p.merged_at)) and l.withdrawn_at is null) as claim_seen,
	-- however it won: a person may have accepted it on no evidence
	(select min(o.number) from other o where o.state in ('verified', 'paying', 'paid')) as rival_won,
	(select r.number from rival r where r.state in ('seen', 'verifying') and r.earlier and r.waits
		order by r.merged_at, r.number limit 1) as rival_first,
	array(select o.number from other o order by o.number) as rivals,
	array(select o.number from other o where o.state in ('seen', 'verifying') and o.waits order by o.number) as undecided,
	array(select distinct a.provider_uid from kin k join core.external_account a on a.person_id = k.person_id
		where a.provider = 'github' order by 1) as kin,
	exists (select from funder f join kin k on k.person_id = f.funder_id)
		or exists (select from funder f join core.wallet x on x.address = f.funder join kin k on k.person_id = x.person_id)
		as funder_is_claimant,
	exists (select from ledger.payout o join core.contribution c on c.bounty_id = o.bounty_id and c.state = 'confirmed'
		where o.state = 'paid' and o.paid_at > now() - interval '90 days' and o.person_id in (select funder_id from funder)
			and c.funder_id in (select person_id from kin)) as reciprocal,
	b.deadline_at, b.grace, pr.branches, o.text as policy_file, case when o.text is not null then o.url end as policy_url,
	(select d.received_at from ingest.delivery d where d.id = p.delivery_id limit 1) as told_at,
	w.bytes as award, w.source_url as award_url
from mine m join core.bounty b on b.id = m.bounty_id join core.project pr on pr.id = b.project_id
	join core.issue i on i.id = b.issue_id join core.pull p on p.id = m.pull_id
	left join core.policy_at(b.project_id, p.merged_at, p.merge_sha) o on true
	left join lateral (select e.bytes, e.source_url from core.award a join ingest.evidence e on e.sha256 = a.evidence_sha256
		where a.submission_id = m.id order by a.at, a.comment_id limit 1) w on true;
