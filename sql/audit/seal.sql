-- one: gives rows of the audit log their places in the chain
-- in   most        int4
-- in   everything  bool    looks through the whole log, not from the floor on
-- out  sealed      int8    0 also when another session does it
-- role worker owner
select audit.seal($1, $2) as sealed;
