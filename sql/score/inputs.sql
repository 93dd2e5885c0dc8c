-- one: what the points of a paid merge are made from
-- in   payout_id    uuid
-- in   version      int4          formula
-- out  project_id   uuid
-- out  merged_at    timestamptz
-- out  self_merge   bool
-- out  earlier      int8          merges of the person scored in the project in the same month (UTC)
-- out  formula      bytea?        sha256 under which this version is known
-- role worker
select u.project_id, u.merged_at, u.merged_by_uid is not distinct from u.author_uid as self_merge,
	(select count(*) from rep.event e where e.person_id = p.person_id and e.project_id = u.project_id and e.kind = 'merge'
		and e.formula_version = $2 and e.source_id <> p.id
		and date_trunc('month', e.occurred_at, 'UTC') = date_trunc('month', u.merged_at, 'UTC')) as earlier,
	(select f.sha256 from rep.formula f where f.version = $2) as formula
from ledger.payout p join core.submission s on s.id = p.submission_id join core.pull u on u.id = s.pull_id
where p.id = $1;
