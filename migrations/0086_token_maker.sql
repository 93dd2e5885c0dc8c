-- A machine's token knows the session that made it, so that it ends with that one when its refresh token is used twice. A session's row
-- goes a month after its end, and can be used no more by then.
alter table core.session add column made_by uuid references core.session on delete set null;
-- What the audit log says of a token that is not revoked, and by which session, is that it was made.
update core.session t set made_by = m.id from audit.log l join core.session m on m.id = (l.detail::jsonb ->> 'by_session')::uuid
where t.kind = 'machine' and t.revoked_at is null and t.expires_at > now() and l.object_type = 'session' and l.object_id = t.id::text;
create index session_made on core.session (made_by) where made_by is not null;

-- Those tokens that are not revoked yet. Volatile, so that it sees what was committed while the caller waited for the session's row,
-- which sql/token/create.sql holds.
create function core.revoke_tokens(p_session uuid, p_reason text) returns setof uuid language sql volatile as $$
	update core.session set revoked_at = now(), revoked_reason = p_reason where made_by = p_session and revoked_at is null
	returning id
$$;
