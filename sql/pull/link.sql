-- one: ties a pull request to issues, and to the bounties on them; a merged one goes to be verified
-- in   project_id   uuid
-- in   pull_id      uuid
-- in   author_uid   int8
-- in   numbers      int4[]   issues of the same repository, one element per way it was found
-- in   uids         int8[]   GitHub's ids, 0 where it has not told them
-- in   levels       int4[]   evidence levels
-- in   sources      text[]
-- in   merge_sha    text?    null while it is not merged
-- in   job          int8
-- in   trace        text?
-- in   at_merge     bool     what was found in the text stood there at the merge, and nothing else did
-- in   whole        bool     this is all there is: what is not among it was taken back
-- in   frozen       bool     the delivery of the merge itself was read before
-- in   edited_at    timestamptz?  we were told that somebody else than the author edited: what has gone since then they took out
-- out  submissions  int8     that are new or know more now
-- out  jobs         int8     verifications asked for
-- role worker
-- sql/pull/lock.sql comes before it
with frozen as (
	update core.pull p set frozen_at = now() where p.id = $2 and $11 and not $13
), found as (
	-- a text of before the merge that is read late says nothing new
	select f.* from unnest($4, $5, $6, $7) as f (number, uid, level, source)
	where not $13 or $11 or f.source not in ('claim', 'edited_claim', 'closing_reference')
), made as (
	insert into core.issue (project_id, provider_issue_id, number)
	select distinct $1, uid, number from found where uid > 0
	on conflict do nothing
	returning id, number
), issue as (
	select id, number from core.issue where project_id = $1 and number = any ($4)
	union all
	select id, number from made
), tie as (
	select i.id as issue_id, f.source, max(f.level) as level from found f join issue i using (number) group by 1, 2
), linked as (
	insert into core.pull_issue_link (pull_id, issue_id, level, source)
	select $2, issue_id, level, source from tie
	on conflict (pull_id, issue_id, source) do update set withdrawn_at = null, dropped_at = null
	where pull_issue_link.withdrawn_at is not null and ($8 is null or $11)
), withdrawn as (
	-- not merged yet: what is not there any more does not count; at the merge: what the text and GitHub do not say. What was taken
	-- back before somebody else edited, its author took back
	update core.pull_issue_link l
	set withdrawn_at = coalesce(l.withdrawn_at, now()),
		dropped_at = case when $14 is not null and l.source in ('claim', 'claim_comment', 'closing_reference') then now()
			else l.dropped_at end
	where l.pull_id = $2 and $12 and (l.withdrawn_at is null or (l.withdrawn_at >= $14 and l.dropped_at is null))
		and not $13 and ($8 is null or $11)
		and ($8 is null or l.source in ('claim', 'claim_comment', 'closing_reference'))
		and not exists (select from tie t where t.issue_id = l.issue_id and (t.source = l.source
			or t.source = 'edited_' || l.source or (l.source = 'closing_reference' and t.source in ('late_reference', 'closer'))))
), best as (
	select issue_id, max(level) as level from tie group by 1 having max(level) >= 2
), bounty as (
	select b.id, best.level from best join core.bounty b using (issue_id)
	-- a draft costs nothing, so it makes no work; a frozen bounty may be resumed
	where b.project_id = $1 and b.state in ('funding', 'open', 'in_progress', 'merged', 'frozen')
), seen as (
	insert into core.submission as s (bounty_id, pull_id, claimant_id, evidence_level)
	select b.id, $2, a.person_id, b.level
	from bounty b left join core.external_account a
		on a.provider = 'github' and a.provider_uid = $3 and a.revoked_at is null
	-- what was merged before the bounty was offered earns nothing; the clocks may differ by two minutes
	where $8 is null or exists (select from core.pull p join core.bounty o on o.id = b.id
		where p.id = $2 and p.merged_at >= o.created_at - interval '2 minutes')
	on conflict (bounty_id, pull_id) do update
	set evidence_level = greatest(s.evidence_level, excluded.evidence_level),
		claimant_id = coalesce(s.claimant_id, excluded.claimant_id), updated_at = now()
	where s.state in ('seen', 'verifying') and (s.evidence_level < excluded.evidence_level
		or (s.claimant_id is null and excluded.claimant_id is not null))
	returning s.id, s.bounty_id
), told as (
	select q.emit('submission.seen', s.id::text, 'submission/' || s.id, jsonb_build_object('submission_id', s.id,
		'bounty_id', s.bounty_id, 'pull_id', $2), $10, $1)
	from seen s
), candidate as (
	select id from seen
	union
	-- a bounty that another one has won already: this one is told that it has lost
	select s.id from core.submission s join core.bounty b on b.id = s.bounty_id
	where s.pull_id = $2 and s.state in ('seen', 'verifying')
		and (b.id in (select id from bounty) or b.state in ('verified', 'hold', 'payable', 'paying', 'paid'))
	union
	-- what another took out of the author's words is not lost without a word: a person judges
	select s.id from core.submission s join core.bounty b on b.id = s.bounty_id
		join core.pull_issue_link l on l.pull_id = s.pull_id and l.issue_id = b.issue_id
	where s.pull_id = $2 and s.state in ('seen', 'verifying') and l.dropped_at is not null
		and b.state in ('funding', 'open', 'in_progress', 'merged', 'frozen')
), queued as (
	select q.enqueue('verify', 'verify.merge', 'merge:' || c.id || ':' || $8, jsonb_build_object('submission_id', c.id), $9,
		trace => $10, project_id => $1)
	from candidate c where $8 is not null
)
select (select count(*) from told) as submissions, (select count(*) from queued) as jobs;
