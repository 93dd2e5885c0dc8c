-- one: a ping with the hook's signature came
-- in   hook_id      uuid
-- in   job          int8
-- in   trace        text?
-- in   received_at  timestamptz
-- out  checked      bool         somebody waited for it
-- role worker
select core.hook_pinged($1, $2, $3, $4) as checked;
