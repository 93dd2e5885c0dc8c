-- none: begin again with the first event
-- in   sink  text
-- role relay
insert into q.outbox_cursor (sink) values ($1)
on conflict (sink) do update set xid = '0', id = 0, updated_at = now();
