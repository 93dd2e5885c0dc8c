-- maybe: where GitHub keeps an issue
-- in   issue_id   uuid
-- out  project_id uuid
-- out  number     int4
-- out  repo_id    int8?   null until GitHub has told it
-- out  now        timestamptz
-- role worker
select i.project_id, i.number, p.repo_id, now() from core.issue i join core.project p on p.id = i.project_id where i.id = $1;
