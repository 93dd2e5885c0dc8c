-- none: the tables of a detached partition go
-- in   part    int8
-- in   actor   text
-- in   reason  text
-- role owner
select q.history_drop($1, $2, $3)
