-- none: GitHub gave a token for the code; whose it is comes next
-- in   link_id     uuid
-- in   sealed      bytea
-- in   scopes      text
-- in   lives       int8?   seconds; null = it does not expire
-- in   job         int8
-- in   trace       text?
-- in   refresh        bytea?  sealed; null = the token cannot be renewed
-- in   refresh_lives  int8?   seconds; null = it does not expire
-- role worker
with moved as (
	update core.account_link
	set state = 'exchanged', expires_at = now() + interval '1 hour'
	where id = $1 and state = 'exchanging'
	returning id, person_id
), kept as (
	insert into core.account_token (id, person_id, sealed, scopes, expires_at, refresh, refresh_expires_at)
	select id, person_id, $2, $3, now() + $4 * interval '1 second', $7, now() + $8 * interval '1 second' from moved
)
select q.enqueue('sync', 'sync.account', 'account:' || id, jsonb_build_object('token_id', id), $5, trace => $6) from moved
