-- many: secrets of webhooks that live, to be sealed by another key
-- in   after    uuid
-- in   most     int4
-- out  hook_id  uuid
-- out  secret   bytea
-- out  next     bytea?
-- out  before   bytea?
-- role worker
select id as hook_id, secret, secret_next as next, secret_before as before from core.hook
where id > $1 and gone_at is null and secret is not null order by id limit $2 for update
