-- many: the bounties on an issue, as people read them
-- in   project_id  uuid
-- in   number      int4
-- out  id          uuid
-- out  amount      text
-- out  symbol      text
-- out  state       text
-- out  blocker     text?
-- out  deadline_at timestamptz
-- role worker operator
select b.id, trim_scale(b.amount / 10::numeric ^ a.decimals)::text as amount, a.symbol, b.state, b.blocker, b.deadline_at
from core.bounty b join core.issue i on i.id = b.issue_id join core.asset a on a.id = b.asset_id
where i.project_id = $1 and i.number = $2 order by b.created_at, b.id limit 20;
