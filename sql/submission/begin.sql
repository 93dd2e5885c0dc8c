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
-- out  reference_seen  bool           GitHub linked the issue at or before the merge
-- out  claim_seen      bool           the author claimed it at or before the merge
-- out  rival_won       int4?          number of a pull request that has won
-- out  rival_first     int4?          number of one that was merged earlier and is not decided
-- role worker
with mine as (
	select s.id, s.state, s.bounty_id, s.pull_id, a.person_id, a.provider_uid
	from core.submission s join core.pull p on p.id = s.pull_id
		left join core.external_account a on a.provider = 'github' and a.provider_uid = p.author_uid and a.revoked_at is null
	where s.id = $1
), taken as (
	update core.submission s
	set state = 'verifying', claimant_id = m.person_id, updated_at = now(),
		reason = case when m.person_id is null then 'verify.author_unlinked' end
	from mine m
	where s.id = m.id and s.state in ('seen', 'verifying') and (s.state, s.claimant_id, s.reason) is distinct from
		('verifying', m.person_id, case when m.person_id is null then 'verify.author_unlinked' end)
), rival as (
	select p.number, s.state, p.merged_at, p.merged_at < ours.merged_at or (p.merged_at = ours.merged_at
		and p.number < ours.number) as earlier, s.claimant_id is not null or p.merged_at > now() - interval '7 days' as waits
	from mine m join core.submission s on s.bounty_id = m.bounty_id and s.id <> m.id
		join core.pull p on p.id = s.pull_id join core.pull ours on ours.id = m.pull_id
	where p.state = 'merged' and s.evidence_level >= 2
)
select m.state, m.bounty_id, b.state as bounty_state, b.project_id, pr.repo_id, i.number as issue_number,
	p.number as pull_number, p.author_type, m.provider_uid as claimant_uid,
	exists (select from core.pull_issue_link l
		where l.pull_id = m.pull_id and l.issue_id = b.issue_id and l.source = 'closing_reference') as reference_seen,
	exists (select from core.pull_issue_link l
		where l.pull_id = m.pull_id and l.issue_id = b.issue_id and l.source = 'claim') as claim_seen,
	(select min(r.number) from rival r where r.state in ('verified', 'paying', 'paid')) as rival_won,
	(select r.number from rival r where r.state in ('seen', 'verifying') and r.earlier and r.waits
		order by r.merged_at, r.number limit 1) as rival_first
from mine m join core.bounty b on b.id = m.bounty_id join core.project pr on pr.id = b.project_id
	join core.issue i on i.id = b.issue_id join core.pull p on p.id = m.pull_id;
