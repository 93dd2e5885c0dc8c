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
	select t.* from core.statement t
	where t.nonce = $3 and t.session_id = $1 and t.purpose = 'account' and t.object_id = $2::uuid::text
), kept as materialized (
	select core.project_account_refused(me.person_id, $2, t.caip10) as code from there t, me
	where me.person_id is not null and t.message = $4 and t.used_at is null and t.expires_at > now()
), spent as (
	update core.statement t set signed_at = now(), used_at = now() from me, kept
	where t.nonce = $3 and t.session_id = $1 and t.purpose = 'account' and t.object_id = $2::uuid::text and t.message = $4
		and t.used_at is null and t.expires_at > now() and me.person_id is not null and kept.code is null
	returning t.nonce, t.caip10, t.message
), held as (
	insert into core.project_account (project_id, caip10, statement, signature, nonce, linked_by)
	select $2, s.caip10, s.message, $5, s.nonce, me.person_id from spent s, me
	on conflict (project_id, caip10) where unlinked_at is null do update set unlinked_at = null
	returning *
), made as (
	select * from held where nonce = $3
), audited as materialized (
	select audit.append('project.account_linked', 'project', m.project_id::text, jsonb_build_object('account_id', m.id,
		'caip10', m.caip10, 'nonce', m.nonce, 'trace_id', $6::text), 'person', m.linked_by::text) as id
	from made m
), told as materialized (
	select q.emit('project.account_linked', m.id::text, 'project/' || m.project_id, jsonb_build_object('project_id', m.project_id,
		'account_id', m.id, 'caip10', m.caip10, 'person_id', m.linked_by), trace => $6, project_id => m.project_id) as id
	from made m
)
select case
		when me.person_id is null then 'auth.session_ended'
		when h.id is not null then null
		when t.nonce is null then 'auth.nonce_unknown'
		when t.message <> $4 then 'auth.message_changed'
		when t.used_at is null and t.expires_at <= now() then 'auth.expired'
		when k.code is not null then k.code
		else 'auth.nonce_used'
	end as refused, case when h.nonce = $3 then 201 else 200 end as status, h.id, h.project_id, h.caip10, h.linked_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, me
left join there t on true left join kept k on true left join held h on true
where noted.n >= 0
