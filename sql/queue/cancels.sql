-- one: jobs that are to be ended by who has them
-- role worker
-- out  jobs int8[]
select case when exists (select from q.cancel) then q.cancels() else '{}' end as jobs
