-- maybe: a stored webhook delivery
-- in   delivery_id  int8
-- out  event        text
-- out  state        text
-- out  body         bytea         as it was signed
-- out  received_at  timestamptz
-- out  stale        bool          older than an hour
-- out  now          timestamptz
-- out  own_hook     uuid?         of ours, by whose secret it was signed
-- out  own_repo     int8?         the repository that this hook is in
-- role worker
select event, state, body, received_at, received_at < now() - interval '1 hour' as stale, now(), own_hook,
	(select p.repo_id from core.hook h join core.project p on p.id = h.project_id where h.id = own_hook) as own_repo
from ingest.delivery where id = $1;
