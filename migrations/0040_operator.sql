-- What the operator's role needs of the tables that came after it: to preview a replay of sync.status, and to keep schedules.
do $$
begin
	if not exists (select from pg_roles where rolname = 'patchwork_operator') then
		return; -- migrations/0011_replay.sql has said so
	end if;
	grant select on core.command, core.status_comment, q.schedule to patchwork_operator;
	grant execute on function q.schedule_put(text, text, text, text, text, jsonb, smallint, text, int, text, text),
		q.schedule_remove(text, text, text), q.schedule_enable(text, bool, text, text) to patchwork_operator;
end $$;
