-- maybe: a delivery that did not arrive
-- in   hook_id    uuid
-- in   guid       uuid
-- out  github_id  int8
-- out  arrived    bool    by now it has
-- role worker
select d.github_id, exists (select from ingest.delivery_key k where k.provider = 'github' and k.guid = d.guid) as arrived
from ingest.hook_delivery d where d.hook_id = $1 and d.guid = $2;
