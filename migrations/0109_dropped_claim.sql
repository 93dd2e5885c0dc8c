-- What tied a pull request to its issue, and somebody else than the author took out: a person judges when it is merged.
alter table core.pull_issue_link add column dropped_at timestamptz;
grant update (dropped_at) on core.pull_issue_link to patchwork_worker;
