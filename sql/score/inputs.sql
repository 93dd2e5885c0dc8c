-- one: what the points of a paid merge are made from
-- in   payout_id    uuid
-- in   version      int4          formula
-- out  project_id   uuid
-- out  merged_at    timestamptz
-- out  self_merge   bool
-- out  reciprocal   bool          the person, or kin, paid a funder of it within the 90 days before
-- out  earlier      int8          merges of the person scored in the project in the same month (UTC)
-- out  formula      bytea?        sha256 under which this version is known
-- role worker
-- Kin as in sql/submission/begin.sql; the days end with the payment, not now, so that a replay counts the same.
with recursive paid as (
	select p.id, p.person_id, p.paid_at, p.bounty_id, u.project_id, u.merged_at, u.merged_by_uid, u.author_uid
	from ledger.payout p join core.submission s on s.id = p.submission_id join core.pull u on u.id = s.pull_id
	where p.id = $1
), kin (person_id) as (
	select person_id from paid
	union
	select o.person_id from kin k cross join lateral (
		select y.person_id from core.wallet x join core.wallet y on y.address = x.address where x.person_id = k.person_id
		union
		select y.person_id from core.external_account x join core.external_account y
			on (y.provider, y.provider_uid) = (x.provider, x.provider_uid) where x.person_id = k.person_id) o
)
select p.project_id, p.merged_at, p.merged_by_uid is not distinct from p.author_uid as self_merge,
	exists (select from core.contribution mine join ledger.payout o on o.person_id = mine.funder_id and o.state = 'paid'
			and o.paid_at > p.paid_at - interval '90 days' and o.paid_at <= p.paid_at and o.id <> p.id
		join core.contribution theirs on theirs.bounty_id = o.bounty_id and theirs.state = 'confirmed'
		where mine.bounty_id = p.bounty_id and mine.state = 'confirmed' and theirs.funder_id in (select person_id from kin))
		as reciprocal,
	(select count(*) from rep.event e where e.person_id = p.person_id and e.project_id = p.project_id and e.kind = 'merge'
		and e.source_id <> p.id
		and date_trunc('month', e.occurred_at, 'UTC') = date_trunc('month', p.merged_at, 'UTC')) as earlier,
	(select f.sha256 from rep.formula f where f.version = $2) as formula
from paid p
