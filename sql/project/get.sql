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
-- out  hook_alive_at   timestamptz? last signed ping
-- out  created_by      uuid
-- out  created_at      timestamptz
-- out  updated_at      timestamptz
-- out  version         int4
-- role api
select id, provider, repo_id, full_name, default_branch, private, archived, state, state_reason, hook_alive_at, created_by,
	created_at, updated_at, version
from core.project where id = $1 and (not private or core.sees($2, 'project', id))
