-- one row: does the schema have what this program was built for
-- in   ours       int4[]   the program's migrations
-- out  migration  int4     the last one applied
-- out  missing    int4?    the first of the program's that is not applied
-- out  newer      int8     applied ones that the program does not know
-- role api
select coalesce(max(m.number), 0) as migration,
	(select min(o.n) from unnest($1) o (n) where not exists (select from core.migration a where a.number = o.n)) as missing,
	count(*) filter (where m.number <> all ($1)) as newer
from core.migration m
