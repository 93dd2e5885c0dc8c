-- many: who is at work for an issue's bounties, and what was awarded and refused there
-- in   project_id  uuid
-- in   number      int4
-- out  login       text          who is at work, or awarded
-- out  pull        int4?         that was awarded or refused
-- out  awarded     bool
-- out  note        text?         why
-- out  until       timestamptz?  the end of an attempt's lease
-- role worker operator
with bounty as (
	select b.id, b.state from core.bounty b join core.issue i on i.id = b.issue_id where i.project_id = $1 and i.number = $2
)
select coalesce(e.login_display, '') as login, null::int as pull, false as awarded, null as note, a.ends_at as until
from bounty b join core.attempt a on a.bounty_id = b.id
	left join core.external_account e on e.person_id = a.person_id and e.provider = 'github' and e.revoked_at is null
where a.ended_at is null and b.state in ('open', 'in_progress')
union all
select p.author_login, p.number, false, translate(s.note, '`', ''''), null
from bounty b join core.submission s on s.bounty_id = b.id join core.pull p on p.id = s.pull_id where s.note is not null
union all
select a.actor_login, p.number, true, translate(a.reason, '`', ''''), null
from bounty b join core.submission s on s.bounty_id = b.id join core.pull p on p.id = s.pull_id join core.award a on a.submission_id = s.id
order by until nulls last, pull limit 20;
