-- one: one transaction at a time ties a pull request; what the next statement reads is settled
-- in   pull_id  uuid
-- out  frozen   bool   the delivery of the merge itself was read before
-- role worker
select frozen_at is not null as frozen from core.pull where id = $1 for update;
