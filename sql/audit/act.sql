-- none: who acts in this transaction, and why: for what is audited by itself
-- in   actor   text    kind:id
-- in   reason  text?
-- role worker relay owner
select audit.act($1, $2);
