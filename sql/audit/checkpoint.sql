-- maybe: keeps a signed checkpoint; no row when there is one of this size or the chain is not what was signed
-- in   size  int8
-- in   hash  bytea
-- in   note  text
-- out  size  int8
-- role worker owner
insert into audit.checkpoint (size, hash, note)
select seq, hash, $3 from audit.link where seq = $1 and hash = $2
on conflict (size) do nothing
returning size;
