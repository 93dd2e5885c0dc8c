-- many: checkpoints by size
-- in   after  int8
-- in   upto   int8
-- in   most   int4
-- out  size   int8
-- out  hash   bytea
-- out  note   text
-- role worker auditor owner
select size, hash, note from audit.checkpoint where size > $1 and size <= $2 order by size limit $3;
