-- one row: both texts came back, signed by a contract or by two: spend them and have the chain asked
-- in   session_id       uuid
-- in   nonce            text
-- in   message          text         signed by the session's wallet
-- in   chain_id         int8         of the account in it
-- in   signature        bytea?       null = a key signed, and that was verified
-- in   other_message    text         signed by the one that joins
-- in   other_signature  bytea?       null = a key signed, and that was verified
-- in   trace            text?
-- out  refused     text?
-- out  state       text?        pending
-- out  id          uuid?
-- out  status_url  text?        what was decided is asked for there, in this session
-- out  expires_at  timestamptz? it is decided by then, or expired
-- role api
select refused, case when refused is null then 'pending' end as state, id, '/v1/auth/checks/' || id as status_url, expires_at
from core.statement_check($1, 'link', null, $2, $3, $4, $5, $6, $7, interval '15 minutes', $8)
