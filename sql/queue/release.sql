-- none: claims whose jobs all have their end
-- role worker
-- in   worker int8
-- in   claims int8[]
with gone as (
	delete from q.claim where id = any ($2) and worker = $1 returning id
)
delete from q.mark where claim = any ($2)
