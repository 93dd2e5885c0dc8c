-- none: a worker has ended with nothing in hand, or leaves it to the rescue at once
-- role worker
-- in   worker int8
update q.worker set seen_at = now(), stopped_at = now() where id = $1
