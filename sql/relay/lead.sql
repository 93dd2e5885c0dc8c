-- one: take this session's place as the one relay, and make the cursor when there is none
-- in   sink    text
-- out  leads   bool    false: another session has it
-- role relay
with made as (
	insert into q.outbox_cursor (sink) values ($1) on conflict (sink) do nothing
)
select pg_try_advisory_lock(hashtext('q.outbox_cursor'), hashtext($1)) as leads;
