-- none: the token is not good any more, so nothing says that the account is still this person's
-- in   token_id  uuid
-- in   reason    text   error code
-- in   trace     text?
-- role worker
with token as (
	select t.account_id, audit.act('stage:sync', $2) from core.account_token t where t.id = $1
), gone as (
	delete from core.account_token where id = $1
), ended as (
	update core.external_account a set revoked_at = now(), revoked_reason = $2 from token
	where a.id = token.account_id and a.revoked_at is null
	returning a.id, a.person_id, a.provider_uid
)
select q.emit('account.unlinked', e.id::text, 'person/' || e.person_id, jsonb_build_object('account_id', e.id,
	'person_id', e.person_id, 'provider', 'github', 'provider_uid', e.provider_uid, 'reason', $2), trace => $3)
from ended e
