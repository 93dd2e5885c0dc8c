-- one row: the text came back signed by the account: it is the project's; one that is already stays as it is
-- in   session_id  uuid
-- in   id          uuid         a project
-- in   nonce       text
-- in   message     text
-- in   signature   text         the account's
-- in   trace       text?
-- out  refused     text?
-- out  status      int4
-- out  id          uuid?
-- out  project_id  uuid?
-- out  caip10      text?
-- out  linked_at   timestamptz?
-- role api
with me as (
	select core.session_person($1) as person_id
), there as (
	select t from core.statement t
	where t.nonce = $3 and t.session_id = $1 and t.purpose = 'account' and t.object_id = $2::uuid::text
), judged as materialized (
	select coalesce(core.statement_refused(me.person_id, h.t, $4),
		core.project_account_refused(me.person_id, $2, (h.t).caip10)) as code
	from me left join there h on true
), spent as (
	update core.statement t set signed_at = now(), used_at = now() from judged j
	where t.nonce = $3 and t.used_at is null and j.code is null
	returning t
), linked as materialized (
	select l.* from spent s, me, core.project_account_link(me.person_id, s.t, $5, null, null, '{}', $6) l
)
select case when j.code is not null then j.code when l.id is null then 'auth.nonce_used' end as refused,
	coalesce(l.status, 200) as status, l.id, l.project_id, l.caip10, l.linked_at
from judged j left join linked l on true
