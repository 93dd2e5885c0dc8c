-- one row: who the session belongs to, with wallets and linked accounts
-- in   session_id  uuid
-- out  refused     text?
-- out  person_id   uuid?
-- out  status      text?
-- out  created_at  timestamptz?
-- out  wallets     jsonb?       [{address, caip10, linked_at}]
-- out  accounts    jsonb?       [{provider, login, provider_uid, method, verified_at}]
-- out  roles       jsonb?       [admin|operator|auditor], those that are good everywhere
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
	to_jsonb(core.roles(p.id)) as roles, s.expires_at as session_expires_at
from (select) as once
left join core.session s on s.id = $1 and s.revoked_at is null and s.expires_at > now()
left join core.person p on p.id = s.person_id
