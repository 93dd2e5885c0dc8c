-- maybe: what a delivery to one of our hooks may be signed with
-- in   id      uuid
-- out  secret  bytea    sealed
-- out  next    bytea?   while it is rotated
-- out  before  bytea?   until a day after
-- role api
select secret, secret_next as next, case when before_until > now() then secret_before end as before
from core.hook where id = $1 and secret is not null and gone_at is null
