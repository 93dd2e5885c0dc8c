-- one: what a delivery says of an installation of our App, and of repositories in it
-- in   installation  int8
-- in   account_id    int8?
-- in   login         text?
-- in   suspended     bool
-- in   deleted       bool
-- in   repo_ids      int8[]
-- in   removed       bool     they are no longer in it
-- out  projects      int8
-- role worker
with kept as (
	insert into core.installation as i (id, account_id, account_login, suspended_at, deleted_at)
	values ($1, $2, $3, case when $4 then now() end, case when $5 then now() end)
	on conflict (id) do update
	set account_id = coalesce(excluded.account_id, i.account_id), account_login = coalesce(excluded.account_login, i.account_login),
		suspended_at = case when $4 then coalesce(i.suspended_at, now()) end,
		deleted_at = case when $5 then coalesce(i.deleted_at, now()) end, seen_at = now()
	returning i.id
), tied as (
	update core.project p set installation_id = case when not $7 then kept.id end
	from kept
	where p.provider = 'github' and p.repo_id = any ($6) and (p.installation_id = kept.id) is distinct from not $7
		and (not $7 or p.installation_id = kept.id)
	returning p.id
)
select count(*) as projects from tied;
