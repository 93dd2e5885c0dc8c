-- none: GitHub was asked about an account again: it is still the same one, perhaps by another name
-- in   token_id   uuid
-- in   github_id  int8
-- in   login      text
-- role worker
update core.external_account a set login_display = $3, checked_at = now()
from core.account_token t
where t.id = $1 and a.id = t.account_id and a.provider_uid = $2 and a.revoked_at is null
