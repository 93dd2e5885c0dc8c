-- maybe: one project
-- in   id              uuid
-- in   session_id      uuid?        who asks, when signed in
-- out  id              uuid
-- out  provider        text
-- out  repo_id         int8?        the repository's identity; full_name may change
-- out  full_name       text
-- out  default_branch  text?
-- out  private         bool
-- out  archived        bool
-- out  state           text
-- out  state_reason    text?
-- out  degraded_at     timestamptz? since when; lost after 30 days
-- out  listed_at       timestamptz? a file in it asks to be listed; no more than that
-- out  owners          int8         people who have shown that it is theirs
-- out  hook            jsonb?       {id, pinged_at, last_event_at, rotated_at, looked_at, failed, missing, redelivered}: the newest of ours
-- out  hook_alive_at   timestamptz? last signed ping
-- out  created_by      uuid
-- out  created_at      timestamptz
-- out  updated_at      timestamptz
-- out  version         int4
-- role api
select id, provider, repo_id, full_name, default_branch, private, archived, state, state_reason, degraded_at, listed_at,
	(select count(distinct k.person_id) from core.ownership_check k where k.project_id = p.id and k.method <> 'file' and k.state = 'passed') as owners,
	(select jsonb_build_object('id', h.id, 'pinged_at', h.pinged_at, 'rotated_at', h.rotated_at, 'looked_at', h.looked_at,
			'last_event_at', (select max(d.received_at) from ingest.delivery d where d.own_hook = h.id),
			'failed', count(l.guid), 'redelivered', count(l.redelivered_at),
			'missing', count(l.guid) filter (where not exists (select from ingest.delivery_key k where k.provider = 'github' and k.guid = l.guid)))
		from core.hook h left join ingest.hook_delivery l on l.hook_id = h.id
		where h.project_id = p.id and h.gone_at is null group by h.id order by h.created_at desc limit 1) as hook,
	hook_alive_at, created_by,
	created_at, updated_at, version
from core.project p where id = $1 and (not private or core.sees($2, 'project', id))
