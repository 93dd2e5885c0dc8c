-- maybe: the comment that shows where things stand, as it is intended; no row when none is to be written
-- in   project_id  uuid
-- in   number      int4
-- out  repo_id     int8
-- out  nonce       uuid
-- out  comment_id  int8?    null: not written, or nobody knows
-- out  body_sha256 bytea?   of what stands there
-- role worker
with place as (
	select id, repo_id from core.project where id = $1 and comments and repo_id is not null
), made as (
	insert into core.status_comment (project_id, number) select id, $2 from place on conflict do nothing
	returning nonce, comment_id, body_sha256
), there as (
	select nonce, comment_id, body_sha256 from made
	union all
	select nonce, comment_id, body_sha256 from core.status_comment where project_id = $1 and number = $2
)
select place.repo_id, there.nonce, there.comment_id, there.body_sha256 from place, there;
