-- none: a person edited or removed the comment, so it is left alone
-- in   project_id  uuid
-- in   number      int4
-- in   comment_id  int8
-- in   held        text
-- role worker
update core.status_comment set held = $4, updated_at = now() where project_id = $1 and number = $2 and comment_id = $3;
