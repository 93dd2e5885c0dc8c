-- none: the same secrets, sealed by another key
-- in   hook_id  uuid
-- in   secret   bytea
-- in   next     bytea?
-- in   before   bytea?
-- role worker
update core.hook set secret = $2, secret_next = $3, secret_before = $4 where id = $1
