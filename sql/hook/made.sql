-- none: GitHub has the hook
-- in   hook_id    uuid
-- in   github_id  int8
-- role worker
update core.hook set github_id = $2 where id = $1;
