-- many: 1 to last
-- in   last  int8
-- out  i     int8
-- out  name  text
select i, 'row ' || i as name from generate_series(1, $1) i
