-- one row: keep two texts with one nonce: for the wallet that joins a person, and for the one that is signed in
-- in   session_id     uuid
-- in   nonce          text
-- in   by_address     bytea        of the session's wallet
-- in   address        bytea        of the one that joins
-- in   public_key     bytea?       Casper's
-- in   chain_id       int8?
-- in   caip10         text
-- in   message        text         for the session's wallet
-- in   other_message  text         for the one that joins
-- in   expires_at     timestamptz
-- out  refused        text?
-- out  nonce          text?
-- out  message        text?        for the wallet that is signed in to sign
-- out  other_message  text?        for the wallet that joins to sign
-- out  expires_at     timestamptz?
-- role api
with me as (
	select s.id, w.address = $3 as mine from core.session s join core.wallet w on w.id = s.wallet_id
	where s.id = $1 and s.kind = 'wallet' and core.session_person($1) is not null
), gone as (
	delete from core.statement where nonce = any (array(
		select nonce from core.statement where expires_at < now() - interval '1 day' limit 2 for update skip locked))
), made as (
	insert into core.statement (nonce, purpose, session_id, action, object_id, address, public_key, chain_id, caip10, message,
		other_message, expires_at)
	select $2, 'link', me.id, 'wallet.link', $7, $4, $5, $6, $7, $8, $9, $10 from me where me.mine
	returning nonce, message, other_message, expires_at
)
select case when me.id is null then 'auth.session_ended' when not me.mine then 'auth.wallet' end as refused,
	made.nonce, made.message, made.other_message, made.expires_at
from (select) as once left join me on true left join made on true
