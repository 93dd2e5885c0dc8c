-- none: seconds
-- in   s  int4
select pg_sleep($1)
