-- one: places after the last checkpoint
-- out  rows  int8
-- out  age   interval   of the first of them
-- role worker owner
select t.sealed - t.signed as rows, coalesce((select clock_timestamp() - l.at from audit.link k join audit.log l on l.id = k.log_id
	where k.seq = t.signed + 1), interval '0') as age
from (select coalesce((select seq from audit.link order by seq desc limit 1), 0) as sealed,
	coalesce((select size from audit.checkpoint order by size desc limit 1), 0) as signed) t;
