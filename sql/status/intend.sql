-- none: the text that is about to be written
-- in   project_id  uuid
-- in   number      int4
-- in   body_sha256 bytea
-- role worker
update core.status_comment set intended = array_append(array_remove(intended, $3), $3) where project_id = $1 and number = $2;
