-- one: where our App is installed, as GitHub says; 0 takes it away from the project
-- in   project_id     uuid
-- in   installation   int8     0 = it is not installed
-- in   account_id     int8
-- in   account_login  text?
-- in   suspended      bool
-- out  known          bool
-- role worker
with kept as (
	insert into core.installation as i (id, account_id, account_login, suspended_at)
	select $2, $3, $4, case when $5 then now() end where $2 > 0
	on conflict (id) do update
	set account_id = excluded.account_id, account_login = excluded.account_login,
		suspended_at = case when $5 then coalesce(i.suspended_at, now()) end, deleted_at = null, seen_at = now()
	returning i.id
), tied as (
	update core.project set installation_id = nullif($2, 0)
	where id = $1 and installation_id is distinct from nullif($2, 0) and ($2 = 0 or exists (select from kept))
)
select exists (select from kept) as known;
