-- one row: keep a text that names an action and its object, for the session's wallet to sign
-- in   session_id  uuid
-- in   nonce       text
-- in   address     bytea        of the session's wallet
-- in   action      text
-- in   object_id   text
-- in   message     text
-- in   expires_at  timestamptz
-- out  refused     text?
-- out  nonce       text?
-- out  message     text?        sign exactly these bytes
-- out  expires_at  timestamptz?
-- role api
with me as (
	select s.id, w.address = $3 as mine from core.session s join core.wallet w on w.id = s.wallet_id
	where s.id = $1 and s.kind = 'wallet' and core.session_person($1) is not null
), gone as (
	delete from core.statement where nonce = any (array(
		select nonce from core.statement where expires_at < now() - interval '1 day' limit 2 for update skip locked))
), made as (
	insert into core.statement (nonce, purpose, session_id, action, object_id, message, expires_at)
	select $2, 'step_up', me.id, $4, $5, $6, $7 from me where me.mine
	returning nonce, message, expires_at
)
select case when me.id is null then 'auth.session_ended' when not me.mine then 'auth.wallet' end as refused,
	made.nonce, made.message, made.expires_at
from (select) as once left join me on true left join made on true
