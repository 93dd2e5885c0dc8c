-- maybe: an account leaves a project; the row stays, and what it signed
-- in   session_id   uuid
-- in   project_id   uuid
-- in   id           uuid
-- in   trace        text?
-- out  refused      text?
-- out  id           uuid?
-- out  caip10       text?
-- out  unlinked_at  timestamptz?
-- role api
with me as (
	select core.session_person($1) as person_id
), there as (
	select a.id, a.caip10, a.unlinked_at from core.project_account a where a.id = $3 and a.project_id = $2
), gone as (
	update core.project_account a set unlinked_at = now(), unlinked_by = me.person_id from there t, me
	where a.id = t.id and a.unlinked_at is null and me.person_id is not null
	returning a.*
), audited as materialized (
	select audit.append('project.account_unlinked', 'project', g.project_id::text, jsonb_build_object('account_id', g.id,
		'caip10', g.caip10, 'trace_id', $4::text), 'person', g.unlinked_by::text) as id
	from gone g
), told as materialized (
	select q.emit('project.account_unlinked', g.id::text, 'project/' || g.project_id, jsonb_build_object('project_id', g.project_id,
		'account_id', g.id, 'caip10', g.caip10, 'person_id', g.unlinked_by), trace => $4, project_id => g.project_id) as id
	from gone g
)
select case when me.person_id is null then 'auth.session_ended' when coalesce(g.unlinked_at, t.unlinked_at) is null then 'db.conflict' end
	as refused, t.id, t.caip10, coalesce(g.unlinked_at, t.unlinked_at) as unlinked_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, me, there t left join gone g on true
where noted.n >= 0
