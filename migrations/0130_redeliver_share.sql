-- Of one hook there may be very many deliveries that are missing: who administers its repository can make them, and have them fail. What is
-- asked for again is read hook by hook, the oldest first, so many at a time. By time alone no hook's own would be found without all others'.
create index hook_delivery_due on ingest.hook_delivery (hook_id, ask_at) where arrived_at is null and given_up_at is null;
drop index ingest.hook_delivery_open;
