-- one row: the text came back signed by an account that is a contract: spend it and have the chain asked
-- in   session_id  uuid
-- in   id          uuid         a project
-- in   nonce       text
-- in   message     text
-- in   chain_id    int8         of the account
-- in   signature   bytea
-- in   trace       text?
-- out  refused     text?
-- out  state       text?        pending
-- out  id          uuid?
-- out  status_url  text?        what was decided is asked for there, in this session
-- out  expires_at  timestamptz? it is decided by then, or expired
-- role api
select refused, case when refused is null then 'pending' end as state, id, '/v1/auth/checks/' || id as status_url, expires_at
from core.statement_check($1, 'account', $2::uuid::text, $3, $4, $5, $6, null, null, interval '15 minutes', $7)
