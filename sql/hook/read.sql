-- maybe: a hook of ours that lives
-- in   hook_id      uuid
-- out  project_id   uuid
-- out  repo_id      int8?
-- out  github_id    int8?
-- out  secret       bytea?   sealed
-- out  next         bytea?   sealed
-- out  ping_due     bool     GitHub is to be asked for a ping: there was none, or it is nearly a week old
-- out  subscribed   bool     GitHub was seen today to deliver all that we want, signed
-- out  since        timestamptz  from when on its deliveries are not known to have been looked at
-- out  now          timestamptz
-- out  check        uuid?    that its ping answers
-- out  uid          int8?    GitHub account of who had it made
-- out  token_id     uuid?    and that account's token
-- out  token        bytea?   sealed
-- out  token_ends   bool     it is renewed first
-- role worker
select h.project_id, p.repo_id, h.github_id, h.secret, h.secret_next as next,
	h.pinged_at is null or (h.check_id is not null and t.id is not null and h.ping_until < now() + interval '1 day'
		and coalesce(h.ping_asked_at < now() - interval '1 hour', true)) as ping_due,
	coalesce(h.events_at > now() - interval '1 day', false) as subscribed,
	greatest(h.looked_at - interval '15 minutes', now() - ingest.redelivery_window()) as since, now() as now, h.check_id as check,
	a.provider_uid as uid, t.id as token_id, t.sealed as token, core.token_ends(t) as token_ends
from core.hook h join core.project p on p.id = h.project_id
	left join core.external_account a on a.person_id = h.person_id and a.provider = 'github' and a.revoked_at is null
	left join core.account_token t on t.account_id = a.id and (t.refresh is not null or t.expires_at is null or t.expires_at > now() + interval '5 minutes')
where h.id = $1 and h.gone_at is null;
