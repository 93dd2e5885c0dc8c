-- many: a project's accounts on chains, newest first, those that were unlinked with them
-- in   after        text?        "linked_at|id" of the last row seen
-- in   page         int4
-- in   id           uuid         a project
-- out  id           uuid
-- out  caip10       text
-- out  statement    text         which the account signed
-- out  signature    text
-- out  block_number int8?        at which the account, a contract, called it its own
-- out  block_hash   bytea?
-- out  linked_by    uuid
-- out  linked_at    timestamptz
-- out  unlinked_by  uuid?
-- out  unlinked_at  timestamptz?
-- out  cursor       text
-- role api
select a.id, a.caip10, a.statement, a.signature, a.block_number, a.block_hash, a.linked_by, a.linked_at, a.unlinked_by, a.unlinked_at, a.linked_at || '|' || a.id as cursor
from core.project_account a
where a.project_id = $3
	and (a.linked_at, a.id) < (coalesce(split_part($1, '|', 1)::timestamptz, 'infinity'),
		coalesce(split_part($1, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
order by a.linked_at desc, a.id desc limit $2
