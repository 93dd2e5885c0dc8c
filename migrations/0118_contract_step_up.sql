-- A wallet that is a contract signs afresh for an act: the chain is asked as for its sign-in, and the answer is asked for by the session
-- that holds the text, so there is no secret. It counts from when the signature came, not from when the chain answered.

alter table core.wallet_check
	add column purpose text not null default 'sign_in' check (purpose in ('sign_in', 'step_up')),
	alter column secret_sha256 drop not null,
	add constraint wallet_check_secret check ((purpose = 'sign_in') = (secret_sha256 is not null));

-- A worker may decide a check and nothing more: it cannot sign for a session by itself.
create function core.wallet_check_signs() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
	t core.statement;
begin
	update core.statement set signed_at = new.created_at
	where nonce = new.nonce and purpose = 'step_up' and message = new.message and signed_at is null
	returning * into t;
	if found then
		perform audit.append('auth.stepped_up', 'session', t.session_id::text, jsonb_build_object('action', t.action,
			'object_id', t.object_id, 'check_id', new.id), 'person', (
				select s.person_id::text from core.session s where s.id = t.session_id));
	end if;
	return null;
end $$;
revoke all on function core.wallet_check_signs() from public;
create trigger signs after update of state on core.wallet_check for each row
	when (new.purpose = 'step_up' and old.state = 'pending' and new.state = 'accepted' and new.expires_at > now())
	execute function core.wallet_check_signs();

grant insert (purpose) on core.wallet_check to patchwork_api;
grant select (purpose) on core.wallet_check to patchwork_auditor;
