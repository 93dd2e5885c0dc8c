-- none: the comment stands there
-- in   project_id  uuid
-- in   number      int4
-- in   comment_id  int8
-- in   body_sha256 bytea
-- role worker
update core.status_comment set comment_id = $3, body_sha256 = $4, intended = '{}', updated_at = now()
where project_id = $1 and number = $2;
