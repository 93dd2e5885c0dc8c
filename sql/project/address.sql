-- maybe: where GitHub keeps a project
-- in   project_id  uuid
-- out  repo_id     int8?   null until GitHub has told it
-- out  full_name   text
-- role worker
select repo_id, full_name from core.project where id = $1;
