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
-- out  hook_alive_at   timestamptz? last signed ping
-- out  created_by      uuid
-- out  created_at      timestamptz
-- out  updated_at      timestamptz
-- out  version         int4
-- role api
select id, provider, repo_id, full_name, default_branch, private, archived, state, state_reason, degraded_at, listed_at,
	(select count(distinct k.person_id) from core.ownership_check k where k.project_id = p.id and k.method <> 'file' and k.state = 'passed') as owners,
	hook_alive_at, created_by,
	created_at, updated_at, version
from core.project p where id = $1 and (not private or core.sees($2, 'project', id))
