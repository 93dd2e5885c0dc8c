-- maybe: the bytes that an address of a proof stands for
-- in   cid      text
-- out  payload  bytea
-- role api
select payload from proof.proof where cid = $1
