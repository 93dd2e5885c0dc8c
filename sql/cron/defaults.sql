-- one: the schedules that every installation has; one of the same name or kind, also a disabled one, stays as it is
-- role worker
-- out  made   int8
with wanted (name, cron, kind, reason) as (values
	('reconcile', '*/10 * * * *', 'reconcile', 'find what no delivery told'),
	('ownership', '23 * * * *', 'reverify', 'look again at whose the repositories are'),
	('hooks', '5-59/10 * * * *', 'hooks', 'look at what became of deliveries'),
	('accounts', '17 * * * *', 'accounts', 'accounts that were taken back')
), made as (
	select q.schedule_put(w.name, w.cron, 'UTC', 'sync', 'sync.' || w.kind, '{}', 0::smallint, 'one', 1, 'worker', w.reason) as put
	from wanted w where not exists (select from q.schedule s where s.name = w.name or s.kind = 'sync.' || w.kind)
)
select count(put) as made from made;
