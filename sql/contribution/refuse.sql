-- one: the deposit is not what was promised: the bounty goes back to draft unless another deposit counts
-- in   contribution_id  uuid
-- in   reason           text    error code
-- in   detail           text    for people
-- in   job              int8
-- in   trace            text?
-- out  refused          bool    now, not earlier
-- role worker
with refused as (
	update core.contribution set state = 'refused', reason = $2 where id = $1 and state = 'pending'
	returning id, bounty_id
), bounty as (
	select r.*, b.state, b.project_id, exists (select from core.contribution c
		where c.bounty_id = r.bounty_id and c.id <> r.id and c.state <> 'refused') as others
	from refused r join core.bounty b on b.id = r.bounty_id
), moved as (
	select b.*, case when b.state = 'funding' and not b.others then core.bounty_move(b.bounty_id, 'deposit_refused',
		'stage:verify', $4, jsonb_build_object('contribution_id', b.id, 'code', $2, 'blocker', 'the funder: ' || $3))
		else b.state end as present
	from bounty b
), told as (
	select q.emit('bounty.deposit_refused', m.id::text, 'bounty/' || m.bounty_id, jsonb_build_object('bounty_id', m.bounty_id,
		'contribution_id', m.id, 'code', $2, 'detail', $3), $5, m.project_id) as event
	from moved m where m.present is not null
)
select exists (select from told) as refused;
