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
-- Each new check takes two that are over for a day with it.
with handed_out as (
	select message, consumed_at, expires_at from core.auth_nonce where nonce = $1
), gone as (
	delete from core.wallet_check where id = any (array(
		select id from core.wallet_check where expires_at < now() - interval '1 day' limit 2 for update skip locked))
), spent as (
	update core.auth_nonce set consumed_at = now()
	where nonce = $1 and message = $2 and consumed_at is null and expires_at > now() and public_key is null
	returning address, chain_id
), made as (
	insert into core.wallet_check (nonce, address, chain_id, caip10, message, signature, secret_sha256, expires_at)
	select $1, address, chain_id, $3, $2, $4, $5, now() + interval '15 minutes' from spent
	returning id, expires_at
), job as materialized (
	select q.enqueue('verify', 'verify.wallet', 'wallet:' || m.id, jsonb_build_object('check_id', m.id), trace => $6,
		created_by => 'api') as id
	from made m
)
select case
		when m.id is not null then null
		when h.message is null then 'auth.nonce_unknown'
		when h.message <> $2 then 'auth.message_changed'
		when h.consumed_at is null and h.expires_at <= now() then 'auth.expired'
		else 'auth.nonce_used'
	end as refused, m.id, m.expires_at
from (select count(*) as n from job) as queued left join handed_out h on true left join made m on true
where queued.n >= 0
