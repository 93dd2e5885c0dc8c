-- maybe: an attempt whose code is about to be exchanged; from now on a token may have been given for it
-- in   link_id  uuid
-- out  state            text         as it was before
-- out  late             bool         nobody waits for it
-- out  state_sha256     bytea
-- out  redirect_uri     text
-- out  verifier         bytea?
-- out  code             bytea?
-- role worker
with taken as (
	update core.account_link set state = 'exchanging' where id = $1 and state = 'pending'
)
select state, expires_at <= now() as late, state_sha256, redirect_uri, verifier, code
from core.account_link where id = $1
