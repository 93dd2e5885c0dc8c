-- An operator decides about what was stopped, by the function alone.
revoke execute on function core.submission_resolve(uuid, bool, text, text) from public;
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant execute on function core.submission_resolve(uuid, bool, text, text) to patchwork_operator;
		grant select on core.resolution to patchwork_operator;
	end if;
end $$;
