-- none: this worker lives; all its claims are extended by that
-- role worker
-- in   worker int8
update q.worker set seen_at = now(), cleared_at = null where id = $1
