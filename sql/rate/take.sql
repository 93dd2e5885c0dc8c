-- one: a turn to ask an outside that counts requests, or why not yet
-- in   credential  text       whose limits they are
-- in   job_id      int8
-- in   attempt     int4
-- in   core        int4       requests wanted at least
-- in   graphql     int4
-- in   rank        int4       0 verify, 1 command, 2 sync, 3 backfill
-- in   writes      bool
-- in   span        interval   the turn ends by itself after this
-- in   slots       int4       turns at once
-- out  granted     bool
-- out  wait        interval
-- out  reason      text?      error code when it is not granted
-- out  core        int4       requests that may be sent
-- out  graphql     int4
-- out  strikes     int4
-- role worker
select t.granted, t.wait, t.reason, t.core, t.graphql, t.strikes
from ingest.rate_take($1, $2, $3, $4, $5, $6, $7, $8, $9) t;
