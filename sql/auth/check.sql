-- one row: what was decided about a contract wallet's sign-in; when it is accepted, its session, once
-- in   id              uuid
-- in   secret_sha256   bytea
-- in   session_id      uuid
-- in   expires_at      timestamptz  of the session
-- in   refresh_sha256  bytea
-- out  refused     text?
-- out  status      int4         202 while it is pending
-- out  state       text?        pending; otherwise what /v1/auth/verify answers
-- out  person_id   uuid?
-- out  address     bytea?
-- out  session_id  uuid?
-- out  expires_at  timestamptz?
-- role api
with asked as (
	select * from core.wallet_check where id = $1 and secret_sha256 = $2
), barred as (
	select from asked a join core.wallet w on w.address = a.address and w.unlinked_at is null
	join core.person p on p.id = w.person_id where p.status <> 'active'
), opened as (
	update core.wallet_check c set opened_at = now() from asked a
	where c.id = a.id and c.state = 'accepted' and c.opened_at is null and c.expires_at > now() and not exists (select from barred)
	returning c.address, c.chain_id, c.caip10
), fresh as materialized (
	select core.uuid_v7() as person_id from opened
), wallet as (
	insert into core.wallet as w (person_id, chain_id, caip10, address, contract)
	select fresh.person_id, o.chain_id, o.caip10, o.address, true from opened o, fresh
	on conflict (address) where unlinked_at is null do update set chain_id = w.chain_id -- changes nothing: returns the row there is
	returning w.id, w.person_id, w.address
), person as (
	insert into core.person (id) select person_id from fresh join wallet using (person_id)
), session as (
	insert into core.session (id, person_id, wallet_id, expires_at) select $3, person_id, id, $4 from wallet
	returning id, person_id, expires_at
), refresh as (
	insert into core.refresh_token (sha256, session_id) select $5, id from session
)
select case
		when s.id is not null then null
		when a.id is null then 'auth.check_unknown'
		when a.state = 'refused' then a.reason
		when a.expires_at <= now() then 'auth.expired'
		when a.state = 'pending' then null
		when exists (select from barred) then 'auth.suspended'
		else 'auth.nonce_used'
	end as refused, case when s.id is null then 202 else 200 end as status, a.state, s.person_id, wallet.address,
	s.id as session_id, s.expires_at
from (select) as once left join asked a on true left join session s on true left join wallet on true
