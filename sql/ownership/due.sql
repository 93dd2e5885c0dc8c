-- one: has every ownership looked at again that was not for most of a day, or whose ping is too old, every repository read once a day,
-- and what has been degraded for too long called lost
-- in   job    int8
-- in   trace  text?
-- out  checks    int8
-- out  projects  int8
-- out  lost      int4
-- out  policies  int8     files that are read again
-- role worker
with checks as (
	select q.enqueue('sync', 'sync.check', 'check:' || k.id || ':t' || k.runs,
		jsonb_build_object('check_id', k.id), $1, trace => $2, project_id => k.project_id)
	from core.ownership_check k join core.project p on p.id = k.project_id
	where k.proven_at is not null and p.state <> 'lost'
		and (k.checked_at < now() - interval '22 hours' or k.state = 'passed' and core.ping_lapsed(k.id) is not null)
), projects as (
	select q.enqueue('sync', 'sync.project', 'project:' || p.id || ':t' || to_char(now() at time zone 'UTC', 'YYYYMMDD'),
		jsonb_build_object('project_id', p.id), $1, trace => $2, project_id => p.id)
	from core.project p where p.repo_id is not null and p.state <> 'lost'
), policies as (
	select q.enqueue('sync', 'sync.policy', 'policy:' || p.id || ':t' || to_char(now() at time zone 'UTC', 'YYYYMMDD'),
		jsonb_build_object('project_id', p.id), $1, trace => $2, project_id => p.id)
	from core.project p where p.repo_id is not null and p.default_branch is not null and p.state = 'verified'
)
select (select count(*) from checks) as checks, (select count(*) from projects) as projects, core.projects_lose() as lost,
	(select count(*) from policies) as policies;
