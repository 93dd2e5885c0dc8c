-- one row: one's own GitHub account is linked no more; the row stays, and what was earned. GitHub is told to forget the token.
-- in   session_id  uuid
-- in   trace       text?
-- out  refused       text?
-- out  provider_uid  int8?
-- out  login         text?
-- out  revoked_at    timestamptz?
-- role api
with me as (
	select core.session_person($1) as person_id
), mine as (
	select a.id, audit.act('person:' || me.person_id, null) from core.external_account a join me using (person_id)
	where a.provider = 'github' and a.revoked_at is null
), ended as (
	update core.external_account a set revoked_at = now(), revoked_reason = 'unlinked' from mine
	where a.id = mine.id and a.revoked_at is null
	returning a.id, a.person_id, a.provider_uid, a.login_display, a.revoked_at
), job as materialized (
	select q.enqueue('sync', 'sync.unlink', 'unlink:' || t.id, jsonb_build_object('token_id', t.id), trace => $2,
		created_by => 'api') as id
	from core.account_token t join ended e on t.account_id = e.id
), told as materialized (
	select q.emit('account.unlinked', e.id::text, 'person/' || e.person_id, jsonb_build_object('account_id', e.id,
		'person_id', e.person_id, 'provider', 'github', 'provider_uid', e.provider_uid, 'reason', 'unlinked'), trace => $2) as id
	from ended e
)
select case when me.person_id is null then 'auth.session_ended' when e.id is null then 'account.not_linked' end as refused, e.provider_uid, e.login_display as login, e.revoked_at
from (select (select count(*) from job) + (select count(*) from told) as n) as noted, me left join ended e on true
where noted.n >= 0
