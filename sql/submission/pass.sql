-- one: the submission wins its bounty; nothing when the bounty is no longer to be won
-- in   submission_id  uuid
-- in   level          int4    evidence
-- in   job            int8
-- in   trace          text?
-- out  won            bool    now or earlier
-- role worker
with bounty as (
	select b.id, b.project_id from core.bounty b join core.submission s on s.bounty_id = b.id
	where s.id = $1 and b.state in ('open', 'in_progress')
	for update of b
), won as (
	update core.submission s set state = 'verified', reason = null, evidence_level = $2, updated_at = now()
	from bounty b where s.id = $1 and s.state in ('seen', 'verifying', 'review')
	returning s.id, s.bounty_id, s.pull_id, s.claimant_id, b.project_id
), merged as (
	select w.*, core.bounty_move(w.bounty_id, 'merged', 'stage:verify', $3, jsonb_build_object('submission_id', w.id)) as moved
	from won w
), verified as (
	select m.*, core.bounty_move(m.bounty_id, 'verify_ok', 'stage:verify', $3, jsonb_build_object('submission_id', m.id,
		'blocker', 'Patchwork: write the proof')) as present
	from merged m where m.moved is not null
), queued as (
	select q.enqueue('prove', 'prove.proof', 'proof:' || v.id, jsonb_build_object('submission_id', v.id), $3,
		trace => $4, project_id => v.project_id) as id
	from verified v where v.present is not null
), told as (
	select q.emit('submission.verified', v.id::text, 'submission/' || v.id, jsonb_build_object('submission_id', v.id,
		'bounty_id', v.bounty_id, 'pull_id', v.pull_id, 'person_id', v.claimant_id, 'level', $2), $4, v.project_id) as event
	from verified v where v.present is not null
)
select (exists (select from queued) and exists (select from told))
	or exists (select from core.submission where id = $1 and state in ('verified', 'paying', 'paid')) as won;
