-- maybe: as many rows as asked for
-- in   rows  int8
-- out  i     int8
select i from generate_series(1, $1) i
