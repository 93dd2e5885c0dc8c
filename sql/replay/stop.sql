-- one: what a batch has not let out stays where it is
-- in   batch   int8
-- in   actor   text
-- in   reason  text
-- out  result  text   stopped, ended or unknown
-- role operator
select q.replay_stop($1, $2, $3) as result
