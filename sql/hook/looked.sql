-- one: what GitHub lists of a hook's deliveries; those that did not arrive are asked for again, here for the first time
-- in   hook_id      uuid
-- in   guids        text[]
-- in   ids          int8[]
-- in   events       text[]
-- in   status       int4[]  0 = GitHub got no answer
-- in   at           int8[]  microseconds since 1970
-- in   job          int8
-- in   trace        text?
-- in   subscribed   bool    GitHub delivers all that we want, and signs it
-- in   lost_secret  bool    the hook has none any more: it gets another one
-- in   pinged       bool    it was asked for a ping
-- in   began        timestamptz  when the look did; it was all until then, unless there is
-- in   more         text?   a page to go on with,
-- in   since        timestamptz  until what is older
-- out  failed       int8    new ones
-- out  rotates      bool    it gets another secret
-- out  more         bool    another look goes on
-- role worker
with told as (
	select g::uuid as guid, id, event, status, 'epoch'::timestamptz + at * interval '1 microsecond' as at
	from unnest($2, $3, $4, $5, $6) u (g, id, event, status, at)
), last as (
	select distinct on (guid) guid, id, event, status, at from told order by guid, status between 200 and 299 desc, at desc
), lost as (
	-- what we have is not lost, whatever GitHub saw of our answer
	select l.* from last l
	where not exists (select from ingest.delivery_key k where k.provider = 'github' and k.guid = l.guid)
		and l.at < now() - interval '15 seconds' and l.event <> 'ping'
), kept as (
	insert into ingest.hook_delivery (hook_id, guid, github_id, event, status, delivered_at, asks, ask_at)
	select $1, guid, id, event, status, at, 1, now() + ingest.redelivery_pause(1) from lost order by guid
	on conflict (hook_id, guid) do nothing
	returning guid
), asked as (
	select q.enqueue('sync', 'sync.redeliver', 'redeliver:' || $1 || ':' || guid, jsonb_build_object('hook_id', $1, 'guid', guid), $7,
		trace => $8) from kept
), looked as (
	update core.hook set looked_at = case when $13 is null then greatest(looked_at, $12) else looked_at end, events_at = case when $9 then now() else events_at end,
		ping_asked_at = case when $11 then now() else ping_asked_at end
	where id = $1 returning id, serial, project_id
), more as (
	select q.enqueue('sync', 'sync.health', 'health:' || id || ':' || $7, jsonb_build_object('hook_id', id, 'page', $13,
		'since', to_char($14 at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
		'began', to_char($12 at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')), $7, trace => $8, project_id => project_id)
	from looked where $13 is not null
), rotated as (
	select q.enqueue('sync', 'sync.rotate', 'rotate:' || id || ':' || serial, jsonb_build_object('hook_id', id), $7, trace => $8,
		project_id => project_id) from looked where $10
)
select (select count(*) from asked) as failed, exists (select from rotated) as rotates,
	exists (select from more) as more;
