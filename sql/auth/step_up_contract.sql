-- one row: the text came back signed by a wallet that is a contract: spend it and have the chain asked
-- in   session_id  uuid
-- in   nonce       text
-- in   message     text
-- in   chain_id    int8         of the account in the message
-- in   signature   bytea
-- in   trace       text?
-- in   fresh       interval     how long the signature counts, from now
-- out  refused     text?
-- out  state       text?        pending
-- out  id          uuid?
-- out  status_url  text?        what was decided is asked for there, in this session
-- out  expires_at  timestamptz? the signature counts until then
-- role api
-- Another chain's contract of that address may be somebody else's. Each new check takes two that are over for a day with it.
with me as (
	select core.session_person($1) as person_id
), there as (
	select t.nonce, t.message, t.signed_at, t.used_at, t.expires_at, w.address, w.caip10, w.chain_id is not distinct from $4 as own_chain
	from core.statement t join core.session s on s.id = t.session_id join core.wallet w on w.id = s.wallet_id
	where t.nonce = $2 and t.session_id = $1 and t.purpose = 'step_up'
), gone as (
	delete from core.wallet_check where id = any (array(
		select id from core.wallet_check where expires_at < now() - interval '1 day' limit 2 for update skip locked))
), spent as (
	update core.statement t set used_at = now() from me, there h
	where t.nonce = h.nonce and t.message = $3 and t.signed_at is null and t.used_at is null and t.expires_at > now()
		and h.own_chain and me.person_id is not null
	returning t.nonce, h.address, h.caip10
), made as (
	insert into core.wallet_check (nonce, purpose, address, chain_id, caip10, message, signature, expires_at)
	select nonce, 'step_up', address, $4, caip10, $3, $5, now() + $7::interval from spent
	returning id, expires_at
), job as materialized (
	select q.enqueue('verify', 'verify.wallet', 'wallet:' || m.id, jsonb_build_object('check_id', m.id), trace => $6,
		created_by => 'api') as id
	from made m
)
select case
		when me.person_id is null then 'auth.session_ended'
		when m.id is not null then null
		when t.nonce is null then 'auth.nonce_unknown'
		when t.message <> $3 then 'auth.message_changed'
		when t.signed_at is not null or t.used_at is not null then 'auth.nonce_used'
		when t.expires_at <= now() then 'auth.expired'
		when not t.own_chain then 'auth.chain'
		else 'auth.nonce_used'
	end as refused, case when m.id is not null then 'pending' end as state, m.id, '/v1/auth/checks/' || m.id as status_url, m.expires_at
from (select count(*) as n from job) as queued, me left join there t on true left join made m on true
where queued.n >= 0
