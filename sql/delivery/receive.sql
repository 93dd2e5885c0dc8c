-- one row: keep a signed delivery as it came; a new one gets its job, a known one changes nothing
-- in   guid         uuid
-- in   hook_id      int8?
-- in   event        text
-- in   secret_no    int4         which of the valid secrets signed it
-- in   body         bytea
-- in   signature    bytea        that of the bytes, 32 of them
-- in   trace        text?
-- in   own_hook     uuid?        of ours, by whose secret it was signed
-- out  status       int4
-- out  outcome      text         new, duplicate or conflict
-- out  duplicate    bool
-- out  delivery_id  int8
-- out  job_id       int8?
-- role api
-- The key's conflict waits for a copy that is being stored at this moment and returns its row, whatever this statement's
-- snapshot shows. A known GUID with other bytes is kept as evidence and never processed. The same bytes have the same
-- signature, unless the secret has changed since.
with fresh as materialized (
	select nextval('ingest.delivery_id_seq') as id
), known as (
	insert into ingest.delivery_key as k (provider, guid, signature, delivery_id) select 'github', $1, $6, id from fresh
	on conflict (provider, guid) do update set guid = excluded.guid
	returning k.signature, k.delivery_id
), judged as materialized (
	select case when known.delivery_id = fresh.id then 'new'
		when known.signature = $6 or ingest.same_body(known.delivery_id, $5) then 'duplicate' else 'conflict' end as outcome, known.delivery_id as first, fresh.id
	from known, fresh
), kept as (
	insert into ingest.delivery (id, guid, hook_id, event, secret_no, body, signature, own_hook, state, reason)
	overriding system value
	select id, $1, $2, $3, $4::int, $5, $6, $8, case outcome when 'new' then 'queued' else 'conflict' end,
		case outcome when 'conflict' then 'webhook.conflict' end
	from judged where outcome <> 'duplicate'
	returning id, state
), job as materialized (
	select q.enqueue('sync', 'sync.delivery', 'delivery:' || $1, jsonb_build_object('delivery_id', kept.id), trace => $7,
		created_by => 'github') as id
	from kept where kept.state = 'queued'
)
select case when outcome = 'duplicate' or (outcome = 'new' and $3 = 'ping') then 200 else 202 end as status, outcome, outcome = 'duplicate' as duplicate,
	case outcome when 'duplicate' then first else judged.id end as delivery_id, job.id as job_id
from judged left join job on true
