-- one: lets out of open replays what their rates allow now
-- out  let_out  int4?   null when no replay is open
-- role worker
select q.replay_release() as let_out
