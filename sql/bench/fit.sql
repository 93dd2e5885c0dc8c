-- one: whether the queue may be measured here
-- role worker
-- out  may    bool   this role works the queue and makes tables in schema public
-- out  others bool   there are jobs that are no benchmark's
select coalesce(has_table_privilege(to_regclass('q.claim'), 'delete') and has_schema_privilege(to_regnamespace('public'), 'create'), false)
	as may, exists (select from q.job where kind not like 'bench.%') as others
