-- one: the database's clock
-- out  now  timestamptz
-- role operator
select clock_timestamp() as now
