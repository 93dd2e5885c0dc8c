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
-- out  hook            jsonb?       {id, created_at, pinged_at, last_event_at, rotated_at, looked_at, failed, missing, given_up, redelivered}: the newest of ours; counted to 1,000
-- out  hooks           jsonb        all of ours, newest first: one per person, at most 20
-- out  policy          jsonb?       {commit_sha, sha256, since, rules}: what its file said when it was last valid, and says for merges from now on
-- out  policy_refused  jsonb?       {commit_sha, sha256, since, code, detail}: its file as it stands now is none; policy counts on
-- out  accounts        jsonb        [{id, caip10}]: on chains; each has signed that it is the project's
-- out  hook_alive_at   timestamptz? last ping that the process's secret signed
-- out  created_by      uuid
-- out  created_at      timestamptz
-- out  updated_at      timestamptz
-- out  version         int4
-- role api
select id, provider, repo_id, full_name, default_branch, private, archived, state, state_reason, degraded_at, listed_at,
	(select count(distinct k.person_id) from core.ownership_check k where k.project_id = p.id and k.method <> 'file' and k.state = 'passed') as owners,
	hooks -> 0 as hook, hooks,
	(select jsonb_build_object('commit_sha', v.commit_sha, 'sha256', encode(v.sha256, 'hex'), 'since', r.since, 'rules', v.rules)
		from core.policy_reading r join core.policy_version v on v.id = r.version_id
		where r.project_id = p.id and v.text is not null and v.id = (core.policy_at(p.id, 'infinity')).id
		order by r.since desc, r.id desc limit 1) as policy,
	(select jsonb_build_object('commit_sha', l.commit_sha, 'sha256', l.sha256, 'since', l.since, 'code', l.code, 'detail', l.detail)
		from (select v.commit_sha, encode(v.sha256, 'hex') as sha256, r.since, v.code, v.detail
			from core.policy_reading r join core.policy_version v on v.id = r.version_id
			where r.project_id = p.id order by r.since desc, r.id desc limit 1) l where l.code is not null) as policy_refused,
	(select coalesce(jsonb_agg(jsonb_build_object('id', a.id, 'caip10', a.caip10) order by a.linked_at, a.id), '[]')
		from (select * from core.project_account a where a.project_id = p.id and a.unlinked_at is null
			order by a.linked_at, a.id limit 20) a) as accounts,
	hook_alive_at, created_by, created_at, updated_at, version
from core.project p cross join lateral (
	select coalesce(jsonb_agg(h.health order by h.created_at desc, h.id desc), '[]') as hooks
	from (
		select h.id, h.created_at, jsonb_build_object('id', h.id, 'created_at', h.created_at, 'pinged_at', h.pinged_at,
			'rotated_at', h.rotated_at, 'looked_at', h.looked_at,
			'last_event_at', (select max(d.received_at) from ingest.delivery d where d.own_hook = h.id),
			'failed', count(l.guid), 'redelivered', count(l.redelivered_at), 'given_up', count(l.given_up_at),
			'missing', count(l.guid) filter (where not exists (select from ingest.delivery_key k where k.provider = 'github' and k.guid = l.guid))) as health
		from core.hook h left join lateral (
			select d.guid, d.redelivered_at, d.given_up_at from ingest.hook_delivery d where d.hook_id = h.id limit 1000) l on true
		where h.project_id = p.id and h.gone_at is null group by h.id order by h.created_at desc, h.id desc limit 20
	) h
) of_hooks where id = $1 and (not private or core.sees($2, 'project', id))
