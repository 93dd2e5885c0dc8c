-- one: the secret that a hook is to have from now on, accepted at once; one that is under way stays
-- in   hook_id  uuid
-- in   next     bytea   sealed
-- out  next     bytea   sealed
-- role worker
update core.hook set secret_next = coalesce(secret_next, $2) where id = $1 returning secret_next as next;
