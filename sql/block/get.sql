-- maybe: the bytes that an address of a proof stands for
-- in   cid      text
-- in   session_id  uuid?     who asks, when signed in
-- out  payload  bytea
-- role api
select f.payload
from proof.proof f join core.submission s on s.id = f.submission_id join core.bounty b on b.id = s.bounty_id
	join core.project r on r.id = b.project_id
where f.cid = $1 and (not r.private or core.sees($2, 'submission', s.id))
