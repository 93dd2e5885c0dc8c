-- one row: both texts came back signed: the wallet joins the person of the session that asked for them
-- in   session_id     uuid
-- in   nonce          text
-- in   message        text         signed by the session's wallet
-- in   other_message  text         signed by the one that joins
-- in   trace          text?
-- out  refused        text?
-- out  status         int4
-- out  id             uuid?
-- out  caip10         text?
-- out  linked_at      timestamptz?
-- role api
with me as (
	select core.session_person($1) as person_id
), there as (
	select t from core.statement t where t.nonce = $2 and t.session_id = $1 and t.purpose = 'link'
), judged as (
	select core.statement_refused(me.person_id, h.t, $3, $4) as code from me left join there h on true
), spent as (
	update core.statement t set signed_at = now(), used_at = now() from judged j
	where t.nonce = $2 and t.used_at is null and j.code is null
	returning t
), joined as materialized (
	select l.* from spent s, me, core.wallet_link(me.person_id, s.t, false, '{}', $5) l
)
select case
		when j.code is not null then j.code
		when l.id is not null then null
		when exists (select from spent) then 'wallet.taken'
		else 'auth.nonce_used'
	end as refused, coalesce(l.status, 200) as status, l.id, l.caip10, l.linked_at
from judged j left join joined l on true
