-- maybe: where a sweep is
-- in   project_id  uuid
-- out  repo_id     int8?
-- out  serial      int4
-- out  page        int4
-- out  since       timestamptz?
-- out  next        text?
-- out  seen        int8      issues and pull requests read so far
-- out  now         timestamptz
-- role worker
select p.repo_id, c.serial, c.page, c.since, c.next_url as next, c.seen, now()
from ingest.sync_cursor c join core.project p on p.id = c.project_id where c.project_id = $1 and c.resource = 'issues';
