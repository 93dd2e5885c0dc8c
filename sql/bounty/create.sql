-- one row: a bounty on one issue, once per key; the stored answer again for a repeat
-- in   session_id      uuid
-- in   key             text         Idempotency-Key
-- in   request_sha256  bytea        of the body
-- in   project_id      uuid
-- in   issue_number    int4
-- in   chain_id        int8
-- in   token           bytea
-- in   amount          numeric
-- in   title           text
-- in   hold            interval
-- in   deadline_at     timestamptz
-- in   trace           text?
-- in   least           interval     a bounty lives at least this long
-- out  refused         text?
-- out  id              uuid?
-- out  project_id      uuid?
-- out  issue_id        uuid?
-- out  issue_number    int4?
-- out  title           text?
-- out  state           text?
-- out  amount          numeric?     smallest unit of the token
-- out  asset__caip19   text?
-- out  asset__symbol   text?
-- out  asset__decimals int4?
-- out  hold_seconds    int8?
-- out  deadline_at     timestamptz?
-- out  created_by      uuid?
-- out  created_at      timestamptz?
-- out  escrow__chain_id    int8?    what a wallet needs to lock the money
-- out  escrow__address     bytea?
-- out  escrow__token       bytea?
-- out  escrow__bounty_key  bytea?
-- out  escrow__amount      numeric?
-- out  escrow__lock_until  timestamptz?   least that a deposit stays locked
-- role api
-- The key is claimed with the whole answer before the bounty is inserted. A claim that meets one waits for it and returns
-- it, also when that is younger than this statement's snapshot: then claimed.response names another bounty and nothing is made.
with me as (
	select s.person_id from core.session s join core.person p on p.id = s.person_id
	where s.id = $1 and s.revoked_at is null and s.expires_at > now() and p.status = 'active'
), stored as (
	select i.request_sha256, i.response from core.idempotency i join me using (person_id)
	where i.route = 'bounty.create' and i.key = $2
), gate as materialized (
	select me.person_id, pg_try_advisory_xact_lock(hashtextextended('bounty.create:' || me.person_id || ':' || $2, 0)) as mine
	from me where not exists (select from stored)
), project as (
	select id, state from core.project where id = $4 and (not private or core.sees($1, 'project', id))
), asset as (
	select a.id, a.caip19, a.symbol, a.decimals, a.chain_id, a.token, a.least, c.escrow
	from core.asset a join core.chain c on c.id = a.chain_id
	where a.chain_id = $6 and a.token = $7 and c.enabled
), checked as materialized (
	select case
			when not exists (select from me) then 'auth.session_ended'
			when exists (select from stored) then null
			when not (select mine from gate) then 'idempotency.in_flight'
			when not exists (select from project) then 'bounty.project_unknown'
			when (select state from project) = 'unverified' then 'project.not_opted_in'
			when (select state from project) <> 'verified' then 'project.unverified'
			when not core.opted_in($4, (select person_id from me)) then 'project.not_opted_in'
			when not exists (select from asset) then 'bounty.asset_unknown'
			when $8 = 0 then 'bounty.amount_zero'
			when $8 < (select least from asset) then 'bounty.amount_least'
			when $11 <= now() then 'bounty.deadline_past'
			when $11 < now() + $13 then 'bounty.deadline'
			when exists (select from core.issue i where i.project_id = $4 and i.number = $5 and i.state = 'closed')
				then 'bounty.issue_closed'
		end as refused
), issue as (
	insert into core.issue as i (project_id, number)
	select $4, $5 from gate, checked where checked.refused is null
	on conflict (project_id, number) do update set number = excluded.number
	returning i.id, i.number
), fresh as materialized (
	select core.uuid_v7() as id from issue
), claimed as (
	insert into core.idempotency as k (person_id, route, key, request_sha256, response)
	select gate.person_id, 'bounty.create', $2, $3, jsonb_build_object(
		'id', fresh.id, 'project_id', $4, 'issue_id', issue.id, 'issue_number', issue.number, 'title', $9, 'state', 'draft',
		'amount', $8, 'asset__caip19', asset.caip19, 'asset__symbol', asset.symbol, 'asset__decimals', asset.decimals,
		'hold_seconds', extract(epoch from $10)::int8, 'deadline_at', $11, 'created_by', gate.person_id, 'created_at', now(),
		'escrow__chain_id', asset.chain_id, 'escrow__address', asset.escrow, 'escrow__token', asset.token,
		'escrow__bounty_key', decode(repeat('00', 16), 'hex') || uuid_send(fresh.id), 'escrow__amount', $8,
		'escrow__lock_until', $11::timestamptz + $10::interval + core.lock_margin())
	from gate, fresh, issue, asset
	on conflict (person_id, route, key) do update set request_sha256 = k.request_sha256
	returning k.request_sha256, k.response
), bounty as (
	insert into core.bounty (id, project_id, issue_id, asset_id, amount, title, hold, deadline_at, created_by)
	select fresh.id, $4, issue.id, asset.id, $8, $9, $10, $11, gate.person_id
	from claimed, fresh, issue, asset, gate where claimed.response ->> 'id' = fresh.id::text
	returning id, issue_id, created_by
), job as materialized (
	select q.enqueue('sync', 'sync.issue', 'issue:' || b.issue_id, jsonb_build_object('issue_id', b.issue_id), trace => $12,
		project_id => $4, created_by => 'person/' || b.created_by) as id
	from bounty b
), event as materialized (
	select q.emit('bounty.created', b.id::text, 'bounty/' || b.id, jsonb_build_object('bounty_id', b.id, 'project_id', $4,
		'issue_id', b.issue_id, 'issue_number', $5, 'amount', $8::text, 'asset', asset.caip19, 'created_by', b.created_by),
		trace => $12, project_id => $4) as id
	from bounty b, asset
), answer as (
	select request_sha256, response from stored union all select request_sha256, response from claimed
)
select coalesce(checked.refused, case when answer.request_sha256 <> $3 then 'idempotency.mismatch' end) as refused, r.*
from (select (select count(*) from job) + (select count(*) from event) as n) as told, checked
left join answer on true
left join lateral jsonb_to_record(answer.response) as r (id uuid, project_id uuid, issue_id uuid, issue_number int, title text,
	state text, amount numeric, asset__caip19 text, asset__symbol text, asset__decimals int, hold_seconds int8,
	deadline_at timestamptz, created_by uuid, created_at timestamptz, escrow__chain_id int8, escrow__address bytea,
	escrow__token bytea, escrow__bounty_key bytea, escrow__amount numeric,
	escrow__lock_until timestamptz) on true
where told.n >= 0
