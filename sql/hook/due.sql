-- one: has GitHub asked what became of the deliveries of every hook of ours, and again for those that are missing still, 200 of a hook
-- and 5000 in all: the rest the next time
-- in   job       int8
-- in   trace     text?
-- out  hooks     int8
-- out  asked     int8   deliveries
-- out  given_up  int8   deliveries that GitHub makes no more
-- role worker
with looked as (
	select q.enqueue('sync', 'sync.health', 'health:' || h.id || ':' || $1, jsonb_build_object('hook_id', h.id), $1, trace => $2,
		project_id => h.project_id)
	from core.hook h where h.gone_at is null and h.github_id is not null
), due as (
	-- the oldest asks of every hook, so that one with very many stands in nobody's way
	select d.hook_id, d.guid, d.project_id,
		case when exists (select from ingest.delivery_key k where k.provider = 'github' and k.guid = d.guid) then 'arrived'
			when d.gone_at is not null or d.delivered_at < now() - ingest.redelivery_window() then 'given_up' else 'missing' end as state
	from (
		select o.*, h.project_id, h.gone_at, row_number() over (partition by h.id order by o.ask_at) as place
		from core.hook h cross join lateral (
			select d.hook_id, d.guid, d.delivered_at, d.ask_at from ingest.hook_delivery d
			where d.hook_id = h.id and d.arrived_at is null and d.given_up_at is null and d.ask_at <= now()
			order by d.ask_at limit 200) o
		order by place, o.ask_at limit 5000) d
), told as (
	update ingest.hook_delivery d
	set arrived_at = case due.state when 'arrived' then now() end, given_up_at = case due.state when 'given_up' then now() end,
		asks = case due.state when 'missing' then d.asks + 1 else d.asks end,
		ask_at = case due.state when 'missing' then now() + ingest.redelivery_pause(d.asks + 1) else d.ask_at end
	from due where d.hook_id = due.hook_id and d.guid = due.guid
	returning d.hook_id, d.guid, d.asks, due.project_id, due.state
), asked as (
	select q.enqueue('sync', 'sync.redeliver', 'redeliver:' || hook_id || ':' || guid || ':' || asks,
		jsonb_build_object('hook_id', hook_id, 'guid', guid), $1, trace => $2, project_id => project_id)
	from told where state = 'missing'
)
select (select count(*) from looked) as hooks, (select count(*) from asked) as asked,
	(select count(*) from told where state = 'given_up') as given_up;
