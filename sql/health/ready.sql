-- one row: is the schema the one this program was built for
-- out  migration  int4   the last one applied
-- role api
select coalesce(max(number), 0) as migration from core.migration
