-- one: this worker lives; all its claims are extended by that. Some of them it may have lost before
-- role worker
-- in   worker int8
-- in   claims int8[]   in hand
-- out  late   bool     it was not seen for half of its lease
-- out  lost   int8[]   of those claims: taken over, or forgotten by a crash of the database
-- A late worker locks its claims: a rescue that is under way ends first, and one that comes later finds it seen.
with was as materialized (
	select seen_at + coalesce(lease, '1 second') / 2 < now() as late from q.worker where id = $1
), seen as (
	update q.worker set seen_at = now(), cleared_at = null where id = $1
), kept as materialized (
	select id from q.claim where (select late from was) and id = any ($2) for key share
)
select coalesce((select late from was), true) as late, array(
	select c.id from unnest($2) c (id)
	where not exists (select from kept k where k.id = c.id)
		and ((select late from was) or not exists (select from q.claim h where h.id = c.id))) as lost
