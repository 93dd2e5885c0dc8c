-- one row: the token's account becomes the person's who asked for it, unless it is another's, or this person has another
-- in   token_id    uuid
-- in   github_id   int8
-- in   login       text
-- in   created_at  timestamptz?  of the account, by GitHub
-- in   trace       text?
-- out  refused     text?
-- out  account_id  uuid?
-- out  woken       int8          merges that waited for it
-- role worker
with link as (
	select l.id, l.person_id, audit.act('person:' || l.person_id, 'linked by OAuth') from core.account_link l
	where l.id = $1 and l.state = 'exchanged'
), held as materialized (
	select a.id, a.person_id, a.provider_uid from core.external_account a, link
	where a.provider = 'github' and a.revoked_at is null and (a.provider_uid = $2 or a.person_id = link.person_id)
), again as (
	update core.external_account a
	set login_display = $3, method = 'oauth', verified_at = now(), created_at = coalesce($4, a.created_at), checked_at = now(),
		relink_reason = null
	from held h, link where a.id = h.id and h.provider_uid = $2 and h.person_id = link.person_id and a.revoked_at is null
	returning a.id, a.person_id
), made as (
	insert into core.external_account (person_id, provider, provider_uid, login_display, method, created_at, checked_at)
	select person_id, 'github', $2, $3, 'oauth', $4, now() from link where not exists (select from held)
	on conflict do nothing
	returning id, person_id
), account as (
	select id, person_id from again union all select id, person_id from made
), old as (
	delete from core.account_token t using account a where t.account_id = a.id and t.id <> $1
	returning t.id
), token as (
	update core.account_token t set account_id = a.id from account a, (select count(*) as n from old) o -- when those are gone
	where t.id = $1 and o.n >= 0
), moved as (
	update core.account_link l set state = 'linked', decided_at = now() from account where l.id = $1
), told as materialized (
	select q.emit('account.linked', m.id::text, 'person/' || m.person_id, jsonb_build_object('account_id', m.id,
		'person_id', m.person_id, 'provider', 'github', 'provider_uid', $2, 'login', $3), trace => $5) as id
	from made m
), woken as materialized (
	select core.wake_author($2) as n from account
)
select case
		when a.id is not null then null
		when not exists (select from link) then 'link.expired'
		when exists (select from held h, link where h.person_id = link.person_id and h.provider_uid <> $2) then 'account.person_linked'
		else 'account.linked'
	end as refused, a.id as account_id, coalesce((select n from woken), 0) as woken
from (select count(*) as n from told) as noted left join account a on true
where noted.n >= 0
