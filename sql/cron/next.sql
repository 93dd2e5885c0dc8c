-- many: the ticks to come of a schedule, on or off
-- role worker operator auditor
-- in   name  text
-- in   ticks int4
-- out  tick  timestamptz
-- out  local text         in the schedule's zone
with recursive s as (
	select cron, zone from q.schedule where name = $1
), t as (
	select q.cron_next(s.cron, s.zone, now()) as tick from s
	union all
	select q.cron_next(s.cron, s.zone, t.tick) from t, s
)
select tick, to_char(tick at time zone s.zone, 'Dy YYYY-MM-DD HH24:MI') || ' ' || s.zone as local from t, s limit $2
