-- one row: an operator has a held payout tried again
-- in   id          uuid
-- in   person_id   uuid         the operator
-- in   trace       text?
-- in   reason      text
-- out  refused     text?
-- out  id          uuid?
-- out  state       text?
-- out  job_id      int8?        asks the chain, and pays when it can
-- role api
with payout as (
	select p.id, p.state, b.project_id, (select count(*) from ledger.tx_intent i where i.key = p.key)
		+ (select count(*) from core.bounty_event e where e.bounty_id = b.id and e.data ->> 'payout_id' = p.id::text
			and e.data ->> 'adopted' is not null) as attempts
	from ledger.payout p join core.bounty b on b.id = p.bounty_id where p.id = $1
), queued as materialized (
	select q.enqueue('pay', 'pay.quote', 'quote:' || p.id || ':' || p.attempts + 1, jsonb_build_object('payout_id', p.id),
		trace => $3, project_id => p.project_id, created_by => 'person/' || $2) as job_id
	from payout p where p.state = 'held'
), audited as materialized (
	select audit.append('payout.retried', 'payout', p.id::text, jsonb_build_object('job_id', n.job_id, 'trace_id', $3::text),
		'person', $2::text, $4) as id
	from payout p, queued n
)
select case when p.state <> 'held' then 'payout.not_held' end as refused, p.id, p.state, n.job_id
from (select count(*) as n from audited) as noted, payout p left join queued n on true
where noted.n >= 0
