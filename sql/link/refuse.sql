-- none: an attempt ends without a link
-- in   link_id  uuid
-- in   reason   text  error code
-- role worker
with gone as (
	delete from core.account_token where id = $1 and account_id is null
)
update core.account_link
set state = 'refused', reason = $2, decided_at = now()
where id = $1 and state not in ('linked', 'refused')
