-- one: is anything of a queue left, from this row on or in hand
-- role worker
-- in   queue text
-- in   seq   int8
-- out  busy  bool
select exists (select from q.ready where queue = $1 and prio = 0 and seq >= $2)
	or exists (select from q.claim where queue = $1) as busy
