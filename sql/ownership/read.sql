-- maybe: a check that is to be made
-- in   check_id        uuid
-- out  project_id      uuid
-- out  method          text
-- out  state           text
-- out  challenge       text
-- out  repo_id         int8?        null until GitHub has told it
-- out  default_branch  text?
-- out  uid             int8?        the person's linked GitHub account
-- out  login           text?
-- out  token_id        uuid?        of that account, when it was linked by OAuth
-- out  token           bytea?       sealed
-- out  token_ends      bool         it is renewed first
-- out  lapsed          text?        why the ping that it passed by shows nothing any more
-- role worker
select k.project_id, k.method, k.state, k.challenge, p.repo_id, p.default_branch, a.provider_uid as uid, a.login_display as login, t.id as token_id, t.sealed as token, core.token_ends(t) as token_ends,
	core.ping_lapsed(k.id) as lapsed
from core.ownership_check k join core.project p on p.id = k.project_id
	left join core.external_account a on a.person_id = k.person_id and a.provider = 'github' and a.revoked_at is null
	left join core.account_token t on t.account_id = a.id and (t.refresh is not null or t.expires_at is null or t.expires_at > now() + interval '5 minutes')
where k.id = $1;
