-- none: an exception of the schema's
-- in   state  text
-- in   text   text
select trial_raise($1, $2)
