-- one: a person must look: the bounty stands still; nothing when it is no longer to be won
-- in   submission_id  uuid
-- in   reason         text    error code of the check
-- in   detail         text    for people
-- in   level          int4
-- in   job            int8
-- in   trace          text?
-- out  frozen         bool    now or earlier
-- role worker
with bounty as (
	select b.id, b.project_id from core.bounty b join core.submission s on s.bounty_id = b.id
	where s.id = $1 and b.state in ('open', 'in_progress')
	for update of b
), reviewed as (
	update core.submission s set state = 'review', reason = $2, evidence_level = $4, updated_at = now()
	from bounty b where s.id = $1 and s.state in ('seen', 'verifying', 'review')
	returning s.id, s.bounty_id, s.pull_id, b.project_id
), merged as (
	select r.*, core.bounty_move(r.bounty_id, 'merged', 'stage:verify', $5, jsonb_build_object('submission_id', r.id)) as moved
	from reviewed r
), frozen as (
	select m.*, core.bounty_move(m.bounty_id, 'verify_review', 'stage:verify', $5, jsonb_build_object('submission_id', m.id,
		'code', $2, 'blocker', case $2 when 'verify.awarded' then 'an operator: ' else 'a maintainer: ' end || $3)) as present
	from merged m where m.moved is not null
), told as (
	select q.emit('submission.review', f.id || ':' || $5, 'submission/' || f.id, jsonb_build_object('submission_id', f.id,
		'bounty_id', f.bounty_id, 'pull_id', f.pull_id, 'code', $2, 'detail', $3), $6, f.project_id) as event
	from frozen f where f.present is not null
)
select exists (select from told) or exists (select from core.submission s join core.bounty b on b.id = s.bounty_id
	where s.id = $1 and s.state = 'review' and b.state = 'frozen') as frozen;
