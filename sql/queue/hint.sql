-- none: tell who listens that these queues have something (include/queue/wake.h)
-- role worker api
-- in   queues text[]
select pg_notify('patchwork_ready', queue) from unnest($1) queue
