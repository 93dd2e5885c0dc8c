-- one: arrays as they went in, and their lengths
-- in   i4s  int4[]
-- in   i8s  int8[]
-- in   ts   text[]
-- in   ys   bytea[]
-- in   js   jsonb[]
-- in   us   uuid[]
-- out  i4s  int4[]
-- out  i8s  int8[]
-- out  ts   text[]
-- out  ys   bytea[]
-- out  js   jsonb[]
-- out  us   uuid[]
-- out  lengths  int4[]
-- out  nulls    int8
select $1 as i4s, $2 as i8s, $3 as ts, $4 as ys, $5 as js, $6 as us,
	array[cardinality($1), cardinality($2), cardinality($3), cardinality($4), cardinality($5), cardinality($6)] as lengths,
	(select count(*) from unnest($3) t where t is null) as nulls
