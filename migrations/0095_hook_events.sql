-- GitHub was seen to deliver to a hook all that we want. What we want grows; a hook is made once.
alter table core.hook add column events_at timestamptz;
grant update (events_at) on core.hook to patchwork_worker;
grant select (events_at) on core.hook to patchwork_auditor;
