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
	select t.* from core.statement t where t.nonce = $2 and t.session_id = $1 and t.purpose = 'link'
), spent as (
	update core.statement t set signed_at = now(), used_at = now() from me
	where t.nonce = $2 and t.session_id = $1 and t.purpose = 'link' and t.message = $3 and t.other_message = $4
		and t.used_at is null and t.expires_at > now() and me.person_id is not null
	returning t.address, t.public_key, t.chain_id, t.caip10
), held as (
	select w.id, w.person_id, w.caip10, w.linked_at from core.wallet w join spent using (address) where w.unlinked_at is null
), made as (
	insert into core.wallet (person_id, chain_id, caip10, address, public_key)
	select me.person_id, s.chain_id, s.caip10, s.address, s.public_key from spent s, me where not exists (select from held)
	on conflict do nothing
	returning id, person_id, caip10, linked_at
), audited as materialized (
	select audit.append('wallet.linked', 'wallet', m.id::text, jsonb_build_object('caip10', m.caip10, 'nonce', $2,
		'trace_id', $5::text), 'person', m.person_id::text) as id
	from made m
), told as materialized (
	select q.emit('wallet.linked', m.id::text, 'person/' || m.person_id, jsonb_build_object('wallet_id', m.id,
		'person_id', m.person_id, 'caip10', m.caip10), trace => $5) as id
	from made m
), joined as (
	select 201 as status, * from made union all select 200, h.* from held h join me using (person_id)
)
select case
		when me.person_id is null then 'auth.session_ended'
		when j.id is not null then null
		when exists (select from spent) then 'wallet.taken'
		when t.nonce is null then 'auth.nonce_unknown'
		when t.message <> $3 or t.other_message <> $4 then 'auth.message_changed'
		when t.used_at is null and t.expires_at <= now() then 'auth.expired'
		else 'auth.nonce_used'
	end as refused, coalesce(j.status, 200) as status, j.id, j.caip10, j.linked_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, me
left join there t on true left join joined j on true
where noted.n >= 0
