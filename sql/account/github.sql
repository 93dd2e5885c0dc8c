-- one row: one's own GitHub account: linked, revoked, or none
-- in   session_id  uuid
-- out  refused         text?
-- out  state           text?        none, linked, revoked
-- out  provider_uid    int8?        what binds
-- out  login           text?        as GitHub said it last, to be shown
-- out  method          text?        oauth, operator
-- out  verified_at     timestamptz?
-- out  checked_at      timestamptz? when GitHub said last that it is still so
-- out  revoked_at      timestamptz?
-- out  revoked_reason  text?        unlinked, or why GitHub does not say so any more
-- out  relink_reason   text?        linked, and GitHub is not asked in its name any more: linking it again mends that
-- role api
with me as (
	select core.session_person($1) as person_id
), last as (
	select a.* from core.external_account a join me using (person_id) where a.provider = 'github'
	order by a.revoked_at desc nulls first limit 1
)
select case when me.person_id is null then 'auth.session_ended' end as refused,
	case when a.id is null then 'none' when a.revoked_at is null then 'linked' else 'revoked' end as state,
	a.provider_uid, a.login_display as login, a.method, a.verified_at, a.checked_at, a.revoked_at, a.revoked_reason,
	case when a.revoked_at is null and not exists (select from core.account_token t where t.account_id = a.id) then a.relink_reason end
		as relink_reason
from me left join last a on true
