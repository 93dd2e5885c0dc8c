-- none: the same token, sealed by another key
-- in   token_id  uuid
-- in   sealed    bytea
-- role worker
update core.account_token set sealed = $2 where id = $1
