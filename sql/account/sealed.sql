-- many: users' tokens by id, to be sealed by another key
-- in   after     uuid
-- in   most      int4
-- out  token_id  uuid
-- out  sealed    bytea
-- out  refresh   bytea?
-- role worker
select id as token_id, sealed, refresh from core.account_token where id > $1 order by id limit $2 for update
