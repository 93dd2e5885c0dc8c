-- Operators see which deliveries did not arrive (patchwork hooks missed).
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select (id, project_id) on core.hook to patchwork_operator;
		grant select on ingest.hook_delivery to patchwork_operator;
	end if;
end $$;
