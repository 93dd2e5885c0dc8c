-- one: an issue is no longer there: its bounties follow it to a repository that is registered, or stand still, or go back
-- in   project_id  uuid
-- in   number      int4
-- in   reason      text    deleted transferred
-- in   to_repo     int8?   transferred: GitHub's id of the repository
-- in   to_number   int4?
-- in   job         int8
-- in   trace       text?
-- out  followed    int8
-- out  frozen      int8
-- out  ended       int8    on their way to a refund, or cancelled
-- role worker
with closed as (
	update core.issue set state = 'closed', state_reason = $3, updated_at = clock_timestamp()
	where project_id = $1 and number = $2 and state_reason is distinct from $3
), gone as (
	select b.id, b.state, b.issue_id from core.bounty b join core.issue i on i.id = b.issue_id
	where i.project_id = $1 and i.number = $2 and b.state in ('draft', 'open', 'in_progress')
	for update of b
), target as (
	select id from core.project where provider = 'github' and repo_id = $4 and $5::int is not null and $3 = 'transferred'
), made as (
	insert into core.issue (project_id, number) select id, $5 from target where exists (select from gone)
	on conflict (project_id, number) do nothing
	returning id, project_id
), place as (
	select id, project_id from made
	union all
	select i.id, i.project_id from core.issue i join target t on t.id = i.project_id where i.number = $5
), moved as (
	update core.bounty b set project_id = p.project_id, issue_id = p.id, version = b.version + 1
	from gone g, place p where b.id = g.id
	returning b.id, b.project_id, b.issue_id
), told as (
	select q.emit('bounty.moved', m.id || ':' || m.issue_id, 'bounty/' || m.id, jsonb_build_object('bounty_id', m.id,
		'project_id', m.project_id, 'issue_id', m.issue_id, 'issue_number', $5), $7, m.project_id) as event,
		q.enqueue('sync', 'sync.issue', 'issue:' || m.issue_id, jsonb_build_object('issue_id', m.issue_id), $6, trace => $7) as job
	from moved m
), frozen as (
	select core.bounty_move(g.id, 'issue_transferred', 'stage:sync', $6, jsonb_build_object('blocker',
		'an operator: the issue was transferred to a repository that is not registered')) as state
	from gone g where $3 = 'transferred' and not exists (select from place) and g.state <> 'draft'
), ended as (
	select core.bounty_move(g.id, 'issue_deleted', 'stage:sync', $6, jsonb_build_object('blocker',
		'the issue was deleted: the money goes back')) as state
	from gone g where $3 = 'deleted'
)
select (select count(*) from told) as followed, (select count(*) from frozen) as frozen, (select count(*) from ended) as ended;
