-- none: a partition is about to be detached; refused unless it is due
-- in   part    int8
-- in   keep    interval
-- in   jobs    int8
-- in   runs    int8
-- in   sha256  bytea
-- in   actor   text
-- in   reason  text
-- role owner
select q.history_detach($1, $2, $3, $4, $5, $6, $7)
