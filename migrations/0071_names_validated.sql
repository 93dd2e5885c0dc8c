-- In a transaction of its own: reading the jobs holds up nobody who writes them.
alter table q.job validate constraint "queue.name";
alter table q.job validate constraint "queue.kind";
