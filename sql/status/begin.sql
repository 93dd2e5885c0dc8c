-- maybe: the comment that shows where things stand, as it is intended; no row when none is to be written
-- in   project_id  uuid
-- in   number      int4
-- out  repo_id     int8
-- out  nonce       uuid
-- out  comment_id  int8?     null: not written, or nobody knows
-- out  body_sha256 bytea?    of what stands there
-- out  intended    bytea[]   of what may stand there by now
-- out  held        text?     a person edited or removed it
-- out  wait        interval  until it may be edited again
-- role worker
with place as (
	select id, repo_id, comment_every from core.project where id = $1 and comments and repo_id is not null
), unseen as (
	-- nothing is written there now: whoever asks once it is on again is not the second to ask
	update core.status_comment set asked_at = null where project_id = $1 and number = $2 and not exists (select from place)
), there as (
	insert into core.status_comment as s (project_id, number) select id, $2 from place
	on conflict (project_id, number) do update set asked_at = null
	returning s.nonce, s.comment_id, s.body_sha256, s.intended, s.held, s.updated_at
)
select place.repo_id, there.nonce, there.comment_id, there.body_sha256, there.intended, there.held,
	greatest(interval '0', there.updated_at + place.comment_every - now()) as wait
from place, there;
