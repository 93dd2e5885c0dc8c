-- one: the deadline has passed without a merge, or nobody has decided about one for 30 days: nothing can be won, and the money goes back to who gave it
-- in   bounty_id  uuid
-- in   job        int8
-- in   trace      text?
-- out  expired    bool      now, not earlier
-- out  state      text      before that
-- out  wait       interval  until the deadline; 0 when it is over
-- role worker
with bounty as (
	select b.id, b.project_id, b.state, (select max(coalesce(c.lock_until, b.deadline_at + b.hold)) from core.contribution c
		where c.bounty_id = b.id and c.state = 'confirmed') as lock_until
	from core.bounty b
	where b.id = $1 and b.deadline_at <= now() and (b.state in ('draft', 'funding', 'open', 'in_progress')
		or (b.state = 'frozen' and b.state_since <= now() - interval '30 days'
			and not exists (select from ledger.payout o where o.bounty_id = b.id and o.state <> 'cancelled')))
	for update of b
), ended as (
	select b.*, jsonb_build_object('code', 'bounty.expired') as why
	from bounty b
), moved as (
	select e.*, core.bounty_move(e.id, case e.state when 'draft' then 'cancelled' when 'funding' then 'funding_expired'
		when 'frozen' then 'refund' else 'deadline' end, 'stage:verify', $2, e.why) as present
	from ended e
), refunding as (
	select e.*, case e.present when 'expired' then core.bounty_move(e.id, 'refund', 'stage:verify', $2, e.why)
		else e.present end as final
	from moved e where e.present is not null
), lost as (
	update core.submission s set state = 'rejected', reason = 'bounty.expired', updated_at = now()
	from refunding r where s.bounty_id = r.id and s.state in ('seen', 'verifying')
), told as (
	select q.emit('bounty.expired', r.id::text, 'bounty/' || r.id, jsonb_build_object('bounty_id', r.id, 'state', r.final,
		'lock_until', r.lock_until), $3, r.project_id) as event
	from refunding r where r.final is not null
)
select exists (select from told) as expired, b.state, greatest(b.deadline_at - now(), interval '0') as wait from core.bounty b where b.id = $1;
