-- none: a token that nobody can renew goes. The link stays, and its person is told to make it anew.
-- in   token_id  uuid
-- in   renewals  int4   those before
-- in   reason    text   error code
-- role worker
with gone as (
	delete from core.account_token where id = $1 and renewals = $2 returning account_id
)
update core.external_account a set relink_reason = $3 from gone g where a.id = g.account_id and a.revoked_at is null
