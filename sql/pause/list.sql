-- many: what is paused
-- out  what       text         stage, kind or project
-- out  name       text         of a project its id
-- out  actor      text
-- out  reason     text
-- out  paused_at  timestamptz
-- role api
select p.scope as what, p.name, p.actor, p.reason, p.paused_at from q.pause p order by p.scope, p.name
