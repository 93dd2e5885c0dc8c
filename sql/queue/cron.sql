-- one: ticks of schedules whose time has come become jobs
-- role worker
-- out  jobs   int4
-- out  queues text[]     of those
-- out  failed int4       schedules that could not be enqueued; q.schedule says why
-- out  wait   interval?  until the next tick
select jobs, queues, failed, wait from q.cron_tick()
