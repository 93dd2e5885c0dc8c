-- one row: may who asks do this to that object
-- in   session_id    uuid?
-- in   token_sha256  bytea?       of a machine's token, instead of a session
-- in   kind          text?        of the object: project, bounty, submission, payout; wallet: the statement finds it
-- in   object_id     uuid?
-- in   roles         text?        "admin|owner": one of them is needed
-- in   scope         text?        that a machine's token needs; null: machines may not
-- in   action        text?        that a fresh signature must name
-- in   fresh         interval     how old that may be
-- out  refused     text?
-- out  session_id  uuid?
-- out  person_id   uuid?
-- role api
with asked as (
	select s.id, s.person_id, s.kind, s.scopes, p.status, s.revoked_at is null and s.expires_at > now() as open
	from core.session s join core.person p on p.id = s.person_id
	where s.id = $1 and s.kind = 'wallet' or s.token_sha256 = $2
), used as (
	update core.session s set last_used_at = now() from asked a
	where s.id = a.id and a.kind = 'machine' and a.open and (s.last_used_at is null or s.last_used_at < now() - interval '1 minute')
), object as (
	select p.private from core.project p where p.id = core.project_of($3, $4)
	union all select false where $3 = 'wallet'
), held as (
	select core.roles(a.person_id, $3, $4) as roles from asked a
)
select case
		when a.id is null and $2 is not null then 'auth.token_unknown'
		when a.id is null or not a.open then 'auth.session_ended'
		when a.status <> 'active' then 'auth.suspended'
		when a.kind = 'machine' and ($6::text is null or $6 <> all (a.scopes)) then 'auth.scope'
		when $3 is not null and o.private is null then $3 || '.not_found'
		when $3 is not null and o.private and cardinality(h.roles) = 0 then $3 || '.not_found'
		when $5 is not null and not h.roles && string_to_array($5, '|') then 'auth.role'
		when $7 is not null and not exists (
			select from core.statement t
			where t.session_id = a.id and t.purpose = 'step_up' and t.action = $7
				and t.object_id = coalesce($4::text, a.person_id::text) and t.signed_at > now() - $8::interval)
			then 'auth.step_up_required'
	end as refused, a.id as session_id, a.person_id
from (select) as once left join asked a on true left join object o on true left join held h on true
