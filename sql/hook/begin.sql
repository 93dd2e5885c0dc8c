-- one: the secret that a hook is to be made with; one that is there stays
-- in   hook_id  uuid
-- in   secret   bytea   sealed
-- out  secret   bytea   sealed
-- role worker
update core.hook set secret = coalesce(secret, $2) where id = $1 returning secret;
