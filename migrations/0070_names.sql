-- The names of queues and kinds are checked by a pattern without a bound and by their length: PostgreSQL takes ten times as long for
-- {0,62}, and both are checked for every job. What they allow is as before, so rows that are there need no second look under this lock;
-- 0071_names_validated.sql gives it them without one.
alter table q.job
	drop constraint "queue.name",
	drop constraint "queue.kind",
	add constraint "queue.name" check (length(queue) <= 63 and queue ~ '^[a-z][a-z0-9_.]*$') not valid,
	add constraint "queue.kind" check (length(kind) <= 63 and kind ~ '^[a-z][a-z0-9_.]*$') not valid;
