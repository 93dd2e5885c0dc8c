-- maybe: how far one's own attempt to link an account is
-- in   session_id  uuid
-- in   id          uuid
-- out  refused     text?
-- out  status      int4         202 until it is decided
-- out  id          uuid?
-- out  state       text?
-- out  expires_at  timestamptz? of the step to come
-- role api
with me as (
	select core.session_person($1) as person_id
)
select case
		when me.person_id is null then 'auth.session_ended'
		when l.state = 'refused' then l.reason
		when l.state <> 'linked' and l.expires_at <= now() then 'link.expired'
	end as refused, case when l.state = 'linked' then 200 else 202 end as status, l.id, l.state,
	case when l.state <> 'linked' then l.expires_at end as expires_at
from me left join core.account_link l on l.id = $2 and l.person_id = me.person_id
where me.person_id is null or l.id is not null
