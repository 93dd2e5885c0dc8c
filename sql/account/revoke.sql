-- none: the token is not good any more, so nothing says that the account is still this person's
-- in   token_id  uuid
-- in   renewals  int4   when GitHub refused it: one that was renewed since is another
-- in   reason    text   error code
-- in   trace     text?
-- role worker
with token as (
	select t.account_id, audit.act('stage:sync', $3) from core.account_token t where t.id = $1 and t.renewals = $2
), gone as (
	delete from core.account_token where id = $1 and renewals = $2
), ended as (
	update core.external_account a set revoked_at = now(), revoked_reason = $3 from token
	where a.id = token.account_id and a.revoked_at is null
	returning a.id, a.person_id, a.provider_uid
)
select q.emit('account.unlinked', e.id::text, 'person/' || e.person_id, jsonb_build_object('account_id', e.id,
	'person_id', e.person_id, 'provider', 'github', 'provider_uid', e.provider_uid, 'reason', $3), trace => $4)
from ended e
