-- one row: a token for a machine: a session that acts for a person within its scopes
-- in   session_id    uuid         that makes it
-- in   id            uuid
-- in   name          text
-- in   scopes        text         separated by spaces
-- in   token_sha256  bytea
-- in   expires_at    timestamptz
-- in   trace         text?
-- out  refused       text?
-- out  id            uuid?
-- out  token         text?        told once, here
-- out  name          text?
-- out  scopes        text?
-- out  expires_at    timestamptz?
-- role api
-- A revocation of the session and this meet at its row: whichever comes second knows of the other.
with made as (
	insert into core.session (id, person_id, wallet_id, expires_at, kind, name, token_sha256, scopes, made_by)
	select $2, s.person_id, s.wallet_id, $6, 'machine', $3, $5, string_to_array($4, ' '), s.id
	from core.session s where s.id = $1 and s.kind = 'wallet' and s.revoked_at is null and core.session_person($1) is not null
	for share
	returning *
), audited as materialized (
	select audit.append('token.created', 'session', m.id::text, jsonb_build_object('name', m.name, 'scopes', m.scopes,
		'expires_at', m.expires_at, 'by_session', $1, 'trace_id', $7::text), 'person', m.person_id::text) as id
	from made m
)
select case when m.id is null then 'auth.session_ended' end as refused, m.id, null as token, m.name,
	array_to_string(m.scopes, ' ') as scopes, m.expires_at
from (select count(*) as n from audited) as noted left join made m on true
where noted.n >= 0
