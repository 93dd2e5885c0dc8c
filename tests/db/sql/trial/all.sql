-- many: the table trial
-- out  id      int8
-- out  parent  int8?
-- out  size    int4?
select * from trial
