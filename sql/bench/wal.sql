-- one: how much WAL was written since the cluster was made
-- role worker
-- out  at int8   bytes
select (pg_current_wal_insert_lsn() - '0/0')::int8 as at
