-- one row: what was decided about what a contract signed for an act of this session
-- in   session_id   uuid         that handed it in
-- in   id           uuid
-- out  refused      text?
-- out  status       int4         202 while it is pending
-- out  state        text?        pending or accepted
-- out  action       text?        what was signed for
-- out  object_id    text?
-- out  linked_id    uuid?        the wallet, or the project's account, that was linked
-- out  valid_until  timestamptz? of a fresh signature
-- role api
-- A link that was made stays true; a fresh signature ends.
select case
		when core.session_person($1) is null then 'auth.session_ended'
		when k.nonce is null then 'auth.check_unknown'
		when k.reason is not null then k.reason
		when k.expires_at <= now() and k.linked_id is null then 'auth.expired'
	end as refused, case when k.accepted then 200 else 202 end as status, case when k.accepted then 'accepted' else 'pending' end as state,
	k.action, k.object_id, k.linked_id, case when k.purpose = 'step_up' then k.expires_at end as valid_until
from (select) as once left join lateral (
	select t.nonce, t.purpose, t.action, t.object_id, bool_and(c.state = 'accepted') as accepted,
		(array_agg(c.reason order by c.decided_at) filter (where c.reason is not null))[1] as reason,
		(array_agg(c.linked_id) filter (where c.linked_id is not null))[1] as linked_id, min(c.expires_at) as expires_at
	from core.wallet_check a join core.statement t on t.nonce = a.nonce and t.purpose = a.purpose
	join core.wallet_check c on c.nonce = a.nonce
	where a.id = $2 and t.session_id = $1
	group by t.nonce) k on true
