-- maybe: the installation of our App by which a repository is asked about
-- in   repo_id       int8
-- out  installation  int8
-- role worker
select p.installation_id as installation from core.project p join core.installation i on i.id = p.installation_id
where p.provider = 'github' and p.repo_id = $1 and i.suspended_at is null and i.deleted_at is null;
