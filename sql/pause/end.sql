-- one row: a person has a stage, kind or project go on
-- in   person_id  uuid
-- in   what       text
-- in   name       text
-- in   reason     text
-- out  what       text
-- out  name       text
-- out  changed    bool    false: it was not paused
-- role api
select $2 as what, $3 as name, q.operator_resume($1, $2, $3, $4) as changed
