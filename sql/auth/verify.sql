-- one row: spend a challenge and open a session; who signs in for the first time becomes a person with that wallet
-- in   nonce           text
-- in   message         text         what was signed
-- in   caip10          text         of the account in the message
-- in   session_id      uuid
-- in   expires_at      timestamptz  of the session
-- in   refresh_sha256  bytea        of the first refresh token
-- out  refused     text?
-- out  person_id   uuid?
-- out  address     bytea?       the wallet that signed
-- out  public_key  bytea?       of a Casper wallet
-- out  session_id  uuid?
-- out  expires_at  timestamptz? of the session
-- role api
with handed_out as (
	select message, consumed_at, expires_at from core.auth_nonce where nonce = $1
), barred as (
	select from core.auth_nonce a join core.wallet w on w.address = a.address and w.unlinked_at is null
	join core.person p on p.id = w.person_id
	where a.nonce = $1 and p.status <> 'active'
), spent as (
	update core.auth_nonce set consumed_at = now()
	where nonce = $1 and message = $2 and consumed_at is null and expires_at > now() and not exists (select from barred)
	returning address, chain_id, public_key
), fresh as materialized (
	select core.uuid_v7() as person_id from spent
), wallet as (
	insert into core.wallet as w (person_id, chain_id, caip10, address, public_key)
	select fresh.person_id, spent.chain_id, $3, spent.address, spent.public_key from spent, fresh
	on conflict (address) where unlinked_at is null do update set chain_id = w.chain_id -- changes nothing: returns the row there is
	returning w.id, w.person_id, w.address, w.public_key
), person as (
	insert into core.person (id) select person_id from fresh join wallet using (person_id)
), session as (
	insert into core.session (id, person_id, wallet_id, expires_at) select $4, person_id, id, $5 from wallet
	returning id, person_id, expires_at
), refresh as (
	insert into core.refresh_token (sha256, session_id) select $6, id from session
)
select case
		when s.id is not null then null
		when h.message is null then 'auth.nonce_unknown'
		when h.message <> $2 then 'auth.message_changed'
		when h.consumed_at is not null then 'auth.nonce_used'
		when h.expires_at <= now() then 'auth.expired'
		when exists (select from barred) then 'auth.suspended'
		else 'auth.nonce_used'
	end as refused,
	s.person_id, wallet.address, wallet.public_key, s.id as session_id, s.expires_at
from (select) as once left join handed_out h on true left join session s on true left join wallet on true
