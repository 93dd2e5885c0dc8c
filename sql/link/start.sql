-- one row: begin to link a GitHub account: what comes back is bound to this session
-- in   session_id    uuid
-- in   id            uuid
-- in   state_sha256  bytea
-- in   redirect_uri  text
-- in   verifier      bytea        sealed
-- out  refused     text?
-- out  id          uuid?
-- out  url         text?        where the browser goes, told once
-- out  expires_at  timestamptz?
-- role api
-- Each new attempt takes two that are over for a day with it.
with me as (
	select core.session_person($1) as person_id
), gone as (
	delete from core.account_link where id = any (array(
		select id from core.account_link where expires_at < now() - interval '1 day' limit 2 for update skip locked))
), made as (
	insert into core.account_link (id, session_id, person_id, state_sha256, redirect_uri, verifier, expires_at)
	select $2, $1, me.person_id, $3, $4, $5, now() + interval '10 minutes' from me where me.person_id is not null
	returning id, expires_at
)
select case when m.id is null then 'auth.session_ended' end as refused, m.id, null as url, m.expires_at
from (select) as once left join made m on true
