-- one: the bases that a project lists beside its default branch
-- in   project_id  uuid
-- in   branches    text[]
-- in   actor       text
-- in   reason      text
-- out  known       bool
-- role owner operator
select core.project_branches($1, $2, $3, $4) as known;
