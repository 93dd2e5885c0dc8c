-- one: the escrow's lock ends before the hold would: the bounty stands still until the funder has locked for longer
-- in   submission_id  uuid
-- in   job            int8
-- in   trace          text?
-- out  refused        bool    now or earlier
-- role worker
with submission as (
	select s.id, s.bounty_id, s.pull_id, b.project_id from core.submission s join core.bounty b on b.id = s.bounty_id
	where s.id = $1 and s.state = 'verified' and b.state = 'verified'
	for update of s
), told_why as (
	update core.submission s set reason = 'prove.lock_ends', updated_at = now() from submission o where s.id = o.id
), frozen as (
	select o.*, core.bounty_move(o.bounty_id, 'flagged', 'stage:prove', $2, jsonb_build_object('submission_id', o.id,
		'code', 'prove.lock_ends', 'blocker', 'the funder: lock the money until after the hold')) as present
	from submission o
), told as (
	select q.emit('submission.review', f.id || ':' || $2, 'submission/' || f.id, jsonb_build_object('submission_id', f.id,
		'bounty_id', f.bounty_id, 'pull_id', f.pull_id, 'code', 'prove.lock_ends',
		'detail', 'the escrow''s lock ends before the hold would'), $3, f.project_id) as event
	from frozen f where f.present is not null
)
select exists (select from told) or exists (select from core.submission s join core.bounty b on b.id = s.bounty_id
	where s.id = $1 and b.state = 'frozen') as refused;
