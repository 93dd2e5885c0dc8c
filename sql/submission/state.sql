-- maybe: where a submission is
-- in   submission_id  uuid
-- out  state          text
-- role worker operator
select state from core.submission where id = $1
