-- maybe: the comment that shows where things stand, as it stands; no row when none is wanted
-- in   project_id  uuid
-- in   number      int4
-- out  repo_id     int8
-- out  nonce       uuid?    null: none was ever intended
-- out  comment_id  int8?
-- out  body_sha256 bytea?
-- out  intended    bytea[]
-- out  held        text?
-- role worker operator
select p.repo_id, c.nonce, c.comment_id, c.body_sha256, coalesce(c.intended, '{}') as intended, c.held
from core.project p left join core.status_comment c on c.project_id = p.id and c.number = $2
where p.id = $1 and p.comments and p.repo_id is not null
