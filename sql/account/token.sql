-- maybe: a user's token, and whose it is as far as we know
-- in   token_id    uuid
-- out  sealed      bytea
-- out  over        bool   its time is over, and it cannot be renewed: that GitHub refuses it says nothing
-- out  ends        bool   it is renewed first
-- out  renewals    int4   how many there were
-- out  github_id   int8?  null = it is not known yet
-- out  unlinked    bool   the account left its person meanwhile
-- role worker
select t.sealed, coalesce(t.refresh is null and t.expires_at <= now(), false) as over, core.token_ends(t) as ends, t.renewals, a.provider_uid as github_id,
	coalesce(a.revoked_at is not null, false) as unlinked
from core.account_token t left join core.external_account a on a.id = t.account_id
where t.id = $1
