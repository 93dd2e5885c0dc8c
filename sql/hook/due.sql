-- one: has GitHub asked what became of the deliveries of every hook of ours
-- in   job    int8
-- in   trace  text?
-- out  hooks  int8
-- role worker
with asked as (
	select q.enqueue('sync', 'sync.health', 'health:' || h.id || ':' || $1, jsonb_build_object('hook_id', h.id), $1, trace => $2,
		project_id => h.project_id)
	from core.hook h where h.gone_at is null and h.github_id is not null
)
select count(*) as hooks from asked;
