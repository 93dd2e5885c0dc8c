-- none: GitHub signs with the next secret; the one before is accepted for a while
-- in   hook_id  uuid
-- in   next     bytea   sealed, as it was planned
-- role worker
update core.hook
set secret_before = secret, before_until = now() + core.hook_overlap(), secret = secret_next, secret_next = null, serial = serial + 1,
	rotated_at = now()
where id = $1 and secret_next = $2;
