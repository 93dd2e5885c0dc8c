-- many: the next jobs of a partition and their runs, by number
-- in   part   int8
-- in   after  int8   the last job seen
-- in   page   int4
-- out  id     int8
-- out  runs   int4
-- out  line   text   JSON
-- role auditor owner
select id, runs, line from q.history_lines($1, $2, $3)
