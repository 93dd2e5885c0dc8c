-- many: deliveries that did not arrive by themselves, those that were found last first
-- in   project_id    uuid?        of this one alone
-- in   page          int4
-- out  guid          uuid
-- out  project       text
-- out  hook_id       uuid
-- out  event         text
-- out  status        int4         of our answer as GitHub saw it; 0 = none
-- out  state         text         missing arrived given_up
-- out  delivered_at  timestamptz  tried for the first time
-- out  asks          int4
-- out  asked_at      timestamptz? the last time
-- out  arrived_at    timestamptz?
-- role operator auditor
select d.guid, p.full_name as project, d.hook_id, d.event, d.status,
	case when k.guid is not null then 'arrived' when d.given_up_at is not null then 'given_up' else 'missing' end as state,
	d.delivered_at, d.asks, d.redelivered_at as asked_at, k.first_seen as arrived_at
from ingest.hook_delivery d join core.hook h on h.id = d.hook_id join core.project p on p.id = h.project_id
	left join ingest.delivery_key k on k.provider = 'github' and k.guid = d.guid
where $1 is null or h.project_id = $1
order by d.found_at desc, d.guid limit $2
