-- one: the points of a paid merge, once, by whichever version of the formula came first
-- in   person_id    uuid
-- in   project_id   uuid
-- in   payout_id    uuid
-- in   points       int8          millionths
-- in   version      int4          formula
-- in   sha256       bytea         of the formula's body
-- in   formula      jsonb
-- in   occurred_at  timestamptz   when it was merged
-- in   job          int8
-- in   trace        text?
-- in   first           int4    version that the boards begin with: they add up the events of all since
-- in   first_sha256    bytea
-- in   first_formula   jsonb
-- out  added        bool          now, not earlier
-- role worker
with formula as (
	insert into rep.formula (version, sha256, body) values ($5, $6, $7), ($11, $12, $13) on conflict (version) do nothing
), added as (
	insert into rep.event (person_id, project_id, kind, points_micro, formula_version, source_type, source_id, occurred_at, job_id)
	values ($1, $2, 'merge', $4, $5, 'payout', $3, $8, $9)
	on conflict do nothing
	returning person_id, project_id, points_micro
), total as (
	insert into rep.score as s (person_id, scope, formula_version, points_micro, event_count)
	select a.person_id, o.scope, $11, a.points_micro, 1
	from added a, unnest(array['global', a.project_id::text]) as o (scope)
	on conflict (person_id, scope, formula_version) do update
	set points_micro = s.points_micro + excluded.points_micro, event_count = s.event_count + 1, updated_at = now()
), told as (
	select q.emit('score.added', $3::text, 'person/' || a.person_id, jsonb_build_object('person_id', a.person_id,
		'project_id', a.project_id, 'payout_id', $3, 'points_micro', a.points_micro, 'formula_version', $5), $10,
		a.project_id) as event
	from added a
)
select exists (select from told) as added;
