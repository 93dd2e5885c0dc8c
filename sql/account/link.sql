-- maybe: the person behind a wallet is this GitHub user; no row when nobody has the wallet; account.linked when another has
-- role owner
-- in   address    bytea
-- in   github_id  int8
-- in   login      text
-- out  person_id  uuid
-- out  github_id  int8
-- out  login      text
with person as (
	select person_id from core.wallet where address = $1 and unlinked_at is null
), same as (
	select a.person_id from core.external_account a join person using (person_id)
	where a.provider = 'github' and a.provider_uid = $2 and a.revoked_at is null
), linked as (
	insert into core.external_account (person_id, provider, provider_uid, login_display, method)
	select person_id, 'github', $2, $3, 'operator' from person where not exists (select from same)
	returning person_id
)
select person_id, $2 as github_id, $3 as login from (select person_id from linked union all select person_id from same) who
