-- maybe: where GitHub keeps a project's pull requests
-- in   project_id  uuid
-- out  repo_id     int8?
-- out  full_name   text
-- out  now         timestamptz
-- role worker
select repo_id, full_name, now() from core.project where id = $1;
