-- one row: have it checked whether a repository is this person's; the same method again is the same check, looked at anew
-- in   session_id  uuid
-- in   id          uuid         a project
-- in   method      text
-- in   trace       text?
-- out  refused     text?
-- out  id          uuid?
-- out  project_id  uuid?
-- out  method      text?
-- out  state       text?        pending until GitHub was asked
-- out  challenge   text?        for method file: the text that the file must hold
-- out  path        text?        for method file: where
-- out  asked_at    timestamptz?
-- out  job_id      int8?
-- role api
with me as (
	select core.session_person($1) as person_id
), project as (
	select p.id from core.project p where p.id = $2 and (not p.private or core.sees($1, 'project', p.id))
), checked as materialized (
	select case
		when me.person_id is null then 'auth.session_ended'
		when not exists (select from project) then 'project.not_found'
		when $3 in ('permission', 'app', 'ping') and not exists (
			select from core.external_account a
			where a.person_id = me.person_id and a.provider = 'github' and a.revoked_at is null) then 'ownership.account_unlinked'
	end as refused, me.person_id
	from me
), asked as (
	insert into core.ownership_check as k (project_id, person_id, method)
	select project.id, checked.person_id, $3 from project, checked where checked.refused is null
	on conflict on constraint ownership_check_person do update
	set asked_at = now(), state = case when k.state = 'refused' then 'pending' else k.state end, code = null
	returning k.id, k.project_id, k.person_id, k.method, k.state, k.challenge, k.asked_at, k.runs
), hook as (
	-- its ping is the answer
	insert into core.hook (project_id, person_id, check_id)
	select project_id, person_id, id from asked where method = 'ping'
	on conflict (project_id, person_id) where gone_at is null do update set check_id = excluded.check_id
	returning id, check_id
), job as materialized (
	select q.enqueue('sync', case when h.id is null then 'sync.check' else 'sync.hook' end,
		case when h.id is null then 'check:' || a.id else 'hook:' || h.id end || ':' || a.runs,
		case when h.id is null then jsonb_build_object('check_id', a.id) else jsonb_build_object('hook_id', h.id) end, trace => $4,
		project_id => a.project_id, created_by => 'person/' || a.person_id) as id
	from asked a left join hook h on h.check_id = a.id
)
select checked.refused, a.id, a.project_id, a.method, a.state, case $3 when 'file' then a.challenge end as challenge,
	case $3 when 'file' then '.well-known/patchwork.json' end as path, a.asked_at, job.id as job_id
from checked left join asked a on true left join job on true
