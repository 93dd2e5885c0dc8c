-- Who looks for claims of lost workers each second must not walk what was claimed since an old snapshot began, dead rows that no
-- vacuum may take yet: a worker of whom nothing is left is not looked for again until it was seen again.
alter table q.worker
	add column lease interval,         -- the shortest of its queues; null: of a release that did not say
	add column cleared_at timestamptz; -- when no claim of it was left, its lease being over
grant update (cleared_at) on q.worker to patchwork_worker;
