-- one: rows of the whole log that have no place although they are older than a span
-- in   age    interval
-- out  rows   int8
-- out  first  int8?      the lowest id
-- role worker auditor owner
select count(*) as rows, min(l.id) as first from audit.log l
where l.at < clock_timestamp() - $1 and not exists (select from audit.link k where k.log_id = l.id);
