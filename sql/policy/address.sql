-- maybe: where a project's policy file is
-- in   project_id      uuid
-- out  repo_id         int8?
-- out  default_branch  text?
-- out  now             timestamptz
-- role worker
select repo_id, default_branch, clock_timestamp() as now from core.project where id = $1;
