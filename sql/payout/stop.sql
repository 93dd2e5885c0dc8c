-- one: the payout must not go out: the bounty stands still until a person has decided
-- in   payout_id  uuid
-- in   code       text    error code
-- in   blocker    text    who must act, for people
-- in   job        int8
-- in   trace      text?
-- out  stopped    bool    now or earlier
-- role worker
with payout as (
	select p.id, p.bounty_id, p.submission_id, b.project_id
	from ledger.payout p join core.bounty b on b.id = p.bounty_id
	where p.id = $1 and p.state in ('hold', 'payable', 'held') and b.state in ('hold', 'payable')
	for update of p
), held as (
	update ledger.payout p set state = 'hold', blocker = $3, rechecked_at = null, updated_at = now()
	from payout o where p.id = o.id
	returning o.*
), submission as (
	update core.submission s set reason = $2, updated_at = now() from held h where s.id = h.submission_id
), frozen as (
	select h.*, core.bounty_move(h.bounty_id, 'flagged', 'stage:verify', $4, jsonb_build_object('payout_id', h.id,
		'code', $2, 'blocker', $3)) as present
	from held h
), told as (
	select q.emit('payout.stopped', f.id || ':' || $4, 'payout/' || f.id, jsonb_build_object('payout_id', f.id,
		'submission_id', f.submission_id, 'bounty_id', f.bounty_id, 'code', $2, 'detail', $3), $5, f.project_id) as event
	from frozen f where f.present is not null
)
select exists (select from told) or exists (select from ledger.payout p join core.bounty b on b.id = p.bounty_id
	where p.id = $1 and b.state = 'frozen') as stopped;
