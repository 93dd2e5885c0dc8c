-- one: the hook is not at GitHub, or could not be made
-- in   hook_id  uuid
-- in   code     text
-- in   job      int8
-- in   trace    text?
-- out  checked  bool   somebody waited for its ping
-- role worker
select core.hook_gone($1, $2, $3, $4) as checked;
