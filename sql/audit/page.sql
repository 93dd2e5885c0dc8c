-- many: rows of the audit log, newest first
-- in   after       text?        "at|id" of the last row seen
-- in   page        int4
-- in   actor       text?        kind:id, as here
-- in   action      text?
-- in   object      text?        type/id
-- in   since       timestamptz?
-- in   until       timestamptz?
-- out  id          int8
-- out  at          timestamptz
-- out  actor       text         kind:id: person, cli, stage, role ...
-- out  db_role     text         who was connected to the database
-- out  action      text
-- out  object      text         type/id
-- out  reason      text?
-- out  detail      jsonb
-- out  request_id  text?
-- out  trace_id    text?
-- out  seq         int8?        its place in the chain; none until it is sealed
-- out  cursor      text
-- out  more        bool         no row, but the place to go on from: thousands were looked at
-- role api
-- One of the filters finds rows by its index, newest first; of the next 5,000 of those the others choose. Who acted is written as
-- the kind and the id, with the kind before the id by some.
with cursor as (
	select coalesce(split_part($1::text, '|', 1)::timestamptz, 'infinity') as at,
		coalesce(split_part($1, '|', 2)::int8, 9223372036854775807) as id
), asked as materialized (
	select case when $7 <= c.at then $7 else c.at end as before_at, case when $7 <= c.at then 0 else c.id end as before_id,
		coalesce($6::timestamptz, '-infinity') as since,
		case when num_nonnulls($3::text, $4::text, $5::text) < 2 then 2 * $2 else 5000 end as looks
	from cursor c
), looked as materialized (
	(select l.id, l.at from audit.log l
		where $5 is not null and l.object_type = split_part($5, '/', 1) and l.object_id = substr($5, strpos($5, '/') + 1)
			and (l.at, l.id) < (select before_at, before_id from asked) and l.at >= (select since from asked)
		order by l.at desc, l.id desc limit (select looks from asked))
	union all
	(select u.id, u.at from (select distinct unnest(array[$3, substr($3, strpos($3, ':') + 1), regexp_replace($3, ':', '/')])) as name (id),
		lateral (select l.id, l.at from audit.log l
			where $5 is null and $3 is not null and l.actor_id = name.id
				and (l.at, l.id) < (select before_at, before_id from asked) and l.at >= (select since from asked)
			order by l.at desc, l.id desc limit (select looks from asked)) u
		order by u.at desc, u.id desc limit (select looks from asked))
	union all
	(select l.id, l.at from audit.log l
		where $5 is null and $3 is null and $4 is not null and l.action = $4
			and (l.at, l.id) < (select before_at, before_id from asked) and l.at >= (select since from asked)
		order by l.at desc, l.id desc limit (select looks from asked))
	union all
	(select l.id, l.at from audit.log l
		where $5 is null and $3 is null and $4 is null
			and (l.at, l.id) < (select before_at, before_id from asked) and l.at >= (select since from asked)
		order by l.at desc, l.id desc limit (select looks from asked))
), named as materialized (
	select w.id, w.at from looked w cross join lateral (select * from audit.log where id = w.id limit 1) as l
	where ($4 is null or l.action = $4) and ($3 is null or strpos($3, ':') = 0 or split_part($3, ':', 1) = l.actor_kind)
	order by w.at desc, w.id desc limit $2
), shown as (
	select id, at, false as more from named
	union all
	(select id, at, true from looked where (select count(*) from looked) >= (select looks from asked) and (select count(*) from named) < $2
		order by at, id limit 1)
)
select l.id, l.at, l.actor_kind || ':' || regexp_replace(l.actor_id, '^' || l.actor_kind || '[:/]', '') as actor, l.db_role, l.action,
	l.object_type || '/' || l.object_id as object, l.reason, l.detail::jsonb as detail, l.request_id, l.trace_id, k.seq,
	l.at || '|' || l.id as cursor, s.more
from shown s cross join lateral (select * from audit.log where id = s.id limit 1) as l
left join audit.link k on k.log_id = l.id
order by l.at desc, l.id desc, s.more
