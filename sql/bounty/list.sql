-- many: bounties, newest first, each with its latest submission
-- in   after           text?        "created_at|id" of the last row seen
-- in   page            int4
-- in   state           text?
-- in   project_id      uuid?
-- in   session_id      uuid?        who asks, when signed in
-- out  id              uuid
-- out  project__id     uuid
-- out  project__full_name  text
-- out  issue__number   int4
-- out  issue__title    text
-- out  title           text
-- out  state           text
-- out  state_since     timestamptz
-- out  blocker         text?
-- out  amount          numeric
-- out  asset__symbol   text
-- out  asset__decimals int4
-- out  deadline_at     timestamptz
-- out  created_at      timestamptz
-- out  submission__id  uuid?
-- out  submission__state   text?
-- out  submission__pull_number  int4?
-- out  submission__author  text?
-- out  cursor          text
-- role api
select b.id, p.id as project__id, p.full_name as project__full_name, i.number as issue__number, i.title as issue__title,
	b.title, b.state, b.state_since, b.blocker, b.amount::numeric as amount, a.symbol as asset__symbol,
	a.decimals as asset__decimals, b.deadline_at, b.created_at, s.id as submission__id, s.state as submission__state,
	s.number as submission__pull_number, s.author_login as submission__author, b.created_at || '|' || b.id as cursor
from core.bounty b join core.project p on p.id = b.project_id join core.issue i on i.id = b.issue_id
join core.asset a on a.id = b.asset_id
left join lateral (
	select s.id, s.state, pl.number, pl.author_login from core.submission s join core.pull pl on pl.id = s.pull_id
	where s.bounty_id = b.id order by (s.state in ('verified', 'paying', 'paid')) desc, s.created_at desc limit 1
) as s on true
where (b.created_at, b.id) < (coalesce(split_part($1, '|', 1)::timestamptz, 'infinity'),
	coalesce(split_part($1, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
	and ($3::text is null or b.state = $3) and ($4::uuid is null or b.project_id = $4)
	and (not p.private or core.sees($5, 'bounty', b.id))
order by b.created_at desc, b.id desc limit $2
