-- none: a token that is of no use any more
-- in   token_id  uuid
-- role worker
delete from core.account_token where id = $1
