-- maybe: what an id is of
-- in   id      uuid?   pull, submission, bounty, payout, or GitHub's id of a delivery
-- in   repo    text?   owner/name, with
-- in   pull    int4?   its pull request
-- out  kind    text
-- out  id      uuid
-- role operator auditor
select 'pull' as kind, u.id from core.pull u join core.project p on p.id = u.project_id
where u.id = $1 or (lower(p.full_name) = lower($2) and u.number = $3)
union all select 'submission', s.id from core.submission s where s.id = $1
union all select 'bounty', b.id from core.bounty b where b.id = $1
union all select 'payout', o.id from ledger.payout o where o.id = $1
union all select 'delivery', k.guid from ingest.delivery_key k where k.provider = 'github' and k.guid = $1
limit 1
