-- one: the proof is pinned: the reward leaves escrow on paper and waits out the hold
-- in   submission_id  uuid
-- in   payee          bytea   the claimant's wallet
-- in   job            int8
-- in   trace          text?
-- out  pinned         bool    now, not earlier
-- role worker
with pinned as (
	update proof.proof p set pinned_at = now()
	from core.submission s join core.bounty b on b.id = s.bounty_id
	where p.submission_id = $1 and p.pinned_at is null and s.id = $1 and s.state = 'verified'
	returning p.id, p.cid, p.submission_id, s.claimant_id, s.bounty_id, b.project_id, b.asset_id, b.amount, b.hold
), due as (
	select n.*, now() + n.hold as hold_ends, (select core.wallet_good_at(w.id) from core.wallet w
		where w.person_id = n.claimant_id and w.address = $2 and w.unlinked_at is null) as wallet_good_at
	from pinned n
), payout as (
	insert into ledger.payout (key, chain_key, submission_id, person_id, bounty_id, asset_id, amount, payee, due_at, blocker)
	select 'payout:' || submission_id || ':0', sha256(convert_to('payout:' || submission_id || ':0', 'utf8')), submission_id,
		claimant_id, bounty_id, asset_id, amount, $2, greatest(hold_ends, wallet_good_at),
		case when wallet_good_at > hold_ends then 'payout.wallet_cool_down' end
	from due
	returning *
), booked as (
	select o.*, p.project_id, p.cid, ledger.move('hold:' || o.id, 'hold', 'escrow', o.bounty_id, 'payable', o.bounty_id,
		o.asset_id, o.amount, $3) as transfer
	from payout o join pinned p on p.submission_id = o.submission_id
), held as (
	select k.*, core.bounty_move(k.bounty_id, 'hold_begun', 'stage:prove', $3, jsonb_build_object('payout_id', k.id,
		'blocker', 'the clock: the hold ends at ' || to_char(k.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
		as present
	from booked k where k.transfer is not null
), queued as (
	select q.enqueue('verify', 'verify.recheck', 'recheck:' || h.id, jsonb_build_object('payout_id', h.id), $3, h.due_at,
		trace => $4, project_id => h.project_id) as id
	from held h where h.present is not null
), told as (
	select q.emit('proof.pinned', h.cid, 'proof/' || h.cid, jsonb_build_object('cid', h.cid, 'submission_id', h.submission_id,
			'bounty_id', h.bounty_id), $4, h.project_id) as proof,
		q.emit('payout.scheduled', h.id::text, 'payout/' || h.id, jsonb_build_object('payout_id', h.id,
			'submission_id', h.submission_id, 'bounty_id', h.bounty_id, 'person_id', h.person_id,
			'amount', h.amount::text, 'due_at', h.due_at), $4, h.project_id) as payout
	from held h where h.present is not null
)
select exists (select from queued) and exists (select from told) as pinned;
