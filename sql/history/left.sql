-- maybe: a partition that is detached, or about to be
-- in   part         int8
-- out  jobs         int8
-- out  runs         int8
-- out  sha256       bytea        of its export
-- out  detached_at  timestamptz?
-- out  dropped_at   timestamptz?
-- role auditor owner
select jobs, runs, sha256, detached_at, dropped_at from q.detached where n = $1
