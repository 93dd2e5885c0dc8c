-- maybe: a wallet leaves its person and its sessions end; the row stays, and what was paid to it
-- in   session_id   uuid
-- in   id           uuid
-- in   trace        text?
-- out  refused      text?
-- out  id           uuid?
-- out  caip10       text?
-- out  unlinked_at  timestamptz?
-- role api
with me as (
	select s.person_id, s.wallet_id from core.session s where s.id = $1 and core.session_person($1) is not null
), there as (
	select w.id, w.person_id, w.caip10, w.unlinked_at, case
			when w.unlinked_at is not null then null
			when w.id = me.wallet_id then 'wallet.signed_in'
			when w.id = coalesce(core.payout_choice(w.person_id), (
				select o.id from core.wallet o where o.person_id = w.person_id and o.unlinked_at is null and o.public_key is null
				order by o.linked_at, o.id limit 1)) then 'wallet.paid_to'
			when exists (select from core.payout_wallet c where c.person_id = w.person_id and c.effective_at > now()
				and c.chosen_at > w.linked_at) then 'wallet.cool_down' -- it is told of that change: /v1/me
		end as refused
	from core.wallet w join me using (person_id) where w.id = $2
), gone as (
	update core.wallet w set unlinked_at = now() from there t
	where w.id = t.id and w.unlinked_at is null and t.refused is null
	returning w.id, w.person_id, w.caip10, w.unlinked_at
), ended as (
	update core.session s set revoked_at = now(), revoked_reason = 'wallet unlinked' from gone
	where s.wallet_id = gone.id and s.revoked_at is null
), audited as materialized (
	select audit.append('wallet.unlinked', 'wallet', g.id::text, jsonb_build_object('caip10', g.caip10, 'trace_id', $3::text),
		'person', g.person_id::text) as id
	from gone g
), told as materialized (
	select q.emit('wallet.unlinked', g.id::text, 'person/' || g.person_id, jsonb_build_object('wallet_id', g.id,
		'person_id', g.person_id, 'caip10', g.caip10), trace => $3) as id
	from gone g
)
select t.refused, t.id, t.caip10, coalesce(g.unlinked_at, t.unlinked_at) as unlinked_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, there t left join gone g on true
where noted.n >= 0
