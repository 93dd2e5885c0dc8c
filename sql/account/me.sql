-- one row: who the session belongs to, with wallets and linked accounts
-- in   session_id  uuid
-- out  refused     text?
-- out  person_id   uuid?
-- out  status      text?
-- out  created_at  timestamptz?
-- out  wallets     jsonb?       [{address, caip10, linked_at}]
-- out  accounts    jsonb?       [{provider, login, provider_uid, method, verified_at}]
-- out  roles       jsonb?       [admin|operator|auditor], those that are good everywhere
-- out  notices     jsonb?       [{kind, caip10, previous, at, effective_at}], newest first: changes that are not good yet, the last 20
-- out  session_expires_at  timestamptz?
-- role api
select case when p.id is null then 'auth.session_ended' when p.status <> 'active' then 'auth.suspended' end as refused,
	p.id as person_id, p.status, p.created_at,
	(select coalesce(jsonb_agg(jsonb_build_object('address', split_part(w.caip10, ':', 3), 'caip10', w.caip10,
			'linked_at', w.linked_at) order by w.linked_at, w.id), '[]')
		from core.wallet w where w.person_id = p.id and w.unlinked_at is null) as wallets,
	(select coalesce(jsonb_agg(jsonb_build_object('provider', a.provider, 'login', a.login_display,
			'provider_uid', a.provider_uid, 'method', a.method, 'verified_at', a.verified_at) order by a.verified_at, a.id), '[]')
		from core.external_account a where a.person_id = p.id and a.revoked_at is null) as accounts,
	to_jsonb(core.roles(p.id)) as roles,
	(select coalesce(jsonb_agg(jsonb_build_object('kind', 'payout_wallet', 'caip10', n.caip10, 'previous', n.previous,
			'at', n.chosen_at, 'effective_at', n.effective_at) order by n.chosen_at desc, n.id desc), '[]')
		from (
			select c.id, c.chosen_at, c.effective_at, w.caip10, coalesce(before.caip10, first.caip10) as previous
			from core.payout_wallet c join core.wallet w on w.id = c.wallet_id
			left join lateral (
				select o.caip10 from core.payout_wallet b join core.wallet o on o.id = b.wallet_id
				where b.person_id = c.person_id and (b.chosen_at, b.id) < (c.chosen_at, c.id)
				order by b.chosen_at desc, b.id desc limit 1) before on true
			left join lateral (
				select o.caip10 from core.wallet o where o.person_id = c.person_id and o.public_key is null
				order by o.linked_at, o.id limit 1) first on true
			where c.person_id = p.id and c.effective_at > now()
			order by c.chosen_at desc, c.id desc limit 20) n) as notices,
	s.expires_at as session_expires_at
from (select) as once
left join core.session s on s.id = $1 and s.revoked_at is null and s.expires_at > now()
left join core.person p on p.id = s.person_id
