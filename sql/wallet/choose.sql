-- maybe: payouts to come go to this wallet, after a while
-- in   session_id    uuid
-- in   id            uuid
-- in   trace         text?
-- out  refused       text?
-- out  id            uuid?
-- out  caip10        text?
-- out  effective_at  timestamptz? nothing is paid to it before
-- role api
with there as (
	select w.id, w.person_id, w.caip10, w.public_key is not null as casper, core.payout_choice(w.person_id) as chosen, (
		select o.id from core.wallet o where o.person_id = w.person_id and o.public_key is null
		order by o.linked_at, o.id limit 1) as first
	from core.wallet w where w.id = $2 and w.unlinked_at is null and w.person_id = core.session_person($1)
), made as (
	insert into core.payout_wallet (person_id, wallet_id, effective_at)
	select t.person_id, t.id, now() + case when t.chosen is null and t.id = t.first then interval '0' else core.payout_cool_down() end
	from there t where not t.casper and t.chosen is distinct from t.id
	returning *
), audited as materialized (
	select audit.append('wallet.payout_changed', 'wallet', m.wallet_id::text, jsonb_build_object('effective_at', m.effective_at,
		'trace_id', $3::text), 'person', m.person_id::text) as id
	from made m
), told as materialized (
	select q.emit('wallet.payout_changed', m.id::text, 'person/' || m.person_id, jsonb_build_object('person_id', m.person_id,
		'wallet_id', m.wallet_id, 'caip10', t.caip10, 'previous_id', coalesce(t.chosen, t.first),
		'effective_at', m.effective_at, 'tell', jsonb_build_object(
			'wallets', (select coalesce(jsonb_agg(w.caip10 order by w.linked_at, w.id), '[]') from core.wallet w
				where w.person_id = m.person_id and w.unlinked_at is null and w.id <> m.wallet_id),
			'accounts', (select coalesce(jsonb_agg(jsonb_build_object('provider', a.provider, 'provider_uid', a.provider_uid,
					'login', a.login_display) order by a.verified_at, a.id), '[]') from core.external_account a
				where a.person_id = m.person_id and a.revoked_at is null))), trace => $3) as id
	from made m, there t
)
select case when t.casper then 'wallet.no_payouts' end as refused, t.id, t.caip10,
	coalesce(m.effective_at, core.wallet_good_at(t.id)) as effective_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, there t left join made m on true
where noted.n >= 0
