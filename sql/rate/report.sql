-- one: ends a turn with what was learned in it
-- in   credential  text
-- in   job_id      int8
-- in   attempt     int4
-- in   resources   text[]
-- in   sent        int4[]
-- in   told        int4[]    1: what stands in the next three was said
-- in   limits      int4[]
-- in   remaining   int4[]
-- in   resets_in   int8[]    microseconds
-- in   waits       int8[]    microseconds that everything is refused for, 0 = it is not
-- in   points      int4
-- in   wrote       bool
-- out  done        bool
-- role worker
select ingest.rate_report($1, $2, $3, $4, $5, array(select t = 1 from unnest($6) with ordinality u (t, n) order by n), $7, $8,
	array(select t * interval '1 microsecond' from unnest($9) with ordinality u (t, n) order by n),
	array(select t * interval '1 microsecond' from unnest($10) with ordinality u (t, n) order by n), $11, $12) is not null as done;
