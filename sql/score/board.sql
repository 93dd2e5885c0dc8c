-- many: people by points, of everything or of one project
-- in   after          text?        "points|person|rank" of the last row seen
-- in   page           int4
-- in   project_id     uuid?
-- in   session_id     uuid?        who asks, when signed in
-- out  rank           int8
-- out  person_id      uuid
-- out  login          text?        of the linked GitHub account
-- out  points_micro   int8         millionths of a point
-- out  contributions  int4
-- out  formula_version  int4       the first of those whose events are added up
-- out  updated_at     timestamptz
-- out  cursor         text
-- role api
with board as (
	select s.* from rep.score s
	where s.scope = coalesce($3::text, 'global') and not exists (select from core.project r
			where r.id = $3 and r.private and not core.sees($4, 'project', r.id))
		and s.formula_version = (select max(formula_version) from rep.score where scope = 'global')
		and (-s.points_micro, s.person_id) > (coalesce(-split_part($1, '|', 1)::int8, -9223372036854775807),
			coalesce(split_part($1, '|', 2)::uuid, '00000000-0000-0000-0000-000000000000'))
	order by s.points_micro desc, s.person_id limit $2
), ranked as (
	select b.*, coalesce(split_part($1, '|', 3)::int8, 0) + row_number() over (order by b.points_micro desc, b.person_id) as rank
	from board b
)
select r.rank, r.person_id, a.login_display as login, r.points_micro, r.event_count as contributions, r.formula_version,
	r.updated_at, r.points_micro || '|' || r.person_id || '|' || r.rank as cursor
from ranked r
left join core.external_account a on a.person_id = r.person_id and a.provider = 'github' and a.revoked_at is null
order by r.rank
