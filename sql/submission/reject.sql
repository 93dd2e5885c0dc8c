-- one: a check failed, or another pull request was first
-- in   submission_id  uuid
-- in   state          text    rejected lost
-- in   reason         text    error code of the check
-- in   detail         text    for people
-- in   level          int4
-- in   job            int8
-- in   trace          text?
-- out  rejected       bool    now, not earlier
-- role worker
with rejected as (
	update core.submission s set state = $2, reason = $3, evidence_level = $5, updated_at = now()
	from core.bounty b
	where s.id = $1 and b.id = s.bounty_id and s.state in ('seen', 'verifying', 'review')
	returning s.id, s.bounty_id, s.pull_id, b.project_id
), told as (
	select q.emit('submission.rejected', r.id::text, 'submission/' || r.id, jsonb_build_object('submission_id', r.id,
		'bounty_id', r.bounty_id, 'pull_id', r.pull_id, 'state', $2, 'code', $3, 'detail', $4, 'job_id', $6), $7,
		r.project_id) as event
	from rejected r
)
select exists (select from told) as rejected;
