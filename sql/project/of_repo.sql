-- maybe: the project of a repository, or one of the same name that GitHub has not told the id of yet
-- in   repo_id         int8
-- in   full_name       text
-- out  id              uuid
-- out  resolved        bool
-- role worker
select id, repo_id is not null as resolved
from core.project
where provider = 'github' and (repo_id = $1 or (repo_id is null and lower(full_name) = lower($2)))
order by repo_id nulls last limit 1;
