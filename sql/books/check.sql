-- one: do the books agree with themselves? Counted anew when nobody has for the span
-- role worker
-- in   span     interval
-- out  checked  bool      now, by this call
select ledger.books_check($1) as checked
