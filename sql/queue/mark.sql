-- none: a suspect is about to run
-- role worker
-- in   claim  int8
-- in   job_id int8
insert into q.mark (claim, job_id) values ($1, $2) on conflict do nothing
