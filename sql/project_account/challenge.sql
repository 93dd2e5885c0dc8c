-- one row: keep a text that names a project, for an account to sign that is to be the project's
-- in   session_id  uuid
-- in   id          uuid         a project
-- in   nonce       text
-- in   caip10      text         the account
-- in   message     text
-- in   expires_at  timestamptz
-- out  refused     text?
-- out  nonce       text?
-- out  message     text?        for the account to sign
-- out  expires_at  timestamptz?
-- role api
with me as (
	select core.session_person($1) as person_id
), gone as (
	delete from core.statement where nonce = any (array(
		select nonce from core.statement where expires_at < now() - interval '1 day' limit 2 for update skip locked))
), made as (
	insert into core.statement (nonce, purpose, session_id, action, object_id, caip10, message, expires_at)
	select $3, 'account', $1, 'account', $2::uuid::text, $4, $5, $6 from me where me.person_id is not null
	returning nonce, message, expires_at
)
select case when me.person_id is null then 'auth.session_ended' end as refused, made.nonce, made.message, made.expires_at
from me left join made on true
