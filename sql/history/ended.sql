-- none: a partition is detached
-- in   part  int8
-- role owner
select q.history_detached($1)
