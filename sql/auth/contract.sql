-- one row: spend a challenge and have the chain asked whether the wallet, a contract, calls the signature its own
-- in   nonce          text
-- in   message        text         what was signed
-- in   caip10         text         of the account in the message
-- in   signature      bytea
-- in   secret_sha256  bytea        with whose text the decision is asked for
-- in   trace          text?
-- out  refused     text?
-- out  id          uuid?
-- out  expires_at  timestamptz?
-- role api
with handed_out as (
	select message, consumed_at, expires_at from core.auth_nonce where nonce = $1
), spent as (
	update core.auth_nonce set consumed_at = now()
	where nonce = $1 and message = $2 and consumed_at is null and expires_at > now() and public_key is null
	returning address, chain_id
), made as materialized (
	select b.id, b.expires_at
	from spent s, core.wallet_check_begin('sign_in', $1, false, s.address, s.chain_id, $3, $2, $4, $5, interval '15 minutes', $6) b
)
select case
		when m.id is not null then null
		when h.message is null then 'auth.nonce_unknown'
		when h.message <> $2 then 'auth.message_changed'
		when h.consumed_at is null and h.expires_at <= now() then 'auth.expired'
		else 'auth.nonce_used'
	end as refused, m.id, m.expires_at
from (select) as once left join handed_out h on true left join made m on true
