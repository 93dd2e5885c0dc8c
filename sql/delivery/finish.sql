-- none: what became of a delivery
-- in   delivery_id  int8
-- in   state        text    done ignored
-- in   reason       text?   why it was ignored
-- in   action       text?
-- in   repo_id      int8?
-- in   number       int4?   of the pull request or issue it is about
-- role worker
update ingest.delivery set state = $2, reason = $3, action = $4, repo_id = $5, number = $6
where id = $1 and (state, reason, action, repo_id, number) is distinct from ($2, $3, $4, $5, $6);
