-- one row: the text came back signed by a wallet that is a contract: spend it and have the chain asked
-- in   session_id  uuid
-- in   nonce       text
-- in   message     text
-- in   chain_id    int8         of the account in the message
-- in   signature   bytea
-- in   trace       text?
-- in   fresh       interval     how long the signature counts, from now
-- out  refused     text?
-- out  state       text?        pending
-- out  id          uuid?
-- out  status_url  text?        what was decided is asked for there, in this session
-- out  expires_at  timestamptz? the signature counts until then
-- role api
select refused, case when refused is null then 'pending' end as state, id, '/v1/auth/checks/' || id as status_url, expires_at
from core.statement_check($1, 'step_up', null, $2, $3, $4, $5, null, null, $7, $6)
