-- maybe: a stored webhook delivery
-- in   delivery_id  int8
-- out  event        text
-- out  state        text
-- out  body         bytea         as it was signed
-- out  received_at  timestamptz
-- out  stale        bool          older than an hour
-- out  now          timestamptz
-- role worker
select event, state, body, received_at, received_at < now() - interval '1 hour' as stale, now()
from ingest.delivery where id = $1;
