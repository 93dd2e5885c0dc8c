-- one: at the end of its hold the work still stands: the payout may be quoted
-- in   payout_id  uuid
-- in   job        int8
-- in   trace      text?
-- out  rechecked  bool      now, not earlier
-- out  wait       interval  until it is due; 0 when it is
-- role worker
with checked as (
	update ledger.payout p set rechecked_at = now(), updated_at = now()
	from core.bounty b
	where p.id = $1 and b.id = p.bounty_id and p.rechecked_at is null and p.due_at <= now()
		and p.state in ('hold', 'payable', 'held') and b.state in ('hold', 'payable')
	returning p.id, b.project_id
), queued as (
	select q.enqueue('pay', 'pay.quote', 'quote:' || c.id, jsonb_build_object('payout_id', c.id), $2, trace => $3,
		project_id => c.project_id) as id
	from checked c
)
select exists (select from queued) as rechecked, greatest(p.due_at - now(), interval '0') as wait from ledger.payout p where p.id = $1;
