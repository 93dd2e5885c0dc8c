-- one: partitions for the ids to come
-- role worker
-- out  made int4
select q.partitions_ahead() as made
