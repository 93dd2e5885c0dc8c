-- one: a person decides about a submission whose bounty stands still
-- in   submission_id  uuid
-- in   accept         bool
-- in   actor          text
-- in   reason         text
-- out  refused        text?   error code
-- role owner operator worker
select core.submission_resolve($1, $2, $3, $4) as refused;
