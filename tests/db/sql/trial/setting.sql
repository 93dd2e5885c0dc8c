-- one: a setting of the session, and whether the session is inside BEGIN
-- in   name   text
-- out  value  text
-- out  pid    int4
select current_setting($1) as value, pg_backend_pid() as pid
