-- many: who has shown, or tried to show, that a project's repository is theirs; newest first
-- in   after       text?        "asked_at|id" of the last row seen
-- in   page        int4
-- in   id          uuid         a project
-- in   session_id  uuid?        who asks, when signed in
-- out  id          uuid
-- out  person_id   uuid
-- out  method      text         permission, app, ping, file
-- out  state       text         pending, passed, refused
-- out  code        text?        why it is refused
-- out  asked_at    timestamptz
-- out  checked_at  timestamptz? last
-- out  proven_at   timestamptz? first
-- out  evidence_sha256  bytea?  of what GitHub said last
-- out  commit_sha  text?        of a file
-- out  cursor      text
-- role api
select k.id, k.person_id, k.method, k.state, k.code, k.asked_at, k.checked_at, k.proven_at, r.evidence_sha256, r.commit_sha,
	k.asked_at || '|' || k.id as cursor
from core.ownership_check k join core.project p on p.id = k.project_id
	left join lateral (select evidence_sha256, commit_sha from core.ownership_result r where r.check_id = k.id order by at desc limit 1) r on true
where k.project_id = $3 and (not p.private or core.sees($4, 'project', p.id))
	and (k.asked_at, k.id) < (coalesce(split_part($1, '|', 1)::timestamptz, 'infinity'),
		coalesce(split_part($1, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
order by k.asked_at desc, k.id desc limit $2
