-- one: a ping with the hook's signature came
-- in   hook_id  uuid
-- in   job      int8
-- in   trace    text?
-- out  checked  bool   somebody waited for it
-- role worker
select core.hook_pinged($1, $2, $3) as checked;
