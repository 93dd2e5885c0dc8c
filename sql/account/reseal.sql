-- none: the same tokens, sealed by another key
-- in   token_id  uuid
-- in   sealed    bytea
-- in   refresh   bytea?
-- role worker
update core.account_token set sealed = $2, refresh = $3 where id = $1
