-- one row: what was decided about a contract wallet's fresh signature
-- in   session_id   uuid         that handed it in
-- in   id           uuid
-- out  refused      text?
-- out  status       int4         202 while it is pending
-- out  state        text?        pending or accepted
-- out  action       text?        that the session may do
-- out  object_id    text?
-- out  valid_until  timestamptz?
-- role api
select case
		when core.session_person($1) is null then 'auth.session_ended'
		when k.id is null then 'auth.check_unknown'
		when k.state = 'refused' then k.reason
		when k.expires_at <= now() then 'auth.expired'
	end as refused, case when k.state = 'accepted' then 200 else 202 end as status, k.state, k.action, k.object_id,
	k.expires_at as valid_until
from (select) as once left join (
	select c.id, c.state, c.reason, c.expires_at, t.action, t.object_id
	from core.wallet_check c join core.statement t on t.nonce = c.nonce
	where c.id = $2 and c.purpose = 'step_up' and t.session_id = $1) k on true
