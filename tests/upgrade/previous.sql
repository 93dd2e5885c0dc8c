-- release: 1d8a71519e275b885a5687213f60c185227563e0 2026-11-23
-- migration: c34f51bdf3fbcf14b0ca887a05c000cf22d0f61098b0a94398740f4927a674b9 migrations/0001_core.sql
-- migration: 2bae0c4381cad30a6073df09c0b7e1e92abd0cb22abad219a37a2f2e951c2f13 migrations/0002_queue.sql
-- migration: cc9d2076c76cb439d79ce6e5d2222d9ae94654af53fef863ccc5cfb3475ed058 migrations/0003_grants.sql
-- migration: 82c32f89622af20ec39b62ccbb63437bebfbd7617e27c9ce962e8cdd52060074 migrations/0004_indexes.sql
-- migration: b69ac5e8195bb315685eea909b768525d85527669ed3f07e2244e40e34458246 migrations/0005_audit.sql
-- migration: 19c3c9641e961848e216c128c439bc3471e95b574a7a79dd0d336b10680cdb75 migrations/0006_control.sql
-- migration: 36478d97464316159774b1d5e419736595efabaa6148a77eededfe7bdc00f897 migrations/0007_periodic.sql
-- migration: bc7ed29700eb9a1c898e011c64da8e1d7e16c4e552073cde2ab8269e06a6b7e4 migrations/0008_access.sql
-- migration: 3708a05c8aca72dd56c889a071273d25e0df82a9b2d383bca66a6426412fe18b migrations/0010_fetch.sql
-- migration: 31774a0da850eb84276d16961c45e586b79d53a86ab5159929769ad77d7e4dbf migrations/0011_replay.sql
-- migration: e1473d022da28183abaa5ca238a50ac1e528a0a0e7177c9de46a61bd8b8d2452 migrations/0020_schedule.sql
-- migration: 1193065effd7acae1aa8b3abd881b8714140488e12498dd0011c62daace547ff migrations/0021_retention.sql
-- migration: f7a00a1a0905814f1f93133c359916c8e20789bf60809b2e371c705e038a8ab4 migrations/0028_commands.sql
-- migration: 1059075df201d40d2fc707b06da43b750c29deb8a0d52ad86b1923781e728411 migrations/0030_wallets.sql
-- migration: 003dc41d7db51c621b67959d465e8a3dee67ded8ee85c02d51200f78853881ba migrations/0031_signature.sql
-- migration: 782f93481b5a60f56112f17e3436f7da25108fb0e51b2355f51e59995810cb42 migrations/0034_wallet_check.sql
-- statement: sql/account/link.sql
-- maybe: the person behind a wallet is this GitHub user; no row when nobody has the wallet; account.linked when another has
-- role owner
-- in   address    bytea
-- in   github_id  int8
-- in   login      text
-- out  person_id  uuid
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
select person_id from linked union all select person_id from same
-- statement: sql/account/me.sql
-- one row: who the session belongs to, with wallets and linked accounts
-- in   session_id  uuid
-- out  refused     text?
-- out  person_id   uuid?
-- out  status      text?
-- out  created_at  timestamptz?
-- out  wallets     jsonb?       [{address, caip10, linked_at}]
-- out  accounts    jsonb?       [{provider, login, provider_uid, method, verified_at}]
-- out  session_expires_at  timestamptz?
-- role api
select case when p.id is null then 'auth.session_ended' when p.status <> 'active' then 'auth.suspended' end as refused,
	p.id as person_id, p.status, p.created_at,
	(select coalesce(jsonb_agg(jsonb_build_object('address', split_part(w.caip10, ':', 3), 'caip10', w.caip10,
			'linked_at', w.linked_at) order by w.linked_at, w.id), '[]')
		from core.wallet w where w.person_id = p.id and w.unlinked_at is null) as wallets,
	(select coalesce(jsonb_agg(jsonb_build_object('provider', a.provider, 'login', a.login_display,
			'provider_uid', a.provider_uid, 'method', a.method, 'verified_at', a.verified_at) order by a.verified_at, a.id), '[]')
		from core.external_account a where a.person_id = p.id and a.revoked_at is null) as accounts,
	s.expires_at as session_expires_at
from (select) as once
left join core.session s on s.id = $1 and s.revoked_at is null and s.expires_at > now()
left join core.person p on p.id = s.person_id
-- statement: sql/audit/act.sql
-- none: who acts in this transaction, and why: for what is audited by itself
-- in   actor   text    kind:id
-- in   reason  text?
-- role worker relay owner
select audit.act($1, $2);
-- statement: sql/audit/chain.sql
-- many: the next places of the chain and the rows that they hold, as they are hashed
-- in   after        int8
-- in   most         int4
-- out  seq          int8
-- out  hash         bytea
-- out  log_id       int8
-- out  there        bool    false: the row is gone, the rest is empty
-- out  at           int8    microseconds since 1970
-- out  actor_kind   text
-- out  actor_id     text
-- out  db_role      text
-- out  action       text
-- out  object_type  text
-- out  object_id    text
-- out  request_id   text?
-- out  trace_id     text?
-- out  reason       text?
-- out  detail       text
-- role worker auditor owner
select k.seq, k.hash, k.log_id, l.id is not null as there, coalesce((extract(epoch from l.at) * 1000000)::int8, 0) as at,
	coalesce(l.actor_kind, '') as actor_kind, coalesce(l.actor_id, '') as actor_id, coalesce(l.db_role, '') as db_role,
	coalesce(l.action, '') as action, coalesce(l.object_type, '') as object_type, coalesce(l.object_id, '') as object_id,
	l.request_id, l.trace_id, l.reason, coalesce(l.detail, '') as detail
from audit.link k left join audit.log l on l.id = k.log_id
where k.seq > $1
order by k.seq limit $2;
-- statement: sql/audit/checkpoint.sql
-- maybe: keeps a signed checkpoint; no row when there is one of this size or the chain is not what was signed
-- in   size  int8
-- in   hash  bytea
-- in   note  text
-- out  size  int8
-- role worker owner
insert into audit.checkpoint (size, hash, note)
select seq, hash, $3 from audit.link where seq = $1 and hash = $2
on conflict (size) do nothing
returning size;
-- statement: sql/audit/checkpoints.sql
-- many: checkpoints by size
-- in   after  int8
-- in   upto   int8
-- in   most   int4
-- out  size   int8
-- out  hash   bytea
-- out  note   text
-- role worker auditor owner
select size, hash, note from audit.checkpoint where size > $1 and size <= $2 order by size limit $3;
-- statement: sql/audit/list.sql
-- many: rows of the audit log, newest first
-- in   actor        text?         kind:id or id
-- in   action       text?
-- in   object_type  text?
-- in   object_id    text?
-- in   since        timestamptz?
-- in   until        timestamptz?
-- in   before_at    timestamptz?  the page's cursor: the last row of the page before
-- in   before_id    int8?
-- in   most         int4
-- out  id           int8
-- out  at           timestamptz
-- out  actor        text          kind:id
-- out  db_role      text          who was connected
-- out  action       text
-- out  object       text          type/id
-- out  reason       text?
-- out  detail       jsonb
-- out  request_id   text?
-- out  trace_id     text?
-- out  seq          int8?         its place in the chain; none until it is sealed
-- out  hash         bytea?
-- role worker auditor owner
select l.id, l.at, l.actor_kind || ':' || l.actor_id as actor, l.db_role, l.action, l.object_type || '/' || l.object_id as object,
	l.reason, l.detail::jsonb as detail, l.request_id, l.trace_id, k.seq, k.hash
from audit.log l left join audit.link k on k.log_id = l.id
where ($1::text is null or (l.actor_id = substr($1, strpos($1, ':') + 1)
		and (strpos($1, ':') = 0 or l.actor_kind = split_part($1, ':', 1))))
	and ($2::text is null or l.action = $2) and ($3::text is null or l.object_type = $3)
	and ($4::text is null or l.object_id = $4) and ($5::timestamptz is null or l.at >= $5)
	and ($6::timestamptz is null or l.at < $6) and ($7::timestamptz is null or (l.at, l.id) < ($7, $8))
order by l.at desc, l.id desc limit $9;
-- statement: sql/audit/seal.sql
-- one: gives rows of the audit log their places in the chain
-- in   most        int4
-- in   everything  bool    looks through the whole log, not from the floor on
-- out  sealed      int8    0 also when another session does it
-- role worker owner
select audit.seal($1, $2) as sealed;
-- statement: sql/audit/state.sql
-- one: how far the chain is, what waits for its place, the last checkpoint
-- out  sealed           int8
-- out  unsealed         int8
-- out  unsealed_for     interval?      since the oldest of those was written
-- out  checkpoint_size  int8?
-- out  checkpoint_age   interval?
-- out  head             bytea?         hash of the last row
-- role worker auditor owner
select s.sealed, s.unsealed, clock_timestamp() - s.unsealed_since as unsealed_for, s.checkpoint_size,
	clock_timestamp() - s.checkpoint_at as checkpoint_age, (select hash from audit.link where seq = s.sealed) as head
from audit.state s;
-- statement: sql/audit/stray.sql
-- one: rows of the whole log that have no place although they are older than a span
-- in   age    interval
-- out  rows   int8
-- out  first  int8?      the lowest id
-- role worker auditor owner
select count(*) as rows, min(l.id) as first from audit.log l
where l.at < clock_timestamp() - $1 and not exists (select from audit.link k where k.log_id = l.id);
-- statement: sql/audit/unsigned.sql
-- one: places after the last checkpoint
-- out  rows  int8
-- out  age   interval   of the first of them
-- role worker owner
select t.sealed - t.signed as rows, coalesce((select clock_timestamp() - l.at from audit.link k join audit.log l on l.id = k.log_id
	where k.seq = t.signed + 1), interval '0') as age
from (select coalesce((select seq from audit.link order by seq desc limit 1), 0) as sealed,
	coalesce((select size from audit.checkpoint order by size desc limit 1), 0) as signed) t;
-- statement: sql/auth/admit.sql
-- one row: may who asks do this to that object
-- in   session_id    uuid?
-- in   token_sha256  bytea?       of a machine's token, instead of a session
-- in   kind          text?        of the object: project, bounty, submission, payout; wallet: the statement finds it
-- in   object_id     uuid?
-- in   roles         text?        "admin|owner": one of them is needed
-- in   scope         text?        that a machine's token needs; null: machines may not
-- in   action        text?        that a fresh signature must name
-- out  refused     text?
-- out  session_id  uuid?
-- out  person_id   uuid?
-- role api
with asked as (
	select s.id, s.person_id, s.kind, s.scopes, p.status, s.revoked_at is null and s.expires_at > now() as open
	from core.session s join core.person p on p.id = s.person_id
	where s.id = $1 and s.kind = 'wallet' or s.token_sha256 = $2
), used as (
	update core.session s set last_used_at = now() from asked a
	where s.id = a.id and a.kind = 'machine' and a.open and (s.last_used_at is null or s.last_used_at < now() - interval '1 minute')
), object as (
	select p.private from core.project p where p.id = core.project_of($3, $4)
	union all select false where $3 = 'wallet'
), held as (
	select core.roles(a.person_id, $3, $4) as roles from asked a
)
select case
		when a.id is null and $2 is not null then 'auth.token_unknown'
		when a.id is null or not a.open then 'auth.session_ended'
		when a.status <> 'active' then 'auth.suspended'
		when a.kind = 'machine' and ($6::text is null or $6 <> all (a.scopes)) then 'auth.scope'
		when $3 is not null and o.private is null then $3 || '.not_found'
		when $3 is not null and o.private and cardinality(h.roles) = 0 then $3 || '.not_found'
		when $5 is not null and not h.roles && string_to_array($5, '|') then 'auth.role'
		when $7 is not null and not exists (
			select from core.statement t
			where t.session_id = a.id and t.purpose = 'step_up' and t.action = $7
				and t.object_id = coalesce($4::text, a.person_id::text) and t.signed_at > now() - interval '5 minutes')
			then 'auth.step_up_required'
	end as refused, a.id as session_id, a.person_id
from (select) as once left join asked a on true left join object o on true left join held h on true
-- statement: sql/auth/challenge.sql
-- one row: keep the text that a wallet is to sign, so that what comes back is compared with it
-- in   nonce       text
-- in   address     bytea        20 bytes, or Casper's account hash
-- in   chain_id    int8?        null for Casper
-- in   message     text
-- in   expires_at  timestamptz
-- in   public_key  bytea?       Casper's, with its tag
-- out  nonce       text         single use
-- out  message     text         sign exactly these bytes: EIP-191 personal_sign, or a Casper wallet's signMessage
-- out  expires_at  timestamptz
-- role api
-- Each new challenge takes two that are over for a day with it, so that the table stays small.
with gone as (
	delete from core.auth_nonce where nonce = any (array(
		select nonce from core.auth_nonce where expires_at < now() - interval '1 day' limit 2 for update skip locked))
)
insert into core.auth_nonce (nonce, address, chain_id, message, expires_at, public_key) values ($1, $2, $3, $4, $5, $6)
returning nonce, message, expires_at
-- statement: sql/auth/check.sql
-- one row: what was decided about a contract wallet's sign-in; when it is accepted, its session, once
-- in   id              uuid
-- in   secret_sha256   bytea
-- in   session_id      uuid
-- in   expires_at      timestamptz  of the session
-- in   refresh_sha256  bytea
-- out  refused     text?
-- out  status      int4         202 while it is pending
-- out  state       text?        pending; otherwise what /v1/auth/verify answers
-- out  person_id   uuid?
-- out  address     bytea?
-- out  session_id  uuid?
-- out  expires_at  timestamptz?
-- role api
with asked as (
	select * from core.wallet_check where id = $1 and secret_sha256 = $2
), barred as (
	select from asked a join core.wallet w on w.address = a.address and w.unlinked_at is null
	join core.person p on p.id = w.person_id where p.status <> 'active'
), opened as (
	update core.wallet_check c set opened_at = now() from asked a
	where c.id = a.id and c.state = 'accepted' and c.opened_at is null and c.expires_at > now() and not exists (select from barred)
	returning c.address, c.chain_id, c.caip10
), fresh as materialized (
	select core.uuid_v7() as person_id from opened
), wallet as (
	insert into core.wallet as w (person_id, chain_id, caip10, address, contract)
	select fresh.person_id, o.chain_id, o.caip10, o.address, true from opened o, fresh
	on conflict (address) where unlinked_at is null do update set chain_id = w.chain_id -- changes nothing: returns the row there is
	returning w.id, w.person_id, w.address
), person as (
	insert into core.person (id) select person_id from fresh join wallet using (person_id)
), session as (
	insert into core.session (id, person_id, wallet_id, expires_at) select $3, person_id, id, $4 from wallet
	returning id, person_id, expires_at
), refresh as (
	insert into core.refresh_token (sha256, session_id) select $5, id from session
)
select case
		when s.id is not null then null
		when a.id is null then 'auth.check_unknown'
		when a.state = 'refused' then a.reason
		when a.expires_at <= now() then 'auth.expired'
		when a.state = 'pending' then null
		when exists (select from barred) then 'auth.suspended'
		else 'auth.nonce_used'
	end as refused, case when s.id is null then 202 else 200 end as status, a.state, s.person_id, wallet.address,
	s.id as session_id, s.expires_at
from (select) as once left join asked a on true left join session s on true left join wallet on true
-- statement: sql/auth/contract.sql
-- one row: spend a challenge and have the chain asked whether the wallet, a contract, calls the signature its own
-- in   nonce          text
-- in   message        text         what was signed
-- in   caip10         text         of the account in the message
-- in   signature      bytea
-- in   secret_sha256  bytea        with whose text the decision is asked for
-- in   trace          text?
-- out  refused     text?
-- out  id          uuid?
-- out  expires_at  timestamptz?
-- role api
-- Each new check takes two that are over for a day with it.
with handed_out as (
	select message, consumed_at, expires_at from core.auth_nonce where nonce = $1
), gone as (
	delete from core.wallet_check where id = any (array(
		select id from core.wallet_check where expires_at < now() - interval '1 day' limit 2 for update skip locked))
), spent as (
	update core.auth_nonce set consumed_at = now()
	where nonce = $1 and message = $2 and consumed_at is null and expires_at > now() and public_key is null
	returning address, chain_id
), made as (
	insert into core.wallet_check (nonce, address, chain_id, caip10, message, signature, secret_sha256, expires_at)
	select $1, address, chain_id, $3, $2, $4, $5, now() + interval '15 minutes' from spent
	returning id, expires_at
), job as materialized (
	select q.enqueue('verify', 'verify.wallet', 'wallet:' || m.id, jsonb_build_object('check_id', m.id), trace => $6,
		created_by => 'api') as id
	from made m
)
select case
		when m.id is not null then null
		when h.message is null then 'auth.nonce_unknown'
		when h.message <> $2 then 'auth.message_changed'
		when h.consumed_at is null and h.expires_at <= now() then 'auth.expired'
		else 'auth.nonce_used'
	end as refused, m.id, m.expires_at
from (select count(*) as n from job) as queued left join handed_out h on true left join made m on true
where queued.n >= 0
-- statement: sql/auth/refresh.sql
-- one row: exchange a refresh token for the next one; one that was used before ends its session
-- in   sha256       bytea        of the token that came
-- in   next_sha256  bytea        of the one handed out instead
-- in   trace        text?
-- out  refused     text?
-- out  person_id   uuid?
-- out  session_id  uuid?
-- out  expires_at  timestamptz? of the session
-- role api
-- Two requests with one token meet at its row: the second finds it used, whatever its snapshot says.
with presented as (
	select t.session_id, s.person_id, s.revoked_at is null and s.expires_at > now() as open, p.status
	from core.refresh_token t join core.session s on s.id = t.session_id join core.person p on p.id = s.person_id
	where t.sha256 = $1
), spent as (
	update core.refresh_token t set used_at = now()
	from presented p where t.sha256 = $1 and t.used_at is null and p.open and p.status = 'active'
	returning t.session_id
), next as (
	insert into core.refresh_token (sha256, session_id) select $2, session_id from spent
), session as (
	update core.session s set refreshed_at = now() from spent where s.id = spent.session_id
	returning s.id, s.person_id, s.expires_at
), ended as (
	update core.session s set revoked_at = now(), revoked_reason = 'refresh_reused'
	from presented p where s.id = p.session_id and s.revoked_at is null and p.open and p.status = 'active'
		and not exists (select from spent)
	returning s.id, s.person_id
), audited as materialized (
	select audit.append('auth.refresh_reused', 'session', e.id::text, jsonb_build_object('person_id', e.person_id,
		'trace_id', $3::text), 'person', e.person_id::text) as id
	from ended e
), told as materialized (
	select q.emit('session.revoked', e.id::text, 'session/' || e.id, jsonb_build_object('session_id', e.id,
		'person_id', e.person_id, 'reason', 'refresh_reused'), trace => $3) as id
	from ended e
)
select case
		when s.id is not null then null
		when p.session_id is null then 'auth.refresh_unknown'
		when exists (select from ended) then 'auth.refresh_reused'
		when p.status <> 'active' then 'auth.suspended'
		else 'auth.session_ended'
	end as refused,
	s.person_id, s.id as session_id, s.expires_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted
left join presented p on true left join session s on true
where noted.n >= 0
-- statement: sql/auth/step_up.sql
-- one row: keep a text that names an action and its object, for the session's wallet to sign
-- in   session_id  uuid
-- in   nonce       text
-- in   address     bytea        of the session's wallet
-- in   action      text
-- in   object_id   text
-- in   message     text
-- in   expires_at  timestamptz
-- out  refused     text?
-- out  nonce       text?
-- out  message     text?        sign exactly these bytes
-- out  expires_at  timestamptz?
-- role api
with me as (
	select s.id, w.address = $3 as mine from core.session s join core.wallet w on w.id = s.wallet_id
	where s.id = $1 and s.kind = 'wallet' and core.session_person($1) is not null
), gone as (
	delete from core.statement where nonce = any (array(
		select nonce from core.statement where expires_at < now() - interval '1 day' limit 2 for update skip locked))
), made as (
	insert into core.statement (nonce, purpose, session_id, action, object_id, message, expires_at)
	select $2, 'step_up', me.id, $4, $5, $6, $7 from me where me.mine
	returning nonce, message, expires_at
)
select case when me.id is null then 'auth.session_ended' when not me.mine then 'auth.wallet' end as refused,
	made.nonce, made.message, made.expires_at
from (select) as once left join me on true left join made on true
-- statement: sql/auth/step_up_verify.sql
-- one row: the text came back signed: for five minutes the session may do what it names
-- in   session_id   uuid
-- in   nonce        text
-- in   message      text
-- in   trace        text?
-- out  refused      text?
-- out  action       text?
-- out  object_id    text?
-- out  valid_until  timestamptz?
-- role api
with me as (
	select core.session_person($1) as person_id
), there as (
	select t.* from core.statement t where t.nonce = $2 and t.session_id = $1 and t.purpose = 'step_up'
), signed as (
	update core.statement t set signed_at = now() from me
	where t.nonce = $2 and t.session_id = $1 and t.purpose = 'step_up' and t.message = $3 and t.signed_at is null
		and t.expires_at > now() and me.person_id is not null
	returning t.action, t.object_id, t.signed_at
), audited as materialized (
	select audit.append('auth.stepped_up', 'session', $1::text, jsonb_build_object('action', s.action, 'object_id', s.object_id,
		'trace_id', $4::text), 'person', me.person_id::text) as id
	from signed s, me
)
select case
		when me.person_id is null then 'auth.session_ended'
		when s.action is not null then null
		when t.nonce is null then 'auth.nonce_unknown'
		when t.message <> $3 then 'auth.message_changed'
		when t.signed_at is null and t.expires_at <= now() then 'auth.expired'
		else 'auth.nonce_used'
	end as refused,
	s.action, s.object_id, s.signed_at + interval '5 minutes' as valid_until
from (select count(*) as n from audited) as noted, me left join there t on true left join signed s on true
where noted.n >= 0
-- statement: sql/auth/verify.sql
-- one row: spend a challenge and open a session; who signs in for the first time becomes a person with that wallet
-- in   nonce           text
-- in   message         text         what was signed
-- in   caip10          text         of the account in the message
-- in   session_id      uuid
-- in   expires_at      timestamptz  of the session
-- in   refresh_sha256  bytea        of the first refresh token
-- out  refused     text?
-- out  person_id   uuid?
-- out  address     bytea?       the wallet that signed
-- out  public_key  bytea?       of a Casper wallet
-- out  session_id  uuid?
-- out  expires_at  timestamptz? of the session
-- role api
with handed_out as (
	select message, consumed_at, expires_at from core.auth_nonce where nonce = $1
), barred as (
	select from core.auth_nonce a join core.wallet w on w.address = a.address and w.unlinked_at is null
	join core.person p on p.id = w.person_id
	where a.nonce = $1 and p.status <> 'active'
), spent as (
	update core.auth_nonce set consumed_at = now()
	where nonce = $1 and message = $2 and consumed_at is null and expires_at > now() and not exists (select from barred)
	returning address, chain_id, public_key
), fresh as materialized (
	select core.uuid_v7() as person_id from spent
), wallet as (
	insert into core.wallet as w (person_id, chain_id, caip10, address, public_key)
	select fresh.person_id, spent.chain_id, $3, spent.address, spent.public_key from spent, fresh
	on conflict (address) where unlinked_at is null do update set chain_id = w.chain_id -- changes nothing: returns the row there is
	returning w.id, w.person_id, w.address, w.public_key
), person as (
	insert into core.person (id) select person_id from fresh join wallet using (person_id)
), session as (
	insert into core.session (id, person_id, wallet_id, expires_at) select $4, person_id, id, $5 from wallet
	returning id, person_id, expires_at
), refresh as (
	insert into core.refresh_token (sha256, session_id) select $6, id from session
)
select case
		when s.id is not null then null
		when h.message is null then 'auth.nonce_unknown'
		when h.message <> $2 then 'auth.message_changed'
		when h.consumed_at is not null then 'auth.nonce_used'
		when h.expires_at <= now() then 'auth.expired'
		when exists (select from barred) then 'auth.suspended'
		else 'auth.nonce_used'
	end as refused,
	s.person_id, wallet.address, wallet.public_key, s.id as session_id, s.expires_at
from (select) as once left join handed_out h on true left join session s on true left join wallet on true
-- statement: sql/bench/busy.sql
-- one: is anything of a queue left, from this row on or in hand
-- role worker
-- in   queue text
-- in   seq   int8
-- out  busy  bool
select exists (select from q.ready where queue = $1 and prio = 0 and seq >= $2)
	or exists (select from q.claim where queue = $1) as busy
-- statement: sql/bench/ended.sql
-- one: the runs that are done of a range of jobs
-- role worker
-- in   first int8
-- in   last  int8
-- out  done  int8
-- out  at    timestamptz   when the last of them ended
select count(*) as done, coalesce(max(finished_at), to_timestamp(0)) as at from q.run
where job_id between $1 and $2 and state = 'done'
-- statement: sql/bench/fit.sql
-- one: whether the queue may be measured here
-- role worker
-- out  may    bool   this role works the queue and makes tables in schema public
-- out  others bool   there are jobs that are no benchmark's
select coalesce(has_table_privilege(to_regclass('q.claim'), 'delete') and has_schema_privilege(to_regnamespace('public'), 'create'), false)
	as may, exists (select from q.job where kind not like 'bench.%') as others
-- statement: sql/bench/waiting.sql
-- one: the last ready row of a queue
-- role worker
-- in   queue text
-- out  last  int8     0 = none
-- out  now   timestamptz
select coalesce(max(seq), 0) as last, clock_timestamp() as now from q.ready where queue = $1 and prio = 0
-- statement: sql/block/get.sql
-- maybe: the bytes that an address of a proof stands for
-- in   cid      text
-- in   session_id  uuid?     who asks, when signed in
-- out  payload  bytea
-- role api
select f.payload
from proof.proof f join core.submission s on s.id = f.submission_id join core.bounty b on b.id = s.bounty_id
	join core.project r on r.id = b.project_id
where f.cid = $1 and (not r.private or core.sees($2, 'submission', s.id))
-- statement: sql/bounty/create.sql
-- one row: a bounty on one issue, once per key; the stored answer again for a repeat
-- in   session_id      uuid
-- in   key             text         Idempotency-Key
-- in   request_sha256  bytea        of the body
-- in   project_id      uuid
-- in   issue_number    int4
-- in   chain_id        int8
-- in   token           bytea
-- in   amount          numeric
-- in   title           text
-- in   hold            interval
-- in   deadline_at     timestamptz
-- in   trace           text?
-- out  refused         text?
-- out  id              uuid?
-- out  project_id      uuid?
-- out  issue_id        uuid?
-- out  issue_number    int4?
-- out  title           text?
-- out  state           text?
-- out  amount          numeric?     smallest unit of the token
-- out  asset__caip19   text?
-- out  asset__symbol   text?
-- out  asset__decimals int4?
-- out  hold_seconds    int8?
-- out  deadline_at     timestamptz?
-- out  created_by      uuid?
-- out  created_at      timestamptz?
-- out  escrow__chain_id    int8?    what a wallet needs to lock the money
-- out  escrow__address     bytea?
-- out  escrow__token       bytea?
-- out  escrow__bounty_key  bytea?
-- out  escrow__amount      numeric?
-- role api
-- The key is claimed with the whole answer before the bounty is inserted. A claim that meets one waits for it and returns
-- it, also when that is younger than this statement's snapshot: then claimed.response names another bounty and nothing is made.
with me as (
	select s.person_id from core.session s join core.person p on p.id = s.person_id
	where s.id = $1 and s.revoked_at is null and s.expires_at > now() and p.status = 'active'
), stored as (
	select i.request_sha256, i.response from core.idempotency i join me using (person_id)
	where i.route = 'bounty.create' and i.key = $2
), gate as materialized (
	select me.person_id, pg_try_advisory_xact_lock(hashtextextended('bounty.create:' || me.person_id || ':' || $2, 0)) as mine
	from me where not exists (select from stored)
), project as (
	select id, state from core.project where id = $4 and (not private or core.sees($1, 'project', id))
), asset as (
	select a.id, a.caip19, a.symbol, a.decimals, a.chain_id, a.token, c.escrow
	from core.asset a join core.chain c on c.id = a.chain_id
	where a.chain_id = $6 and a.token = $7 and c.enabled
), checked as materialized (
	select case
			when not exists (select from me) then 'auth.session_ended'
			when exists (select from stored) then null
			when not (select mine from gate) then 'idempotency.in_flight'
			when not exists (select from project) then 'bounty.project_unknown'
			when (select state from project) <> 'verified' then 'project.unverified'
			when not exists (select from asset) then 'bounty.asset_unknown'
			when $8 = 0 then 'bounty.amount_zero'
			when $11 <= now() then 'bounty.deadline_past'
			when exists (select from core.issue i where i.project_id = $4 and i.number = $5 and i.state = 'closed')
				then 'bounty.issue_closed'
		end as refused
), issue as (
	insert into core.issue as i (project_id, number)
	select $4, $5 from gate, checked where checked.refused is null
	on conflict (project_id, number) do update set number = excluded.number
	returning i.id, i.number
), fresh as materialized (
	select core.uuid_v7() as id from issue
), claimed as (
	insert into core.idempotency as k (person_id, route, key, request_sha256, response)
	select gate.person_id, 'bounty.create', $2, $3, jsonb_build_object(
		'id', fresh.id, 'project_id', $4, 'issue_id', issue.id, 'issue_number', issue.number, 'title', $9, 'state', 'draft',
		'amount', $8, 'asset__caip19', asset.caip19, 'asset__symbol', asset.symbol, 'asset__decimals', asset.decimals,
		'hold_seconds', extract(epoch from $10)::int8, 'deadline_at', $11, 'created_by', gate.person_id, 'created_at', now(),
		'escrow__chain_id', asset.chain_id, 'escrow__address', asset.escrow, 'escrow__token', asset.token,
		'escrow__bounty_key', decode(repeat('00', 16), 'hex') || uuid_send(fresh.id), 'escrow__amount', $8)
	from gate, fresh, issue, asset
	on conflict (person_id, route, key) do update set request_sha256 = k.request_sha256
	returning k.request_sha256, k.response
), bounty as (
	insert into core.bounty (id, project_id, issue_id, asset_id, amount, title, hold, deadline_at, created_by)
	select fresh.id, $4, issue.id, asset.id, $8, $9, $10, $11, gate.person_id
	from claimed, fresh, issue, asset, gate where claimed.response ->> 'id' = fresh.id::text
	returning id, issue_id, created_by
), job as materialized (
	select q.enqueue('sync', 'sync.issue', 'issue:' || b.issue_id, jsonb_build_object('issue_id', b.issue_id), trace => $12,
		project_id => $4, created_by => 'person/' || b.created_by) as id
	from bounty b
), event as materialized (
	select q.emit('bounty.created', b.id::text, 'bounty/' || b.id, jsonb_build_object('bounty_id', b.id, 'project_id', $4,
		'issue_id', b.issue_id, 'issue_number', $5, 'amount', $8::text, 'asset', asset.caip19, 'created_by', b.created_by),
		trace => $12, project_id => $4) as id
	from bounty b, asset
), answer as (
	select request_sha256, response from stored union all select request_sha256, response from claimed
)
select coalesce(checked.refused, case when answer.request_sha256 <> $3 then 'idempotency.mismatch' end) as refused, r.*
from (select (select count(*) from job) + (select count(*) from event) as n) as told, checked
left join answer on true
left join lateral jsonb_to_record(answer.response) as r (id uuid, project_id uuid, issue_id uuid, issue_number int, title text,
	state text, amount numeric, asset__caip19 text, asset__symbol text, asset__decimals int, hold_seconds int8,
	deadline_at timestamptz, created_by uuid, created_at timestamptz, escrow__chain_id int8, escrow__address bytea,
	escrow__token bytea, escrow__bounty_key bytea, escrow__amount numeric) on true
where told.n >= 0
-- statement: sql/bounty/fund.sql
-- one row: say which transaction locked the money; its confirmation is checked by a job. The same again finds the same
-- in   session_id       uuid
-- in   bounty_id        uuid
-- in   tx_hash          bytea
-- in   trace            text?
-- out  refused          text?
-- out  contribution_id  uuid?
-- out  bounty_id        uuid?
-- out  tx_hash          bytea?
-- out  state            text?        pending until the chain has confirmed it
-- out  bounty_state     text?
-- out  created_at       timestamptz?
-- out  job_id           int8?        asks the chain
-- role api
with me as (
	select s.person_id from core.session s join core.person p on p.id = s.person_id
	where s.id = $1 and s.revoked_at is null and s.expires_at > now() and p.status = 'active'
), bounty as (
	select b.id, b.asset_id, b.state, b.project_id from core.bounty b join core.project r on r.id = b.project_id
	where b.id = $2 and (not r.private or core.sees($1, 'bounty', b.id))
), checked as materialized (
	select case
			when not exists (select from me) then 'auth.session_ended'
			when b.id is null then 'bounty.not_found'
			when b.state not in ('draft', 'funding') and not exists (
				select from core.contribution c join me on me.person_id = c.funder_id
				where c.bounty_id = b.id and c.deposit_tx = $3 and c.state <> 'refused') then 'bounty.not_fundable'
		end as refused
	from (select) as once left join bounty b on true
), contribution as (
	insert into core.contribution as c (bounty_id, funder_id, asset_id, deposit_tx)
	select b.id, me.person_id, b.asset_id, $3 from bounty b, me, checked where checked.refused is null
	on conflict (asset_id, deposit_tx) where state <> 'refused' do update set deposit_tx = excluded.deposit_tx
	returning c.id, c.bounty_id, c.funder_id, c.deposit_tx, c.state, c.created_at
), mine as (
	select c.* from contribution c join me on me.person_id = c.funder_id where c.bounty_id = $2
), moved as materialized (
	select core.bounty_move(m.bounty_id, 'deposit_seen', 'person/' || m.funder_id, null, jsonb_build_object('contribution_id', m.id,
		'blocker', 'the deposit is being confirmed on chain')) as state
	from mine m, bounty b where m.state = 'pending' and b.state in ('draft', 'funding')
), job as materialized (
	select q.enqueue('verify', 'verify.fund', 'fund:' || m.id, jsonb_build_object('contribution_id', m.id), trace => $4,
		project_id => b.project_id, created_by => 'person/' || m.funder_id) as id
	from mine m, bounty b
), event as materialized (
	select q.emit('bounty.funding', m.id::text, 'bounty/' || m.bounty_id, jsonb_build_object('bounty_id', m.bounty_id,
		'contribution_id', m.id, 'funder_id', m.funder_id, 'tx_hash', '0x' || encode(m.deposit_tx, 'hex')), trace => $4,
		project_id => b.project_id) as id
	from mine m, bounty b
)
select coalesce(checked.refused, case when m.id is null then 'bounty.deposit_taken' end) as refused,
	m.id as contribution_id, m.bounty_id, m.deposit_tx as tx_hash, m.state, coalesce(moved.state, b.state) as bounty_state,
	m.created_at, job.id as job_id
from (select count(*) as n from event) as told, checked
left join mine m on true left join moved on true left join bounty b on true left join job on true
where told.n >= 0
-- statement: sql/bounty/get.sql
-- maybe: one bounty with its money and what has happened to it
-- in   id              uuid
-- in   session_id      uuid?        who asks, when signed in
-- out  id              uuid
-- out  project__id     uuid
-- out  project__full_name  text
-- out  issue__id       uuid
-- out  issue__number   int4
-- out  issue__title    text
-- out  issue__state    text
-- out  title           text
-- out  state           text
-- out  state_since     timestamptz
-- out  blocker         text?        who or what must act next
-- out  amount          numeric      smallest unit of the token
-- out  asset__caip19   text
-- out  asset__symbol   text
-- out  asset__decimals int4
-- out  hold_seconds    int8
-- out  deadline_at     timestamptz
-- out  created_by      uuid
-- out  created_at      timestamptz
-- out  version         int4
-- out  escrow__chain_id    int8     what a wallet needs to lock the money
-- out  escrow__address     bytea
-- out  escrow__token       bytea
-- out  escrow__bounty_key  bytea
-- out  escrow__amount      numeric
-- out  contributions   jsonb        [{id, funder_id, tx_hash, state, reason, amount, created_at, confirmed_at}]
-- out  submissions     jsonb        [{id, pull_id, pull_number, author, state, reason, created_at}]
-- out  events          jsonb        [{seq, event, from, to, actor, at}]
-- role api
select b.id, p.id as project__id, p.full_name as project__full_name, i.id as issue__id, i.number as issue__number,
	i.title as issue__title, i.state as issue__state, b.title, b.state, b.state_since, b.blocker, b.amount::numeric as amount,
	a.caip19 as asset__caip19, a.symbol as asset__symbol, a.decimals as asset__decimals,
	extract(epoch from b.hold)::int8 as hold_seconds, b.deadline_at, b.created_by, b.created_at, b.version,
	a.chain_id as escrow__chain_id, c.escrow as escrow__address, a.token as escrow__token, b.chain_key as escrow__bounty_key,
	b.amount::numeric as escrow__amount,
	(select coalesce(jsonb_agg(jsonb_build_object('id', f.id, 'funder_id', f.funder_id,
			'tx_hash', '0x' || encode(f.deposit_tx, 'hex'), 'state', f.state, 'reason', f.reason, 'amount', f.amount::text,
			'created_at', f.created_at, 'confirmed_at', f.confirmed_at) order by f.created_at, f.id), '[]')
		from core.contribution f where f.bounty_id = b.id) as contributions,
	(select coalesce(jsonb_agg(jsonb_build_object('id', s.id, 'pull_id', s.pull_id, 'pull_number', pl.number,
			'author', pl.author_login, 'state', s.state, 'reason', s.reason, 'created_at', s.created_at)
			order by s.created_at, s.id), '[]')
		from core.submission s join core.pull pl on pl.id = s.pull_id where s.bounty_id = b.id) as submissions,
	(select coalesce(jsonb_agg(jsonb_build_object('seq', e.seq, 'event', e.event, 'from', e.from_state, 'to', e.to_state,
			'actor', e.actor, 'at', e.at) order by e.seq), '[]')
		from core.bounty_event e where e.bounty_id = b.id) as events
from core.bounty b join core.project p on p.id = b.project_id join core.issue i on i.id = b.issue_id
join core.asset a on a.id = b.asset_id join core.chain c on c.id = a.chain_id
where b.id = $1 and (not p.private or core.sees($2, 'bounty', b.id))
-- statement: sql/bounty/list.sql
-- many: bounties, newest first, each with its latest submission
-- in   after           text?        "created_at|id" of the last row seen
-- in   page            int4
-- in   state           text?
-- in   project_id      uuid?
-- in   session_id      uuid?        who asks, when signed in
-- out  id              uuid
-- out  project__id     uuid
-- out  project__full_name  text
-- out  issue__number   int4
-- out  issue__title    text
-- out  title           text
-- out  state           text
-- out  state_since     timestamptz
-- out  blocker         text?
-- out  amount          numeric
-- out  asset__symbol   text
-- out  asset__decimals int4
-- out  deadline_at     timestamptz
-- out  created_at      timestamptz
-- out  submission__id  uuid?
-- out  submission__state   text?
-- out  submission__pull_number  int4?
-- out  submission__author  text?
-- out  cursor          text
-- role api
select b.id, p.id as project__id, p.full_name as project__full_name, i.number as issue__number, i.title as issue__title,
	b.title, b.state, b.state_since, b.blocker, b.amount::numeric as amount, a.symbol as asset__symbol,
	a.decimals as asset__decimals, b.deadline_at, b.created_at, s.id as submission__id, s.state as submission__state,
	s.number as submission__pull_number, s.author_login as submission__author, b.created_at || '|' || b.id as cursor
from core.bounty b join core.project p on p.id = b.project_id join core.issue i on i.id = b.issue_id
join core.asset a on a.id = b.asset_id
left join lateral (
	select s.id, s.state, pl.number, pl.author_login from core.submission s join core.pull pl on pl.id = s.pull_id
	where s.bounty_id = b.id order by (s.state in ('verified', 'paying', 'paid')) desc, s.created_at desc limit 1
) as s on true
where (b.created_at, b.id) < (coalesce(split_part($1, '|', 1)::timestamptz, 'infinity'),
	coalesce(split_part($1, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
	and ($3::text is null or b.state = $3) and ($4::uuid is null or b.project_id = $4)
	and (not p.private or core.sees($5, 'bounty', b.id))
order by b.created_at desc, b.id desc limit $2
-- statement: sql/chain/add.sql
-- none: the chain, its escrow and one token; again with other values changes them
-- role owner
-- in   chain_id       int8
-- in   confirmations  int4
-- in   escrow         bytea
-- in   token          bytea
-- in   token_text     text    EIP-55
-- in   symbol         text
-- in   decimals       int4
with chain as (
	insert into core.chain (id, caip2, confirmations, escrow)
	values ($1, 'eip155:' || $1, $2, $3)
	on conflict (id) do update set confirmations = excluded.confirmations, escrow = excluded.escrow
	returning id
)
insert into core.asset (caip19, chain_id, token, symbol, decimals)
select 'eip155:' || id || '/erc20:' || $5, id, $4, $6, $7 from chain
on conflict (chain_id, token) do update set symbol = excluded.symbol, decimals = excluded.decimals
-- statement: sql/command/apply.sql
-- one: one command of a comment, once
-- in   project_id  uuid
-- in   number      int4
-- in   comment_id  int8
-- in   body_sha256 bytea
-- in   ordinal     int4
-- in   uid         int8          the author, by GitHub's id
-- in   login       text
-- in   permission  text          in the repository, now
-- in   verb        text
-- in   good        bool          the line is as it must be
-- in   amount      text?
-- in   symbol      text?
-- in   chain       text?
-- in   until       timestamptz?
-- in   word        text?
-- in   plain       bool          without parts that are not offered yet
-- in   job         int8
-- in   trace       text?
-- out  code        text?         why it is refused
-- out  bounty_id   uuid?
-- out  pull_id     uuid?         of a claim that counts
-- out  fresh       bool          it was not carried out before
-- role worker
select a.code, a.bounty as bounty_id, a.pull as pull_id, a.fresh
from core.command_apply($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) a;
-- statement: sql/command/ask.sql
-- one: has a comment's commands carried out, once per comment and text
-- in   delivery_id  int8
-- in   comment_id   int8
-- in   body_sha256  bytea
-- in   job          int8
-- in   trace        text?
-- out  job_id       int8
-- role worker
select q.enqueue('sync', 'sync.command', 'command:' || $2 || ':' || encode($3, 'hex'), jsonb_build_object('delivery_id', $1), $4,
	priority => (-1)::smallint, trace => $5) as job_id;
-- statement: sql/contribution/confirm.sql
-- one: the deposit is final: book it and open the bounty
-- in   contribution_id  uuid
-- in   funder           bytea     wallet that locked the money
-- in   log_index        int4
-- in   amount           numeric   what was locked
-- in   block_number     int8
-- in   block_hash       bytea
-- in   sha256           bytea     of the receipt
-- in   receipt          bytea     canonical JSON
-- in   url              text      where it came from
-- in   job              int8
-- in   trace            text?
-- out  confirmed        bool      now, not earlier
-- out  opened           bool      the bounty was waiting for it
-- role worker
with stored as (
	insert into ingest.evidence (sha256, media_type, bytes, source_url) values ($7, 'application/json', $8, $9)
	on conflict (sha256) do nothing
), confirmed as (
	update core.contribution
	set state = 'confirmed', reason = null, funder = $2, log_index = $3, amount = $4, block_number = $5, block_hash = $6,
		confirmed_at = now()
	where id = $1 and state = 'pending'
	returning id, bounty_id, funder_id, asset_id, amount, deposit_tx
), booked as (
	select c.*, b.state, b.project_id, ledger.move('deposit:' || c.id, 'deposit', 'funder', c.funder_id, 'escrow', c.bounty_id,
		c.asset_id, c.amount, $10, jsonb_build_object('tx_hash', '0x' || encode(c.deposit_tx, 'hex'))) as transfer
	from confirmed c join core.bounty b on b.id = c.bounty_id
), seen as (
	select k.*, case k.state when 'draft' then core.bounty_move(k.bounty_id, 'deposit_seen', 'stage:verify', $10)
		else k.state end as present
	from booked k where k.transfer is not null
), opened as (
	select s.*, core.bounty_move(s.bounty_id, 'deposit_confirmed', 'stage:verify', $10, jsonb_build_object(
		'contribution_id', s.id, 'blocker', 'a contributor: open a pull request that closes the issue')) as moved
	from seen s where s.present = 'funding'
), told as (
	select q.emit('bounty.opened', o.bounty_id::text, 'bounty/' || o.bounty_id, jsonb_build_object('bounty_id', o.bounty_id,
		'contribution_id', o.id, 'amount', o.amount::text, 'tx_hash', '0x' || encode(o.deposit_tx, 'hex')), $11,
		o.project_id) as event
	from opened o where o.moved is not null
)
select exists (select from seen) as confirmed, exists (select from told) as opened;
-- statement: sql/contribution/read.sql
-- maybe: what a deposit must be
-- in   contribution_id  uuid
-- out  state            text
-- out  bounty_state     text
-- out  chain_key        bytea         the bounty's name on chain
-- out  amount           numeric       least that opens the bounty
-- out  keep_until       timestamptz   the money must stay until then: deadline and hold
-- out  token            bytea
-- out  chain_id         int8
-- out  escrow           bytea
-- out  deposit_tx       bytea
-- out  wallets          bytea[]       of the funder
-- out  stale            bool          asked for more than a day ago
-- role worker operator
select c.state, b.state as bounty_state, b.chain_key, b.amount, b.deadline_at + b.hold as keep_until, a.token, a.chain_id, n.escrow, c.deposit_tx,
	array(select w.address from core.wallet w where w.person_id = c.funder_id and w.unlinked_at is null order by w.address)
		as wallets,
	c.created_at < now() - interval '1 day' as stale
from core.contribution c join core.bounty b on b.id = c.bounty_id join core.asset a on a.id = c.asset_id
	join core.chain n on n.id = a.chain_id
where c.id = $1;
-- statement: sql/contribution/refuse.sql
-- one: the deposit is not what was promised: the bounty goes back to draft unless another deposit counts
-- in   contribution_id  uuid
-- in   reason           text    error code
-- in   detail           text    for people
-- in   job              int8
-- in   trace            text?
-- out  refused          bool    now, not earlier
-- role worker
with refused as (
	update core.contribution set state = 'refused', reason = $2 where id = $1 and state = 'pending'
	returning id, bounty_id
), bounty as (
	select r.*, b.state, b.project_id, exists (select from core.contribution c
		where c.bounty_id = r.bounty_id and c.id <> r.id and c.state <> 'refused') as others
	from refused r join core.bounty b on b.id = r.bounty_id
), moved as (
	select b.*, case when b.state = 'funding' and not b.others then core.bounty_move(b.bounty_id, 'deposit_refused',
		'stage:verify', $4, jsonb_build_object('contribution_id', b.id, 'code', $2, 'blocker', 'the funder: ' || $3))
		else b.state end as present
	from bounty b
), told as (
	select q.emit('bounty.deposit_refused', m.id::text, 'bounty/' || m.bounty_id, jsonb_build_object('bounty_id', m.bounty_id,
		'contribution_id', m.id, 'code', $2, 'detail', $3), $5, m.project_id) as event
	from moved m where m.present is not null
)
select exists (select from told) as refused;
-- statement: sql/control/limit_drop.sql
-- one: a limit is no more
-- role worker api operator
-- in   name    text
-- in   actor   text
-- in   reason  text
-- out  changed bool    false: there was none of that name
select q.limit_drop($1, $2, $3) as changed
-- statement: sql/control/limit_set.sql
-- one: a limit, new or changed
-- role worker api operator
-- in   name       text
-- in   queue      text?
-- in   kind       text?
-- in   by         text?    field of the args, or 'project'
-- in   most       int4?
-- in   per_second text?    a number
-- in   burst      int4?
-- in   actor      text
-- in   reason     text
-- out  name       text
select $1 as name from (values (1)) one, lateral (select q.limit_set($1, $2, $3, $4, $5, $6::text::float8, $7, $8, $9) offset 0) done
-- statement: sql/control/limits.sql
-- many: the limits
-- role worker api operator auditor
-- out  name        text
-- out  queue       text?
-- out  kind        text?
-- out  by          text?
-- out  most        int4?
-- out  per_second  text?
-- out  burst       int4
-- out  actor       text
-- out  reason      text
-- out  set_at      timestamptz
-- out  waiting     int8         jobs aside because of it
select l.name, l.queue, l.kind, l.by, l.most, l.per_second::text as per_second, l.burst, l.actor, l.reason, l.set_at,
	(select count(*) from q.held h join (select distinct x.queue, x.lane from q.lane x
		where exists (select from unnest(x.keys) k where split_part(k, ':', 1) = l.name)) x using (queue, lane)) as waiting
from q.limits l order by l.name
-- statement: sql/control/pause.sql
-- one: a stage, kind or project starts nothing new
-- role worker api operator
-- in   scope  text
-- in   name   text
-- in   actor  text
-- in   reason text
-- out  changed bool    false: it was paused before
-- out  waiting int8    of its jobs, now
select q.pause($1, $2, $3, $4) as changed,
	case when $1 = 'stage' then (select count(*) from q.ready where queue = $2) + (select count(*) from q.held where queue = $2)
		else (select count(*) from (select job_id from q.ready union all select job_id from q.held) w join q.job j on j.id = w.job_id
			where ($1 = 'kind' and j.kind = $2) or ($1 = 'project' and j.project_id::text = $2)) end as waiting
-- statement: sql/control/pauses.sql
-- many: what is paused
-- role worker api operator auditor
-- out  scope     text
-- out  name      text
-- out  paused_at timestamptz
-- out  actor     text
-- out  reason    text
-- out  waiting   int8         ready or aside, because of it
select p.scope, p.name, p.paused_at, p.actor, p.reason,
	case when p.scope = 'stage' then (select count(*) from q.ready r where r.queue = p.name)
			+ (select count(*) from q.held h where h.queue = p.name)
		else (select count(*) from q.held h where h.lane = p.scope || ':' || p.name) end as waiting
from q.pause p order by p.scope, p.name
-- statement: sql/control/resume.sql
-- one: a stage, kind or project goes on
-- role worker api operator
-- in   scope  text
-- in   name   text
-- in   actor  text
-- in   reason text
-- out  changed bool    false: it was not paused
-- out  waiting int8    of its jobs, now
select q.resume($1, $2, $3, $4) as changed,
	case when $1 = 'stage' then (select count(*) from q.ready where queue = $2) + (select count(*) from q.held where queue = $2)
		else (select count(*) from q.held where lane = $1 || ':' || $2) end as waiting
-- statement: sql/control/stages.sql
-- many: each queue: may it go on, what waits in it and for how long, its limits
-- role worker api operator auditor
-- in   known          text[]   named also when nothing is there
-- out  queue          text
-- out  paused         bool
-- out  ready          int8
-- out  held           int8     aside: paused by kind or project, limited, or beyond a project's share
-- out  scheduled      int8
-- out  running        int8     claimed, not ended
-- out  parked         int8
-- out  oldest_wait    interval?  since the oldest of those ready or held was made
-- out  limits         text?    NAME MOST RATE/s
with counted as (
	select queue, count(*) as ready, 0::int8 as held, 0::int8 as scheduled, 0::int8 as running, 0::int8 as parked,
		min(job_id) as oldest from q.ready group by queue
	union all select queue, 0, count(*), 0, 0, 0, min(job_id) from q.held group by queue
	union all select queue, 0, 0, count(*), 0, 0, null from q.scheduled group by queue
	union all select c.queue, 0, 0, 0, count(*), 0, null from q.claim c, unnest(c.job_ids, c.attempts) u (job_id, attempt)
		where not exists (select from q.run r where r.job_id = u.job_id and r.attempt = u.attempt) group by c.queue
	union all select queue, 0, 0, 0, 0, count(*), null from q.parked group by queue
	union all select name, 0, 0, 0, 0, 0, null from q.pause where scope = 'stage'
	union all select queue, 0, 0, 0, 0, 0, null from q.limits where queue is not null
	union all select name, 0, 0, 0, 0, 0, null from unnest($1) name
)
select c.queue, exists (select from q.pause p where p.scope = 'stage' and p.name = c.queue) as paused, sum(c.ready)::int8 as ready,
	sum(c.held)::int8 as held, sum(c.scheduled)::int8 as scheduled, sum(c.running)::int8 as running, sum(c.parked)::int8 as parked,
	(select now() - j.created_at from q.job j where j.id = min(c.oldest)) as oldest_wait,
	(select string_agg(concat_ws(' ', l.name, l.most::text, l.per_second::text || '/s'), ', ' order by l.name) from q.limits l
		where l.queue = c.queue or (l.queue is null and (l.kind is null or split_part(l.kind, '.', 1) = c.queue))) as limits
from counted c group by c.queue order by array_position($1, c.queue), c.queue
-- statement: sql/cron/enable.sql
-- one: a schedule on or off
-- role worker
-- in   name    text
-- in   enabled bool
-- in   actor   text
-- in   reason  text
-- out  name    text
-- out  result  text  changed, unchanged, unknown
select $1 as name, q.schedule_enable($1, $2, $3, $4) as result
-- statement: sql/cron/list.sql
-- many: schedules by name
-- role worker auditor
-- out  name       text
-- out  cron       text
-- out  zone       text
-- out  queue      text
-- out  kind       text
-- out  args       jsonb
-- out  priority   int4
-- out  catch_up   text         skip, one, or all and how many at most
-- out  enabled    bool
-- out  next_at    timestamptz? null while it is off
-- out  last_at    timestamptz? the last tick that became a job
-- out  error      text?        why ticks wait
-- out  actor      text
-- out  reason     text
-- out  changed_at timestamptz
select name, cron, zone, queue, kind, args, priority::int as priority,
	case catch_up when 'all' then 'all ' || catch_up_most else catch_up end as catch_up, enabled,
	case when enabled then next_at end as next_at, last_at, error, actor, reason, changed_at
from q.schedule order by name
-- statement: sql/cron/next.sql
-- many: the ticks to come of a schedule, on or off
-- role worker auditor
-- in   name  text
-- in   ticks int4
-- out  tick  timestamptz
-- out  local text         in the schedule's zone
with recursive s as (
	select cron, zone from q.schedule where name = $1
), t as (
	select q.cron_next(s.cron, s.zone, now()) as tick from s
	union all
	select q.cron_next(s.cron, s.zone, t.tick) from t, s
)
select tick, to_char(tick at time zone s.zone, 'Dy YYYY-MM-DD HH24:MI') || ' ' || s.zone as local from t, s limit $2
-- statement: sql/cron/put.sql
-- one: a schedule, made or replaced
-- role worker
-- in   name          text
-- in   cron          text
-- in   zone          text
-- in   queue         text
-- in   kind          text
-- in   args          jsonb
-- in   priority      int4
-- in   catch_up      text
-- in   catch_up_most int4
-- in   actor         text
-- in   reason        text
-- out  name          text
-- out  is_new        bool         false: it was there, and is replaced
-- out  next_at       timestamptz
select $1 as name, is_new, next_at from q.schedule_put($1, $2, $3, $4, $5, $6, $7::smallint, $8, $9, $10, $11)
-- statement: sql/cron/remove.sql
-- one: a schedule is gone; its jobs stay
-- role worker
-- in   name   text
-- in   actor  text
-- in   reason text
-- out  name   text
-- out  result text  removed, unknown
select $1 as name, case when q.schedule_remove($1, $2, $3) then 'removed' else 'unknown' end as result
-- statement: sql/delivery/finish.sql
-- none: what became of a delivery
-- in   delivery_id  int8
-- in   state        text    done ignored
-- in   reason       text?   why it was ignored
-- in   action       text?
-- in   repo_id      int8?
-- in   number       int4?   of the pull request or issue it is about
-- role worker
update ingest.delivery set state = $2, reason = $3, action = $4, repo_id = $5, number = $6
where id = $1 and (state, reason, action, repo_id, number) is distinct from ($2, $3, $4, $5, $6);
-- statement: sql/delivery/read.sql
-- maybe: a stored webhook delivery
-- in   delivery_id  int8
-- out  event        text
-- out  state        text
-- out  body         bytea         as it was signed
-- out  received_at  timestamptz
-- out  stale        bool          older than an hour
-- out  now          timestamptz
-- role worker
select event, state, body, received_at, received_at < now() - interval '1 hour' as stale, now()
from ingest.delivery where id = $1;
-- statement: sql/delivery/receive.sql
-- one row: keep a signed delivery as it came; a new one gets its job, a known one changes nothing
-- in   guid         uuid
-- in   hook_id      int8?
-- in   event        text
-- in   secret_no    int4         which of the valid secrets signed it
-- in   body         bytea
-- in   signature    bytea        that of the bytes, 32 of them
-- in   trace        text?
-- out  status       int4
-- out  outcome      text         new, duplicate or conflict
-- out  duplicate    bool
-- out  delivery_id  int8
-- out  job_id       int8?
-- role api
-- The key's conflict waits for a copy that is being stored at this moment and returns its row, whatever this statement's
-- snapshot shows. A known GUID with other bytes is kept as evidence and never processed. The same bytes have the same
-- signature, unless the secret has changed since.
with fresh as materialized (
	select nextval('ingest.delivery_id_seq') as id
), known as (
	insert into ingest.delivery_key as k (provider, guid, signature, delivery_id) select 'github', $1, $6, id from fresh
	on conflict (provider, guid) do update set guid = excluded.guid
	returning k.signature, k.delivery_id
), judged as materialized (
	select case when known.delivery_id = fresh.id then 'new'
		when known.signature = $6 or ingest.same_body(known.delivery_id, $5) then 'duplicate' else 'conflict' end as outcome, known.delivery_id as first, fresh.id
	from known, fresh
), kept as (
	insert into ingest.delivery (id, guid, hook_id, event, secret_no, body, signature, state, reason)
	overriding system value
	select id, $1, $2, $3, $4::int, $5, $6, case outcome when 'new' then 'queued' else 'conflict' end,
		case outcome when 'conflict' then 'webhook.conflict' end
	from judged where outcome <> 'duplicate'
	returning id, state
), job as materialized (
	select q.enqueue('sync', 'sync.delivery', 'delivery:' || $1, jsonb_build_object('delivery_id', kept.id), trace => $7,
		created_by => 'github') as id
	from kept where kept.state = 'queued'
)
select case when outcome = 'duplicate' or (outcome = 'new' and $3 = 'ping') then 200 else 202 end as status, outcome, outcome = 'duplicate' as duplicate,
	case outcome when 'duplicate' then first else judged.id end as delivery_id, job.id as job_id
from judged left join job on true
-- statement: sql/doctor/clock.sql
-- one: the database's clock
-- out  now  timestamptz
-- role operator
select clock_timestamp() as now
-- statement: sql/doctor/findings.sql
-- many: what is wrong with the database and the queue, one row per finding; a check without one is well
-- in   patience  interval   how old a snapshot, an event or a row that waits may be
-- out  check     text       name of the check
-- out  fail      bool       else it is a warning
-- out  found     text
-- role operator
-- Sessions of others are seen with the rights of pg_read_all_stats alone: the first check says when they are missing.
with live as (
	select w.* from q.worker w where w.stopped_at is null and w.seen_at > now() - interval '60 seconds'
), waits as (
	select r.queue, count(*) as n from q.ready r group by 1
), seen as (
	select pg_has_role(current_user, 'pg_read_all_stats', 'usage') as all_sessions
), wanted (role, schema, name, privilege, allowed) as (values
	('patchwork_api', 'ingest', 'delivery', 'insert', true), ('patchwork_api', 'core', 'bounty', 'select', true),
	('patchwork_api', 'q', 'ready', 'insert', true), ('patchwork_worker', 'q', 'ready', 'delete', true),
	('patchwork_worker', 'q', 'run', 'insert', true), ('patchwork_worker', 'ledger', 'entry', 'insert', true),
	('patchwork_worker', 'proof', 'proof', 'insert', true), ('patchwork_worker', 'audit', 'checkpoint', 'insert', true),
	('patchwork_relay', 'q', 'outbox', 'select', true), ('patchwork_relay', 'q', 'outbox_cursor', 'update', true),
	('patchwork_auditor', 'q', 'run', 'select', true), ('patchwork_auditor', 'audit', 'log', 'select', true),
	('patchwork_operator', 'q', 'job', 'select', true), ('patchwork_operator', 'q', 'batch', 'select', true),
	('patchwork_api', 'ledger', 'payout', 'update', false), ('patchwork_api', 'audit', 'log', 'update', false),
	('patchwork_worker', 'audit', 'log', 'delete', false), ('patchwork_worker', 'ledger', 'entry', 'update', false),
	('patchwork_worker', 'q', 'run', 'update', false), ('patchwork_relay', 'q', 'job', 'insert', false),
	('patchwork_auditor', 'q', 'job', 'insert', false), ('patchwork_operator', 'q', 'parked', 'delete', false),
	('patchwork_operator', 'audit', 'log', 'insert', false)
)
select 'sessions' as check, false as fail, current_user || ' sees no sessions of others: grant pg_monitor to it' as found
from seen where not all_sessions
union all
select 'xmin', now() - a.xact_start > 12 * $1, format('pid %s (%s, %s) holds back xid %s for %s s: %s', a.pid, a.usename,
	a.application_name, coalesce(a.backend_xmin::text, a.backend_xid::text), extract(epoch from now() - a.xact_start)::int,
	left(a.query, 60))
from pg_stat_activity a
where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
	and (a.backend_xmin is not null or a.backend_xid is not null) and now() - a.xact_start >= $1
union all
select 'slots', s.xmin is not null or s.catalog_xmin is not null, format('replication slot %s is not used and holds back xid %s', s.slot_name,
	coalesce(s.xmin::text, s.catalog_xmin::text, 'nothing, but WAL from ' || s.restart_lsn))
from pg_replication_slots s where not s.active
union all
select 'prepared', true, format('prepared transaction %s of %s has been open for %s s', p.gid, p.owner,
	extract(epoch from now() - p.prepared)::int)
from pg_prepared_xacts p where p.database = current_database() and now() - p.prepared >= $1
union all
select 'autovacuum', true, 'autovacuum is off for the whole server' where current_setting('autovacuum')::bool is not true
union all
select 'autovacuum', true, format('autovacuum is off for %s', c.oid::regclass) from pg_class c
where c.relnamespace::regnamespace::text in ('q', 'core', 'ingest', 'proof', 'ledger', 'rep', 'audit')
	and c.reloptions::text ~ 'autovacuum_enabled=(false|off)'
union all
select 'bloat', s.n_dead_tup > 1000000, format('%s.%s has %s dead rows beside %s live ones, last vacuumed %s', s.schemaname, s.relname,
	s.n_dead_tup, s.n_live_tup, coalesce(greatest(s.last_autovacuum, s.last_vacuum)::timestamp(0)::text, 'never'))
from pg_stat_user_tables s
where s.schemaname = 'q' and s.relname in ('ready', 'scheduled', 'claim', 'held', 'mark', 'worker', 'outbox_cursor', 'parked')
	and s.n_dead_tup > 10000 and s.n_dead_tup > 5 * s.n_live_tup
union all
select 'relay', now() - l.oldest > 12 * $1, format('events wait for %s since %s s', l.sink, extract(epoch from now() - l.oldest)::int)
from (select c.sink, min(o.created_at) as oldest from q.outbox_cursor c join q.outbox o on (o.xid, o.id) > (c.xid, c.id) group by 1) l
where now() - l.oldest >= $1
union all
select 'relay', true, 'no relay has ever read the outbox, and it has events'
where not exists (select from q.outbox_cursor) and exists (select from q.outbox)
union all
select 'grants', true, format('role %s is not there', r.name)
from unnest(array['patchwork_api', 'patchwork_worker', 'patchwork_relay', 'patchwork_auditor', 'patchwork_operator']) as r (name)
where not exists (select from pg_roles p where p.rolname = r.name)
union all
select 'grants', true, format('%s %s %s on %s', g.role, case when g.allowed then 'may not' else 'may' end, g.privilege, g.schema || '.' || g.name)
from wanted g join pg_roles p on p.rolname = g.role
where has_table_privilege(g.role, format('%I.%I', g.schema, g.name), g.privilege) <> g.allowed
union all
select 'workers', false, format('%s (%s) was not seen for %s s and did not say goodbye', w.name, array_to_string(w.queues, ' '),
	extract(epoch from now() - w.seen_at)::int)
from q.worker w where w.stopped_at is null and w.seen_at <= now() - interval '60 seconds' and w.seen_at > now() - interval '1 day'
union all
select 'workers', true, format('%s jobs of stage %s are ready and no worker has that stage', n, queue)
from waits where not exists (select from live where waits.queue = any (live.queues))
union all
select 'parked', false, format('%s jobs of %s wait for a person: %s', count(*), kind, string_agg(distinct error_code, ' '))
from q.parked group by kind
union all
select 'paused', false, format('%s %s is paused by %s since %s: %s', scope, name, actor, paused_at::timestamp(0), reason) from q.pause
union all
select 'unsealed', now() - unsealed_since > 12 * $1, format('%s audit rows have no place in the chain, the oldest since %s s', unsealed,
	extract(epoch from now() - unsealed_since)::int)
from audit.state where unsealed > 0 and now() - unsealed_since >= $1
union all
select 'partitions', p.next_id / q.partition_size() >= p.last_part, format('ids are at %s of the last partition''s end at %s', p.next_id,
	(p.last_part + 1) * q.partition_size())
from (select (select last_value from q.job_id) as next_id,
	(select max(substring(c.relname from 5)::bigint) from pg_class c where c.relnamespace = 'q'::regnamespace
		and c.relname ~ '^job_[0-9]+$' and c.relkind = 'r') as last_part) as p
where p.last_part is null or p.next_id / q.partition_size() + 1 > p.last_part
order by 1, 2 desc, 3
-- statement: sql/evidence/get.sql
-- maybe: a document by its hash
-- in   sha256      bytea
-- out  media_type  text
-- out  bytes       bytea
-- out  source_url  text
-- out  fetched_at  timestamptz
-- role worker auditor
select media_type, bytes, source_url, fetched_at from ingest.evidence where sha256 = $1;
-- statement: sql/explain/find.sql
-- maybe: where a job, bounty, submission or payout is, and what is known of why
-- in   id       uuid?        of a bounty, submission or payout
-- in   number   int8?        of a job
-- out  object   text         job bounty submission payout
-- out  state    text
-- out  code     text?        error code of a job's last run, or a submission's reason
-- out  detail   text?        its text, or the blocker in words
-- out  due      timestamptz? when time moves it
-- out  by       text?        worker that has it, or who paused it
-- out  workers  int8?        live ones that have the job's stage
-- out  stage    text?        of the job
-- out  job_id   int8?        a job about it that waits for a person
-- out  job_code text?
-- out  merged   bool         the submission's pull request is
-- role operator auditor
with stuck as (
	select p.job_id, p.error_code, j.args from q.parked p join q.job j on j.id = p.job_id
	where $1 is not null
), found as (
	select 'job' as object, null::uuid as id, q.state_of(j.id) as state, r.error_code as code, r.error as detail, s.run_at as due,
		coalesce((select w.name from q.claim c join q.worker w on w.id = c.worker where j.id = any (c.job_ids) limit 1),
			(select p.actor || ': ' || p.reason from q.pause p where (p.scope, p.name) in
				(('stage', j.queue), ('kind', j.kind), ('project', j.project_id::text)) order by p.paused_at limit 1),
			(select 'job ' || n.id from q.job n where n.replay_of = j.id order by n.id desc limit 1)) as by,
		(select count(*) from q.worker w where w.stopped_at is null and w.seen_at > now() - interval '60 seconds'
			and j.queue = any (w.queues)) as workers,
		j.queue as stage, false as merged
	from q.job j
	left join lateral (select error_code, error from q.run where job_id = j.id order by attempt desc limit 1) as r on true
	left join q.scheduled s on s.job_id = j.id
	where j.id = $2
	union all
	select 'bounty', b.id, b.state, null, b.blocker, coalesce((select min(o.due_at) from ledger.payout o
		where o.bounty_id = b.id and o.state = 'hold'), b.deadline_at), null, null, null, false
	from core.bounty b where b.id = $1
	union all
	select 'submission', s.id, s.state, s.reason, null, null, null, null, null, u.state = 'merged'
	from core.submission s join core.pull u on u.id = s.pull_id where s.id = $1
	union all
	select 'payout', o.id, o.state, null, o.blocker, o.due_at, null, null, null, false
	from ledger.payout o where o.id = $1
)
select f.object, f.state, f.code, f.detail, f.due, f.by, f.workers, f.stage, t.job_id, t.error_code as job_code, f.merged
from found f
left join lateral (
	select k.job_id, k.error_code from stuck k where f.id is not null and (
		f.id::text in (k.args ->> 'payout_id', k.args ->> 'submission_id')
		or (k.args ->> 'submission_id')::uuid in (select s.id from core.submission s where s.bounty_id = f.id)
		or (k.args ->> 'contribution_id')::uuid in (select c.id from core.contribution c where c.bounty_id = f.id)
		or (k.args ->> 'payout_id')::uuid in (select o.id from ledger.payout o where f.id in (o.bounty_id, o.submission_id)))
	order by k.job_id desc limit 1
) as t on true
-- statement: sql/health/jobs.sql
-- many: how much of each queue waits, and for how long the oldest has
-- out  queue           text
-- out  ready           int8
-- out  scheduled       int8
-- out  running         int8
-- out  parked          int8
-- out  oldest_seconds  int8   since the oldest ready job was made
-- role api
with counted as (
	select queue, count(*) as ready, 0::int8 as scheduled, 0::int8 as running, 0::int8 as parked, min(job_id) as oldest
	from q.ready group by queue
	union all select queue, 0, count(*), 0, 0, null from q.scheduled group by queue
	union all select queue, 0, 0, sum(cardinality(job_ids))::int8, 0, null from q.claim group by queue
	union all select queue, 0, 0, 0, count(*), null from q.parked group by queue
)
select c.queue, sum(c.ready)::int8 as ready, sum(c.scheduled)::int8 as scheduled, sum(c.running)::int8 as running,
	sum(c.parked)::int8 as parked,
	coalesce(extract(epoch from now() - (select created_at from q.job where id = min(c.oldest)))::int8, 0) as oldest_seconds
from counted c group by c.queue order by c.queue
-- statement: sql/health/ready.sql
-- one row: is the schema the one this program was built for
-- out  migration  int4   the last one applied
-- role api
select coalesce(max(number), 0) as migration from core.migration
-- statement: sql/issue/address.sql
-- maybe: where GitHub keeps an issue
-- in   issue_id   uuid
-- out  project_id uuid
-- out  number     int4
-- out  repo_id    int8?   null until GitHub has told it
-- out  now        timestamptz
-- role worker
select i.project_id, i.number, p.repo_id, now() from core.issue i join core.project p on p.id = i.project_id where i.id = $1;
-- statement: sql/issue/gone.sql
-- one: an issue is no longer there: its bounties follow it to a repository that is registered, or stand still, or go back
-- in   project_id  uuid
-- in   number      int4
-- in   reason      text    deleted transferred
-- in   to_repo     int8?   transferred: GitHub's id of the repository
-- in   to_number   int4?
-- in   job         int8
-- in   trace       text?
-- out  followed    int8
-- out  frozen      int8
-- out  ended       int8    on their way to a refund, or cancelled
-- role worker
with closed as (
	update core.issue set state = 'closed', state_reason = $3, updated_at = clock_timestamp()
	where project_id = $1 and number = $2 and state_reason is distinct from $3
), gone as (
	select b.id, b.state, b.issue_id from core.bounty b join core.issue i on i.id = b.issue_id
	where i.project_id = $1 and i.number = $2 and b.state in ('draft', 'open', 'in_progress')
	for update of b
), target as (
	select id from core.project where provider = 'github' and repo_id = $4 and $5::int is not null and $3 = 'transferred'
), made as (
	insert into core.issue (project_id, number) select id, $5 from target where exists (select from gone)
	on conflict (project_id, number) do nothing
	returning id, project_id
), place as (
	select id, project_id from made
	union all
	select i.id, i.project_id from core.issue i join target t on t.id = i.project_id where i.number = $5
), moved as (
	update core.bounty b set project_id = p.project_id, issue_id = p.id, version = b.version + 1
	from gone g, place p where b.id = g.id
	returning b.id, b.project_id, b.issue_id
), told as (
	select q.emit('bounty.moved', m.id || ':' || m.issue_id, 'bounty/' || m.id, jsonb_build_object('bounty_id', m.id,
		'project_id', m.project_id, 'issue_id', m.issue_id, 'issue_number', $5), $7, m.project_id) as event,
		q.enqueue('sync', 'sync.issue', 'issue:' || m.issue_id, jsonb_build_object('issue_id', m.issue_id), $6, trace => $7) as job
	from moved m
), frozen as (
	select core.bounty_move(g.id, 'issue_transferred', 'stage:sync', $6, jsonb_build_object('blocker',
		'an operator: the issue was transferred to a repository that is not registered')) as state
	from gone g where $3 = 'transferred' and not exists (select from place) and g.state <> 'draft'
), ended as (
	select core.bounty_move(g.id, 'issue_deleted', 'stage:sync', $6, jsonb_build_object('blocker',
		'the issue was deleted: the money goes back')) as state
	from gone g where $3 = 'deleted'
)
select (select count(*) from told) as followed, (select count(*) from frozen) as frozen, (select count(*) from ended) as ended;
-- statement: sql/issue/observe.sql
-- one: what GitHub says of an issue, unless newer is known; of two answers of one second the one that was surely read later
-- in   project_id    uuid
-- in   uid           int8          GitHub's id
-- in   number        int4
-- in   title         text
-- in   state         text          open closed
-- in   state_reason  text?
-- in   closed_at     timestamptz?
-- in   updated_at    timestamptz   by GitHub's clock, in whole seconds
-- in   read_after    timestamptz?  null: nobody knows when it was read
-- in   job           int8
-- in   trace         text?
-- out  asked         bool          it is not known which of two answers is later: GitHub is asked
-- role worker
-- Deleted and transferred are for ever.
with known as (
	select id, (title, state, state_reason, closed_at) is distinct from ($4, $5, $6, $7) as differs, source_updated_at, updated_at,
		coalesce(state_reason in ('deleted', 'transferred'), false) as gone
	from core.issue where project_id = $1 and number = $3 for update
), kept as (
	insert into core.issue as i (project_id, provider_issue_id, number, title, state, state_reason, closed_at, source_updated_at)
	values ($1, $2, $3, $4, $5, $6, $7, $8)
	on conflict (project_id, number) do update
	set provider_issue_id = excluded.provider_issue_id, title = excluded.title, state = excluded.state,
		state_reason = excluded.state_reason, closed_at = excluded.closed_at,
		source_updated_at = greatest(i.source_updated_at, excluded.source_updated_at), updated_at = clock_timestamp()
	where coalesce(i.state_reason in ('deleted', 'transferred'), false) is false
		and (i.source_updated_at is null or i.source_updated_at < excluded.source_updated_at
			or (i.source_updated_at = excluded.source_updated_at and i.updated_at < $9)
			or excluded.state_reason in ('deleted', 'transferred'))
		and (i.provider_issue_id, i.title, i.state, i.state_reason, i.closed_at, i.source_updated_at) is distinct from
			(excluded.provider_issue_id, excluded.title, excluded.state, excluded.state_reason, excluded.closed_at,
				excluded.source_updated_at)
	returning i.id
), asked as (
	select q.enqueue('sync', 'sync.issue', 'issue:' || k.id || ':asked:' || $10, jsonb_build_object('issue_id', k.id), $10, trace => $11)
	from known k
	where k.source_updated_at = $8 and k.differs and not k.gone and not exists (select from kept)
)
select exists (select from asked) as asked;
-- statement: sql/job/cancel.sql
-- many: jobs that wait end now; those that run, before their next effect
-- in   ids     int8[]
-- in   actor   text
-- in   reason  text
-- out  job_id  int8
-- out  result  text    cancelled, running: it ends before its next effect, and may yet be done; finished, unknown
-- role operator
select t.id as job_id, q.cancel(t.id, $2, $3) as result from unnest($1) with ordinality t (id, at) order by t.at
-- statement: sql/job/find.sql
-- many: jobs for operators, newest first
-- in   before       int8?        only ids below
-- in   page         int4
-- in   queue        text?
-- in   kind         text?
-- in   state        text?        ready running scheduled held parked done cancelled replayed
-- in   code         text?        that a run of it ended with
-- in   project      uuid?
-- in   since        timestamptz? made then or later
-- in   until        timestamptz? made before
-- in   batch        int8?
-- out  id           int8
-- out  queue        text
-- out  kind         text
-- out  key          text?
-- out  state        text
-- out  attempts     int4
-- out  error_code   text?        of the last run
-- out  run_at       timestamptz? when it is scheduled
-- out  created_at   timestamptz
-- out  finished_at  timestamptz? of the last run
-- out  project_id   uuid?
-- out  root_id      int8
-- out  parent_id    int8?
-- out  replay_of    int8?
-- out  batch        int8?
-- role operator auditor
-- States that are few have tables of their own, and codes an index: their page does not walk the history.
with few as materialized (
	select job_id as id from q.parked where $5 = 'parked'
	union all select job_id from q.scheduled where $5 = 'scheduled'
	union all select job_id from q.held where $5 = 'held'
	union all select unnest(job_ids) from q.claim where $5 = 'running'
	union all select job_id from q.ready where $5 = 'ready'
	union all select r.job_id from q.run r where $6 is not null and $5 is null and r.error_code = $6
), picked as (
	(select j.* from q.job j
		where $6 is null and coalesce($5, 'done') in ('done', 'cancelled', 'replayed') and j.id < coalesce($1, 9223372036854775807)
			and ($3::text is null or j.queue = $3) and ($4::text is null or j.kind = $4) and ($7::uuid is null or j.project_id = $7)
			and ($8::timestamptz is null or j.created_at >= $8) and ($9::timestamptz is null or j.created_at < $9)
			and ($10::int8 is null or j.batch = $10) and ($5 is null or q.state_of(j.id) = $5)
		order by j.id desc limit $2)
	union all
	(select j.* from q.job j
		where ($6 is not null or $5 in ('parked', 'scheduled', 'held', 'running', 'ready')) and j.id < coalesce($1, 9223372036854775807)
			and j.id in (select id from few)
			and ($3::text is null or j.queue = $3) and ($4::text is null or j.kind = $4) and ($7::uuid is null or j.project_id = $7)
			and ($8::timestamptz is null or j.created_at >= $8) and ($9::timestamptz is null or j.created_at < $9)
			and ($10::int8 is null or j.batch = $10)
			and ($6::text is null or exists (select from q.run r where r.job_id = j.id and r.error_code = $6))
			and ($5::text is null or q.state_of(j.id) = $5)
		order by j.id desc limit $2)
)
select j.id, j.queue, j.kind, j.key, q.state_of(j.id) as state, coalesce(r.attempt, 0) as attempts, r.error_code, s.run_at,
	j.created_at, r.finished_at, j.project_id, j.root_id, j.parent_id, j.replay_of, j.batch
from picked j
left join lateral (select attempt, error_code, finished_at from q.run where job_id = j.id order by attempt desc limit 1) as r on true
left join q.scheduled s on s.job_id = j.id
order by j.id desc limit $2
-- statement: sql/job/get.sql
-- maybe: one job with its runs, its parent and its children
-- in   id           int8
-- in   session_id   uuid?        who asks, when signed in
-- out  id           int8
-- out  queue        text
-- out  kind         text
-- out  key          text?
-- out  args         jsonb
-- out  state        text         ready, running, scheduled, held, parked, done or cancelled
-- out  error_code   text?        of the last run
-- out  error        text?        of the last run
-- out  priority     int4
-- out  root_id      int8
-- out  parent_id    int8?
-- out  replay_of    int8?
-- out  project_id   uuid?
-- out  trace        text?
-- out  created_by   text
-- out  created_at   timestamptz
-- out  run_at       timestamptz? when it is scheduled
-- out  runs         jsonb        [{attempt, state, worker, started_at, finished_at, error_kind, error_code, error, output}]
-- out  children     int8[]
-- role api
select j.id, j.queue, j.kind, j.key, j.args,
	case
		when p.job_id is not null then 'parked'
		when r.state in ('done', 'cancelled') then r.state
		when exists (select from q.claim c where j.id = any (c.job_ids)) then 'running'
		when s.run_at is not null then 'scheduled'
		when exists (select from q.held h where h.job_id = j.id) then 'held'
		else 'ready'
	end as state,
	r.error_code, r.error, j.priority::int as priority, j.root_id, j.parent_id, j.replay_of, j.project_id, j.trace, j.created_by,
	j.created_at, s.run_at,
	(select coalesce(jsonb_agg(jsonb_build_object('attempt', n.attempt, 'state', n.state, 'worker', w.name,
			'started_at', n.started_at, 'finished_at', n.finished_at, 'error_kind', n.error_kind, 'error_code', n.error_code,
			'error', n.error, 'output', n.output) order by n.attempt), '[]')
		from q.run n left join q.worker w on w.id = n.worker where n.job_id = j.id) as runs,
	array(select c.id from q.job c where c.parent_id = j.id order by c.id) as children
from q.job j
left join lateral (select state, error_code, error from q.run where job_id = j.id order by attempt desc limit 1) as r on true
left join q.parked p on p.job_id = j.id
left join q.scheduled s on s.job_id = j.id
where j.id = $1 and not exists (select from core.project r
	where r.id = j.project_id and r.private and not core.sees($2, 'project', r.id))
-- statement: sql/job/list.sql
-- many: jobs, newest first, with the state their last run left them in
-- in   after        text?        id of the last row seen
-- in   page         int4
-- in   queue        text?
-- in   kind         text?
-- in   parked       bool?        only those that wait for a person, or only the others
-- in   session_id   uuid?        who asks, when signed in
-- out  id           int8
-- out  queue        text
-- out  kind         text
-- out  key          text?
-- out  state        text         ready, running, scheduled, held, parked, done or cancelled
-- out  attempts     int4
-- out  error_code   text?        of the last run
-- out  root_id      int8
-- out  parent_id    int8?
-- out  project_id   uuid?
-- out  run_at       timestamptz? when it is scheduled
-- out  created_at   timestamptz
-- out  finished_at  timestamptz? of the last run
-- out  cursor       text
-- role api
-- Parked jobs are few and have a table of their own: their page does not walk the history. The limit 1 keeps the planner, which
-- does not know how long a page is, from reading all jobs to join them.
with running as materialized (
	select unnest(job_ids) as job_id from q.claim
), asked as (
	(select j.id from q.job j
		where $5::bool is not true and j.id < coalesce($1::text::int8, 9223372036854775807)
			and ($3::text is null or j.queue = $3) and ($4::text is null or j.kind = $4)
			and ($5 is null or not exists (select from q.parked p where p.job_id = j.id))
			and not exists (select from core.project r
				where r.id = j.project_id and r.private and not core.sees($6, 'project', r.id))
		order by j.id desc limit $2)
	union all
	(select p.job_id from q.parked p join q.job j on j.id = p.job_id
		where $5 and p.job_id < coalesce($1::text::int8, 9223372036854775807)
			and ($3::text is null or p.queue = $3) and ($4::text is null or p.kind = $4)
			and not exists (select from core.project r
				where r.id = j.project_id and r.private and not core.sees($6, 'project', r.id))
		order by p.job_id desc limit $2)
)
select j.id, j.queue, j.kind, j.key,
	case
		when p.job_id is not null then 'parked'
		when r.state in ('done', 'cancelled') then r.state
		when exists (select from running where running.job_id = j.id) then 'running'
		when s.run_at is not null then 'scheduled'
		when exists (select from q.held h where h.job_id = j.id) then 'held'
		else 'ready'
	end as state,
	coalesce(r.attempt, 0) as attempts, r.error_code, j.root_id, j.parent_id, j.project_id, s.run_at, j.created_at,
	r.finished_at, j.id::text as cursor
from asked cross join lateral (select * from q.job where id = asked.id limit 1) as j
left join lateral (select attempt, state, error_code, finished_at from q.run where job_id = j.id order by attempt desc limit 1)
	as r on true
left join q.parked p on p.job_id = j.id
left join q.scheduled s on s.job_id = j.id
order by j.id desc
-- statement: sql/job/retry.sql
-- many: parked or waiting jobs run now, as their next attempts
-- in   ids     int8[]
-- in   actor   text
-- in   reason  text
-- out  job_id  int8
-- out  result  text    retried; else ready running held done cancelled replayed unknown: nothing was changed
-- role operator
select t.id as job_id, q.retry(t.id, $2, $3) as result from unnest($1) with ordinality t (id, at) order by t.at
-- statement: sql/job/show.sql
-- maybe: one job with everything that belongs to it, for operators
-- in   id           int8
-- out  id           int8
-- out  queue        text
-- out  kind         text
-- out  key          text?
-- out  state        text         ready running scheduled held parked done cancelled replayed
-- out  priority     int4
-- out  args         jsonb
-- out  root_id      int8
-- out  parent_id    int8?
-- out  children     int8[]
-- out  replay_of    int8?
-- out  batch        int8?
-- out  replays      int8[]       jobs that replay this one
-- out  project_id   uuid?
-- out  trace        text?
-- out  created_by   text
-- out  created_at   timestamptz
-- out  run_at       timestamptz? when it is scheduled
-- out  attempts     int4
-- out  error_code   text?        of the last run
-- out  error        text?        of the last run
-- out  output       jsonb?       of the last run
-- out  worker       text?        whose hands it is in
-- out  runs         jsonb        [{attempt, state, worker, started_at, finished_at, error_kind, error_code, error, output}]
-- role operator auditor
select j.id, j.queue, j.kind, j.key, q.state_of(j.id) as state, j.priority::int as priority, j.args, j.root_id, j.parent_id,
	array(select c.id from q.job c where c.parent_id = j.id order by c.id) as children, j.replay_of, j.batch,
	array(select c.id from q.job c where c.replay_of = j.id order by c.id) as replays,
	j.project_id, j.trace, j.created_by, j.created_at, s.run_at, coalesce(r.attempt, 0) as attempts, r.error_code, r.error, r.output,
	(select w.name from q.claim c join q.worker w on w.id = c.worker where j.id = any (c.job_ids) limit 1) as worker,
	(select coalesce(jsonb_agg(jsonb_build_object('attempt', n.attempt, 'state', n.state, 'worker', w.name,
			'started_at', n.started_at, 'finished_at', n.finished_at, 'error_kind', n.error_kind, 'error_code', n.error_code,
			'error', n.error, 'output', n.output) order by n.attempt), '[]')
		from q.run n left join q.worker w on w.id = n.worker where n.job_id = j.id) as runs
from q.job j
left join lateral (select attempt, state, error_code, error, output from q.run where job_id = j.id order by attempt desc limit 1)
	as r on true
left join q.scheduled s on s.job_id = j.id
where j.id = $1
-- statement: sql/lineage/get.sql
-- maybe: everything that belongs to one contribution, from any of its ids: deliveries, jobs, verdict, proof, money, score
-- in   kind           text         pull, submission, bounty, payout, delivery or job
-- in   id             uuid?        of a pull, submission, bounty or payout; of a delivery, GitHub's GUID
-- in   number         int8?        of a delivery or job
-- in   session_id     uuid?        who asks, when signed in
-- out  project        jsonb?       {id, full_name, state}
-- out  deliveries     jsonb        [{id, guid, event, action, number, state, reason, received_at}]
-- out  pulls          jsonb        [{id, number, title, author, state, head_sha, merge_sha, merged_at, updated_at}]
-- out  links          jsonb        [{pull_id, issue_id, issue_number, level, source, first_seen}]
-- out  bounties       jsonb        [{id, issue_id, issue_number, title, state, state_since, blocker, amount, asset, events}]
-- out  contributions  jsonb        [{id, bounty_id, funder, tx_hash, state, reason, amount, block_number, created_at, confirmed_at}]
-- out  submissions    jsonb        [{id, bounty_id, pull_id, claimant_id, evidence_level, state, reason, created_at, updated_at}]
-- out  verdicts       jsonb        [{id, submission_id, result, policy_sha256, evidence_root, checks, created_at}]
-- out  proofs         jsonb        [{cid, submission_id, created_at, pinned_at}]
-- out  payouts        jsonb        [{id, submission_id, payee, amount, asset, state, blocker, due_at, tx_hash, paid_at}]
-- out  transactions   jsonb        [{id, payout_id, attempt, nonce, tx_hash, state, created_at, sent_at, block_number, observed_at}]
-- out  transfers      jsonb        [{id, key, kind, amount, at}]
-- out  scores         jsonb        [{id, person_id, login, kind, points_micro, formula_version, occurred_at}]
-- out  jobs           jsonb        [{id, queue, kind, key, root_id, parent_id, state, created_at, runs}]
-- role api operator
with asked_jobs as (
	select j.id, j.args from q.job j
	where $1 = 'job' and $3 is not null and (j.id = (select root_id from q.job where id = $3)
		or j.root_id = (select root_id from q.job where id = $3))
), asked_delivery as (
	select d.id from ingest.delivery d
	where $1 = 'delivery' and d.id = coalesce($3, (select delivery_id from ingest.delivery_key where provider = 'github' and guid = $2))
	union select (args ->> 'delivery_id')::int8 from asked_jobs where args ->> 'delivery_id' is not null
), asked_submission as (
	select id, pull_id, bounty_id from core.submission where $1 = 'submission' and id = $2
	union select id, pull_id, bounty_id from core.submission where $1 = 'bounty' and bounty_id = $2
	union select s.id, s.pull_id, s.bounty_id from core.submission s join ledger.payout o on o.submission_id = s.id
		where $1 = 'payout' and o.id = $2
	union select s.id, s.pull_id, s.bounty_id from core.submission s
		join asked_jobs j on s.id = (j.args ->> 'submission_id')::uuid
	union select s.id, s.pull_id, s.bounty_id from asked_jobs j join ledger.payout o on o.id = (j.args ->> 'payout_id')::uuid
		join core.submission s on s.id = o.submission_id
), pulls as materialized (
	select p.* from core.pull p where p.id in (
		select id from core.pull where $1 = 'pull' and id = $2
		union select pull_id from asked_submission
		union select id from core.pull where delivery_id in (select id from asked_delivery)
		union select u.id from ingest.delivery d join core.project r on r.provider = d.provider and r.repo_id = d.repo_id
			join core.pull u on u.project_id = r.id and u.number = d.number
			where d.id in (select id from asked_delivery) and d.event like 'pull_request%')
), submissions as materialized (
	select s.* from core.submission s where s.pull_id in (select id from pulls)
		and ($1 not in ('submission', 'bounty', 'payout') or s.id in (select id from asked_submission))
), bounties as materialized (
	select b.* from core.bounty b where b.id in (
		select bounty_id from submissions
		union select id from core.bounty where $1 = 'bounty' and id = $2
		union select c.bounty_id from asked_jobs j join core.contribution c on c.id = (j.args ->> 'contribution_id')::uuid
		union select b2.id from asked_jobs j join core.bounty b2 on b2.issue_id = (j.args ->> 'issue_id')::uuid)
), contributions as materialized (
	select c.* from core.contribution c where c.bounty_id in (select id from bounties)
), payouts as materialized (
	select o.* from ledger.payout o where o.submission_id in (select id from submissions)
), subjects as materialized (
	select r.provider, r.repo_id, u.number, 'pull_request%' as events from pulls u join core.project r on r.id = u.project_id
	union select r.provider, r.repo_id, i.number, 'issues' from bounties b join core.issue i on i.id = b.issue_id
		join core.project r on r.id = i.project_id
), deliveries as materialized (
	select d.id, d.guid from ingest.delivery d where d.id in (
		select id from asked_delivery union select delivery_id from pulls where delivery_id is not null)
	union select d.id, d.guid from subjects s join ingest.delivery d
		on d.repo_id = s.repo_id and d.number = s.number and d.provider = s.provider and d.event like s.events
), projects as (
	select p.id, p.full_name, p.state from core.project p where p.id in (
		select project_id from pulls union select project_id from bounties
		union select (args ->> 'project_id')::uuid from asked_jobs where args ->> 'project_id' is not null)
	limit 1
), keys as (
	select 'sync' as queue, 'delivery:' || guid as key from deliveries
	union all select 'sync', 'issue:' || issue_id from bounties
	union all select 'verify', 'fund:' || id from contributions
	union all select 'prove', 'proof:' || id from submissions
	union all select 'pay', 'quote:' || id from payouts
), roots as (
	select j.root_id as id from q.job j where j.id in (
		select k.job_id from q.job_key k join keys using (queue, key) union all select id from asked_jobs)
	union select j.root_id from q.job j where j.id = $3 and $1 = 'job'
), jobs as materialized (
	select j.* from q.job j where j.id in (select id from roots)
	union select j.* from q.job j where j.root_id in (select id from roots) and j.root_id <> j.id
), running as materialized (
	select unnest(job_ids) as job_id from q.claim
)
select
	(select jsonb_build_object('id', id, 'full_name', full_name, 'state', state) from projects) as project,
	(select coalesce(jsonb_agg(jsonb_build_object('id', id, 'guid', guid, 'event', event, 'action', action, 'number', number,
		'state', state, 'reason', reason, 'received_at', received_at) order by received_at, id), '[]') from ingest.delivery where id in (
			select id from deliveries union
			select (args ->> 'delivery_id')::int8 from jobs where args ->> 'delivery_id' is not null)) as deliveries,
	(select coalesce(jsonb_agg(jsonb_build_object('id', id, 'number', number, 'title', title, 'author', author_login,
		'state', state, 'head_sha', head_sha, 'merge_sha', merge_sha, 'merged_at', merged_at, 'updated_at', updated_at)
		order by id), '[]') from pulls) as pulls,
	(select coalesce(jsonb_agg(jsonb_build_object('pull_id', l.pull_id, 'issue_id', l.issue_id, 'issue_number', i.number,
		'level', l.level, 'source', l.source, 'first_seen', l.first_seen) order by l.level desc, l.source), '[]')
		from core.pull_issue_link l join core.issue i on i.id = l.issue_id where l.pull_id in (select id from pulls)) as links,
	(select coalesce(jsonb_agg(jsonb_build_object('id', b.id, 'issue_id', b.issue_id, 'issue_number', i.number, 'title', b.title,
		'state', b.state, 'state_since', b.state_since, 'blocker', b.blocker, 'amount', b.amount::text, 'asset', a.caip19,
		'symbol', a.symbol, 'decimals', a.decimals, 'created_at', b.created_at, 'events',
		(select coalesce(jsonb_agg(jsonb_build_object('seq', e.seq, 'event', e.event, 'from', e.from_state, 'to', e.to_state,
			'actor', e.actor, 'job_id', e.job_id, 'at', e.at) order by e.seq), '[]')
			from core.bounty_event e where e.bounty_id = b.id)) order by b.id), '[]')
		from bounties b join core.issue i on i.id = b.issue_id join core.asset a on a.id = b.asset_id) as bounties,
	(select coalesce(jsonb_agg(jsonb_build_object('id', c.id, 'bounty_id', c.bounty_id, 'funder_id', c.funder_id,
		'tx_hash', '0x' || encode(c.deposit_tx, 'hex'), 'state', c.state, 'reason', c.reason, 'amount', c.amount::text,
		'block_number', c.block_number, 'created_at', c.created_at, 'confirmed_at', c.confirmed_at)
		order by c.created_at, c.id), '[]') from contributions c) as contributions,
	(select coalesce(jsonb_agg(jsonb_build_object('id', id, 'bounty_id', bounty_id, 'pull_id', pull_id,
		'claimant_id', claimant_id, 'evidence_level', evidence_level, 'state', state, 'reason', reason,
		'created_at', created_at, 'updated_at', updated_at) order by id), '[]') from submissions) as submissions,
	(select coalesce(jsonb_agg(jsonb_build_object('id', v.id, 'submission_id', v.submission_id, 'result', v.result,
		'policy_sha256', '0x' || encode(v.policy_sha256, 'hex'), 'evidence_root', '0x' || encode(v.evidence_root, 'hex'),
		'checks', v.checks, 'created_at', v.created_at) order by v.created_at, v.id), '[]')
		from proof.verdict v where v.submission_id in (select id from submissions)) as verdicts,
	(select coalesce(jsonb_agg(jsonb_build_object('cid', f.cid, 'submission_id', f.submission_id, 'created_at', f.created_at,
		'pinned_at', f.pinned_at) order by f.created_at, f.id), '[]')
		from proof.proof f where f.submission_id in (select id from submissions)) as proofs,
	(select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'submission_id', o.submission_id, 'bounty_id', o.bounty_id,
		'person_id', o.person_id, 'payee', coalesce((select split_part(w.caip10, ':', 3) from core.wallet w
			where w.address = o.payee and w.unlinked_at is null), '0x' || encode(o.payee, 'hex')),
		'amount', o.amount::text, 'asset', a.caip19, 'symbol', a.symbol, 'decimals', a.decimals, 'state', o.state,
		'blocker', o.blocker, 'due_at', o.due_at, 'tx_hash', '0x' || encode(o.tx_hash, 'hex'), 'paid_at', o.paid_at,
		'created_at', o.created_at) order by o.created_at, o.id), '[]')
		from payouts o join core.asset a on a.id = o.asset_id) as payouts,
	(select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'payout_id', o.id, 'attempt', i.attempt, 'nonce', i.nonce,
		'tx_hash', '0x' || encode(i.tx_hash, 'hex'), 'state', i.state, 'created_at', i.created_at, 'sent_at', i.sent_at,
		'block_number', n.block_number, 'observed_at', n.at) order by i.created_at, i.id), '[]')
		from payouts o join ledger.tx_intent i on i.key = o.key
		left join lateral (select block_number, at from ledger.tx_observation where intent_id = i.id order by id desc limit 1)
			as n on true) as transactions,
	(select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'key', t.key, 'kind', t.kind, 'amount', (select max(e.amount)::text
		from ledger.entry e where e.transfer_id = t.id), 'job_id', t.job_id, 'at', t.at) order by t.at, t.id), '[]')
		from ledger.transfer t where t.key in (select 'deposit:' || id from contributions union all
			select u.word || o.id from payouts o, unnest(array['hold:', 'send:', 'paid:']) as u (word) union all
			select 'send:' || o.id || ':' || encode(o.tx_hash, 'hex') from payouts o union all -- adopted
			select unnest(array['send:' || o.id || ':' || i.attempt, 'dropped:' || i.id])
				from payouts o join ledger.tx_intent i on i.key = o.key)) as transfers,
	(select coalesce(jsonb_agg(jsonb_build_object('id', e.id, 'person_id', e.person_id, 'login', a.login_display,
		'kind', e.kind, 'points_micro', e.points_micro, 'formula_version', e.formula_version, 'source_type', e.source_type,
		'source_id', e.source_id, 'occurred_at', e.occurred_at, 'job_id', e.job_id) order by e.id), '[]')
		from rep.event e
		left join core.external_account a on a.person_id = e.person_id and a.provider = 'github' and a.revoked_at is null
		where e.person_id in (select claimant_id from submissions) and e.source_id in (
			select id from submissions union all select id from payouts union all select id from pulls)) as scores,
	(select coalesce(jsonb_agg(jsonb_build_object('id', j.id, 'queue', j.queue, 'kind', j.kind, 'key', j.key,
		'root_id', j.root_id, 'parent_id', j.parent_id, 'created_at', j.created_at, 'trace', j.trace, 'state', case
			when exists (select from q.parked p where p.job_id = j.id) then 'parked'
			when exists (select from q.run r where r.job_id = j.id and r.state = 'done') then 'done'
			when exists (select from q.run r where r.job_id = j.id and r.state = 'cancelled') then 'cancelled'
			when exists (select from running r where r.job_id = j.id) then 'running'
			when exists (select from q.scheduled s where s.job_id = j.id) then 'scheduled'
			when exists (select from q.held h where h.job_id = j.id) then 'held'
			else 'ready' end,
		'runs', (select coalesce(jsonb_agg(jsonb_build_object('attempt', r.attempt, 'state', r.state,
			'started_at', r.started_at, 'finished_at', r.finished_at, 'error_code', r.error_code, 'error', r.error)
			order by r.attempt), '[]') from q.run r where r.job_id = j.id)) order by j.id), '[]') from jobs j) as jobs
where (exists (select from pulls) or exists (select from bounties) or exists (select from deliveries) or exists (select from jobs))
	and not exists (select from projects o join core.project r on r.id = o.id
		where r.private and not core.sees($4, 'project', r.id))
-- statement: sql/lineage/resolve.sql
-- maybe: what an id is of
-- in   id      uuid?   pull, submission, bounty, payout, or GitHub's id of a delivery
-- in   repo    text?   owner/name, with
-- in   pull    int4?   its pull request
-- out  kind    text
-- out  id      uuid
-- role operator auditor
select 'pull' as kind, u.id from core.pull u join core.project p on p.id = u.project_id
where u.id = $1 or (lower(p.full_name) = lower($2) and u.number = $3)
union all select 'submission', s.id from core.submission s where s.id = $1
union all select 'bounty', b.id from core.bounty b where b.id = $1
union all select 'payout', o.id from ledger.payout o where o.id = $1
union all select 'delivery', k.guid from ingest.delivery_key k where k.provider = 'github' and k.guid = $1
limit 1
-- statement: sql/payout/adopt.sql
-- one: the chain has paid it by a transaction that we have no record of: confirm that one
-- in   payout_id  uuid
-- in   tx_hash    bytea
-- in   job        int8
-- in   trace      text?
-- out  adopted    bool    now, not earlier
-- role worker
with payout as (
	select p.id, p.bounty_id, p.submission_id, p.asset_id, p.amount, b.state, b.project_id
	from ledger.payout p join core.bounty b on b.id = p.bounty_id
	where p.id = $1 and p.state in ('hold', 'payable', 'held') and b.state in ('hold', 'payable')
	for update of p
), sent as (
	update ledger.payout p set state = 'sent', tx_hash = $2, blocker = null, updated_at = now()
	from payout o where p.id = o.id
	returning o.*
), submission as (
	update core.submission s set state = 'paying', updated_at = now() from sent where s.id = sent.submission_id
), payable as (
	select s.*, case s.state when 'hold' then core.bounty_move(s.bounty_id, 'hold_ended', 'stage:pay', $3,
		jsonb_build_object('payout_id', s.id)) else s.state end as present
	from sent s
), booked as (
	select p.*, ledger.move('send:' || p.id || ':' || encode($2, 'hex'), 'send', 'payable', p.bounty_id, 'in_transit',
		p.bounty_id, p.asset_id, p.amount, $3, jsonb_build_object('tx_hash', '0x' || encode($2, 'hex'))) as transfer
	from payable p where p.present is not null
), paying as (
	select k.*, core.bounty_move(k.bounty_id, 'payout_sent', 'stage:pay', $3, jsonb_build_object('payout_id', k.id,
		'blocker', 'the chain: confirm the payout')) as paying
	from booked k where k.transfer is not null
), queued as (
	select q.enqueue('pay', 'pay.confirm', 'confirm:' || p.id || ':' || encode($2, 'hex'),
		jsonb_build_object('payout_id', p.id), $3, trace => $4, project_id => p.project_id) as id
	from paying p where p.paying is not null
)
select exists (select from queued) as adopted;
-- statement: sql/payout/fail.sql
-- one: the transaction can never pay: the money is payable again, a person must act
-- in   payout_id     uuid
-- in   tx_hash       bytea
-- in   state         text     failed: final with status 0; dead: its nonce was used by another transaction
-- in   code          text     error code
-- in   detail        text     for people
-- in   block_number  int8?
-- in   block_hash    bytea?
-- in   endpoint      text
-- in   job           int8
-- in   trace         text?
-- out  held          bool     now, not earlier
-- role worker
with intent as (
	update ledger.tx_intent i set state = $3
	from ledger.payout p where p.id = $1 and i.key = p.key and i.tx_hash = $2 and i.state = 'sent' and p.state = 'sent'
	returning i.id as intent_id, i.chain_key_id, p.id, p.bounty_id, p.submission_id, p.asset_id, p.amount
), observed as (
	insert into ledger.tx_observation (intent_id, endpoint, block_number, block_hash, status, log_ok)
	select intent_id, $8, $6, $7, 0, false from intent where $6 is not null
), signer as (
	update ledger.chain_key k set stopped = $4 from intent i where k.id = i.chain_key_id and $3 = 'dead' and k.stopped is null
), payout as (
	update ledger.payout p set state = 'held', blocker = 'an operator: ' || $5, updated_at = now() from intent i where p.id = i.id
	returning i.*
), submission as (
	update core.submission s set state = 'verified', updated_at = now() from payout p where s.id = p.submission_id
), booked as (
	select p.*, b.project_id, ledger.move('dropped:' || p.intent_id, 'dropped', 'in_transit', p.bounty_id, 'payable', p.bounty_id,
		p.asset_id, p.amount, $9, jsonb_build_object('code', $4)) as transfer
	from payout p join core.bounty b on b.id = p.bounty_id
), moved as (
	select k.*, core.bounty_move(k.bounty_id, 'payout_dropped', 'stage:pay', $9, jsonb_build_object('payout_id', k.id,
		'code', $4, 'blocker', 'an operator: ' || $5)) as present
	from booked k where k.transfer is not null
), told as (
	select q.emit('payout.held', m.intent_id::text, 'payout/' || m.id, jsonb_build_object('payout_id', m.id,
		'bounty_id', m.bounty_id, 'tx_hash', '0x' || encode($2, 'hex'), 'code', $4, 'detail', $5), $10, m.project_id) as event
	from moved m where m.present is not null
)
select exists (select from told) as held;
-- statement: sql/payout/get.sql
-- maybe: one payout, its transactions and the ledger's transfers
-- in   id              uuid
-- in   session_id      uuid?        who asks, when signed in
-- out  id              uuid
-- out  bounty_id       uuid
-- out  submission_id   uuid
-- out  person_id       uuid
-- out  payee           bytea
-- out  amount          numeric
-- out  asset__caip19   text
-- out  asset__symbol   text
-- out  asset__decimals int4
-- out  state           text
-- out  blocker         text?        who or what must act next
-- out  due_at          timestamptz
-- out  chain_key       bytea        the payout's name on chain
-- out  tx_hash         bytea?       the transaction that paid it
-- out  paid_at         timestamptz?
-- out  transactions    jsonb        [{id, attempt, nonce, tx_hash, state, created_at, sent_at, block_number, confirmed_at}]
-- out  transfers       jsonb        [{id, key, kind, at}]
-- out  created_at      timestamptz
-- out  updated_at      timestamptz
-- role api
select o.id, o.bounty_id, o.submission_id, o.person_id, o.payee, o.amount::numeric as amount, a.caip19 as asset__caip19,
	a.symbol as asset__symbol, a.decimals as asset__decimals, o.state, o.blocker, o.due_at, o.chain_key, o.tx_hash, o.paid_at,
	(select coalesce(jsonb_agg(jsonb_build_object('id', i.id, 'attempt', i.attempt, 'nonce', i.nonce,
			'tx_hash', '0x' || encode(i.tx_hash, 'hex'), 'state', i.state, 'created_at', i.created_at, 'sent_at', i.sent_at,
			'block_number', n.block_number, 'observed_at', n.at) order by i.attempt), '[]')
		from ledger.tx_intent i
		left join lateral (select block_number, at from ledger.tx_observation where intent_id = i.id order by id desc limit 1)
			as n on true
		where i.key = o.key) as transactions,
	(select coalesce(jsonb_agg(jsonb_build_object('id', t.id, 'key', t.key, 'kind', t.kind, 'at', t.at) order by t.at, t.id), '[]')
		from ledger.transfer t where t.key in (select u.word || o.id from unnest(array['hold:', 'send:', 'paid:']) as u (word)
			union all select 'send:' || o.id || ':' || encode(o.tx_hash, 'hex') -- adopted
			union all select unnest(array['send:' || o.id || ':' || i.attempt, 'dropped:' || i.id])
				from ledger.tx_intent i where i.key = o.key)) as transfers,
	o.created_at, o.updated_at
from ledger.payout o join core.asset a on a.id = o.asset_id join core.bounty b on b.id = o.bounty_id
	join core.project r on r.id = b.project_id
where o.id = $1 and (not r.private or core.sees($2, 'payout', o.id))
-- statement: sql/payout/paid.sql
-- one: our own reading of receipt, block, depth and log says it is paid
-- in   payout_id     uuid
-- in   tx_hash       bytea    that paid it
-- in   reverted      bytea?   one of ours that failed because of it; any other that lives can never pay now
-- in   block_number  int8
-- in   block_hash    bytea
-- in   endpoint      text
-- in   sha256        bytea    of the receipt
-- in   receipt       bytea    canonical JSON
-- in   job           int8
-- in   trace         text?
-- out  paid          bool     now, not earlier
-- role worker
with stored as (
	insert into ingest.evidence (sha256, media_type, bytes, source_url) values ($7, 'application/json', $8, $6)
	on conflict (sha256) do nothing
), paid as (
	update ledger.payout set state = 'paid', tx_hash = $2, paid_at = now(), blocker = null, updated_at = now()
	where id = $1 and state = 'sent'
	returning *
), intent as (
	update ledger.tx_intent i
	set state = case i.tx_hash when $2 then 'confirmed' when $3 then 'failed' else 'dead' end
	from paid p where i.key = p.key and i.state in ('prepared', 'sent')
	returning i.id, i.state
), observed as (
	insert into ledger.tx_observation (intent_id, endpoint, block_number, block_hash, status, log_ok)
	select id, $6, $4, $5, 1, true from intent where state = 'confirmed'
), submission as (
	update core.submission s set state = 'paid', updated_at = now() from paid p where s.id = p.submission_id
), booked as (
	select p.*, b.project_id, ledger.move('paid:' || p.id, 'paid', 'in_transit', p.bounty_id, 'external', p.person_id, p.asset_id,
		p.amount, $9, jsonb_build_object('tx_hash', '0x' || encode($2, 'hex'))) as transfer
	from paid p join core.bounty b on b.id = p.bounty_id
), moved as (
	select k.*, core.bounty_move(k.bounty_id, 'payout_confirmed', 'stage:pay', $9, jsonb_build_object('payout_id', k.id)) as present
	from booked k where k.transfer is not null
), queued as (
	select q.enqueue('score', 'score.payout', 'score:' || m.id, jsonb_build_object('payout_id', m.id), $9,
		trace => $10, project_id => m.project_id) as id
	from moved m where m.present is not null
), told as (
	select q.emit('payout.paid', m.id::text, 'payout/' || m.id, jsonb_build_object('payout_id', m.id,
		'submission_id', m.submission_id, 'bounty_id', m.bounty_id, 'person_id', m.person_id, 'amount', m.amount::text,
		'payee', '0x' || encode(m.payee, 'hex'), 'tx_hash', '0x' || encode($2, 'hex'), 'block_number', $4), $10,
		m.project_id) as event
	from moved m where m.present is not null
)
select exists (select from queued) and exists (select from told) as paid;
-- statement: sql/payout/quoted.sql
-- one: the hold is over and a release would work: pay it
-- in   payout_id     uuid
-- in   signer        bytea     address that will send
-- in   chain_nonce   int8      its next nonce, as the chain says
-- in   max_fee       numeric   wei per gas
-- in   priority_fee  numeric   wei per gas
-- in   gas           int8
-- in   job           int8
-- in   trace         text?
-- out  queued        bool
-- role worker
with payout as (
	select p.id, p.key, p.bounty_id, a.chain_id, b.state, b.project_id,
		(select max(i.attempt) from ledger.tx_intent i where i.key = p.key) as attempts
	from ledger.payout p join core.bounty b on b.id = p.bounty_id join core.asset a on a.id = p.asset_id
	where p.id = $1 and p.state in ('hold', 'payable', 'held') and b.state in ('hold', 'payable')
	for update of p
), signer as (
	-- a chain that is ahead of us has seen the key used elsewhere
	insert into ledger.chain_key as k (chain_id, address, next_nonce) select chain_id, $2, $3 from payout
	on conflict (chain_id, address) do update set stopped = coalesce(k.stopped, 'pay.nonce_foreign')
	where excluded.next_nonce > k.next_nonce
), payable as (
	update ledger.payout p set state = 'payable', blocker = null, updated_at = now()
	from payout o where p.id = o.id and p.state <> 'payable'
), moved as (
	select o.*, case o.state when 'hold' then core.bounty_move(o.bounty_id, 'hold_ended', 'stage:pay', $7,
		jsonb_build_object('payout_id', o.id, 'blocker', 'Patchwork: send the payout')) else o.state end as present
	from payout o
), queued as (
	select q.enqueue('pay', 'pay.send', 'send:' || m.id || coalesce(':' || m.attempts + 1, ''),
		jsonb_build_object('payout_id', m.id, 'quote', jsonb_build_object('max_fee', $4::text, 'max_priority_fee', $5::text,
			'gas', $6)), $7, trace => $8, project_id => m.project_id) as id
	from moved m where m.present is not null
)
select exists (select from queued) as queued;
-- statement: sql/payout/read.sql
-- maybe: a payout and the transactions signed for it, oldest first
-- in   payout_id     uuid
-- out  state         text
-- out  wait          interval   until it is due; 0 when it is
-- out  bounty_state  text
-- out  key           text
-- out  chain_key     bytea      the payout's name on chain
-- out  bounty_key    bytea      the bounty's
-- out  payee         bytea
-- out  amount        numeric
-- out  chain_id      int8
-- out  escrow        bytea
-- out  adopted       bytea?     transaction not signed here that paid it
-- out  hashes        bytea[]
-- out  states        text[]
-- out  nonces        int8[]
-- out  raws          bytea[]
-- role worker operator
select p.state, greatest(p.due_at - now(), interval '0') as wait, b.state as bounty_state, p.key, p.chain_key,
	b.chain_key as bounty_key, p.payee, p.amount, a.chain_id, n.escrow, p.tx_hash as adopted, t.hashes, t.states, t.nonces, t.raws
from ledger.payout p join core.bounty b on b.id = p.bounty_id join core.asset a on a.id = p.asset_id
	join core.chain n on n.id = a.chain_id
	cross join lateral (
		select coalesce(array_agg(i.tx_hash order by i.attempt), '{}') as hashes,
			coalesce(array_agg(i.state order by i.attempt), '{}') as states,
			coalesce(array_agg(i.nonce order by i.attempt), '{}') as nonces,
			coalesce(array_agg(i.raw order by i.attempt), '{}') as raws
		from ledger.tx_intent i where i.key = p.key) t
where p.id = $1;
-- statement: sql/payout/retry.sql
-- one row: an operator has a held payout tried again
-- in   id          uuid
-- in   person_id   uuid         the operator
-- in   trace       text?
-- in   reason      text
-- out  refused     text?
-- out  id          uuid?
-- out  state       text?
-- out  job_id      int8?        asks the chain, and pays when it can
-- role api
with payout as (
	select p.id, p.state, b.project_id, (select count(*) from ledger.tx_intent i where i.key = p.key) as attempts
	from ledger.payout p join core.bounty b on b.id = p.bounty_id where p.id = $1
), queued as materialized (
	select q.enqueue('pay', 'pay.quote', 'quote:' || p.id || ':' || p.attempts + 1, jsonb_build_object('payout_id', p.id),
		trace => $3, project_id => p.project_id, created_by => 'person/' || $2) as job_id
	from payout p where p.state = 'held'
), audited as materialized (
	select audit.append('payout.retried', 'payout', p.id::text, jsonb_build_object('job_id', n.job_id, 'trace_id', $3::text),
		'person', $2::text, $4) as id
	from payout p, queued n
)
select case when p.state <> 'held' then 'payout.not_held' end as refused, p.id, p.state, n.job_id
from (select count(*) as n from audited) as noted, payout p left join queued n on true
where noted.n >= 0
-- statement: sql/project/address.sql
-- maybe: where GitHub keeps a project
-- in   project_id  uuid
-- out  repo_id     int8?   null until GitHub has told it
-- out  full_name   text
-- role worker
select repo_id, full_name from core.project where id = $1;
-- statement: sql/project/alive.sql
-- one: a signed ping for this repository: its administrator switched the hook on
-- in   project_id   uuid
-- in   delivery_id  int8
-- in   received_at  timestamptz
-- in   trace        text?
-- out  verified     bool    this ping changed the project
-- role worker
with before as (
	select id, state from core.project where id = $1 for update
), alive as (
	update core.project p
	set hook_alive_at = $3, state = 'verified', state_reason = null, updated_at = now(), version = version + 1
	from before
	where p.id = before.id and (p.hook_alive_at is null or p.hook_alive_at < $3)
	returning p.id, p.repo_id, p.full_name, before.state as was
), told as (
	select q.emit('project.verified', id || ':' || $2, 'project/' || id,
		jsonb_build_object('project_id', id, 'repo_id', repo_id, 'full_name', full_name, 'delivery_id', $2), $4, id)
	from alive where was <> 'verified'
)
select exists (select from told) as verified;
-- statement: sql/project/create.sql
-- one row: register a repository and ask GitHub about it; the same person's repeat finds the project there is
-- in   session_id  uuid
-- in   full_name   text         owner/name
-- in   trace       text?
-- out  refused     text?
-- out  status      int4
-- out  id          uuid?
-- out  provider    text?
-- out  full_name   text?
-- out  state       text?        unverified until a signed webhook of the repository arrives
-- out  created_by  uuid?
-- out  created_at  timestamptz?
-- out  job_id      int8?        asks GitHub about the repository
-- role api
with me as (
	select s.person_id from core.session s join core.person p on p.id = s.person_id
	where s.id = $1 and s.revoked_at is null and s.expires_at > now() and p.status = 'active'
), there as (
	select p.* from core.project p
	where p.provider = 'github' and lower(p.full_name) = lower($2) and p.state <> 'lost'
	order by p.created_at limit 1
), made as (
	insert into core.project (full_name, created_by) select $2, me.person_id from me where not exists (select from there)
	returning *
), mine as (
	select made.*, 201 as status from made
	union all
	select there.*, 200 from there join me on me.person_id = there.created_by
), job as materialized (
	select q.enqueue('sync', 'sync.project', 'project:' || m.id, jsonb_build_object('project_id', m.id), trace => $3,
		project_id => m.id, created_by => 'person/' || m.created_by) as id
	from mine m
), event as materialized (
	select q.emit('project.created', m.id::text, 'project/' || m.id, jsonb_build_object('project_id', m.id,
		'full_name', m.full_name, 'created_by', m.created_by), trace => $3, project_id => m.id) as id
	from made m
)
select case when not exists (select from me) then 'auth.session_ended' when m.id is null then 'project.exists' end as refused,
	coalesce(m.status, 200) as status, m.id, m.provider, m.full_name, m.state, m.created_by, m.created_at, job.id as job_id
from (select count(*) as n from event) as told left join mine m on true left join job on true
-- statement: sql/project/get.sql
-- maybe: one project
-- in   id              uuid
-- in   session_id      uuid?        who asks, when signed in
-- out  id              uuid
-- out  provider        text
-- out  repo_id         int8?        the repository's identity; full_name may change
-- out  full_name       text
-- out  default_branch  text?
-- out  private         bool
-- out  archived        bool
-- out  state           text
-- out  state_reason    text?
-- out  hook_alive_at   timestamptz? last signed ping
-- out  created_by      uuid
-- out  created_at      timestamptz
-- out  updated_at      timestamptz
-- out  version         int4
-- role api
select id, provider, repo_id, full_name, default_branch, private, archived, state, state_reason, hook_alive_at, created_by,
	created_at, updated_at, version
from core.project where id = $1 and (not private or core.sees($2, 'project', id))
-- statement: sql/project/list.sql
-- many: projects, newest first
-- in   after           text?        "created_at|id" of the last row seen
-- in   page            int4
-- in   state           text?
-- in   session_id      uuid?        who asks, when signed in
-- out  id              uuid
-- out  repo_id         int8?
-- out  full_name       text
-- out  state           text
-- out  state_reason    text?
-- out  bounties        int8         that are not drafts
-- out  created_at      timestamptz
-- out  updated_at      timestamptz
-- out  cursor          text
-- role api
select p.id, p.repo_id, p.full_name, p.state, p.state_reason,
	(select count(*) from core.bounty b where b.project_id = p.id and b.state <> 'draft') as bounties,
	p.created_at, p.updated_at, p.created_at || '|' || p.id as cursor
from core.project p
where (p.created_at, p.id) < (coalesce(split_part($1, '|', 1)::timestamptz, 'infinity'),
	coalesce(split_part($1, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
	and ($3::text is null or p.state = $3) and (not p.private or core.sees($4, 'project', p.id))
order by p.created_at desc, p.id desc limit $2
-- statement: sql/project/lose.sql
-- one: repositories that cannot be read any more; what is in escrow stays
-- in   repo_ids     int8[]
-- in   reason       text     error code
-- in   delivery_id  int8     that said so, 0 = GitHub did when it was asked
-- in   trace        text?
-- out  lost         int8     projects that were not before
-- role worker
with lost as (
	update core.project p
	set state = 'degraded', state_reason = $2, updated_at = now(), version = version + 1
	where p.provider = 'github' and p.repo_id = any ($1)
		and (p.state = 'verified' or (p.state = 'degraded' and p.state_reason is distinct from $2))
	returning p.id, p.version, p.repo_id
), told as (
	select q.emit('project.degraded', id || ':' || version, 'project/' || id, jsonb_build_object('project_id', id,
		'repo_id', repo_id, 'reason', $2, 'delivery_id', $3), $4, id)
	from lost
)
select count(*) as lost from told;
-- statement: sql/project/of_repo.sql
-- maybe: the project of a repository, or one of the same name that GitHub has not told the id of yet
-- in   repo_id         int8
-- in   full_name       text
-- out  id              uuid
-- out  resolved        bool
-- role worker
select id, repo_id is not null as resolved
from core.project
where provider = 'github' and (repo_id = $1 or (repo_id is null and lower(full_name) = lower($2)))
order by repo_id nulls last limit 1;
-- statement: sql/project/recheck.sql
-- one: has GitHub asked about repositories again
-- in   repo_ids     int8[]
-- in   delivery_id  int8
-- in   job          int8
-- in   trace        text?
-- out  jobs         int8
-- role worker
with asked as (
	select q.enqueue('sync', 'sync.project', 'project:' || p.id || ':' || $2, jsonb_build_object('project_id', p.id), $3, trace => $4,
		project_id => p.id)
	from core.project p where p.provider = 'github' and p.repo_id = any ($1)
)
select count(*) as jobs from asked;
-- statement: sql/project/resolve.sql
-- maybe: what GitHub says the repository is; no row when the project is bound to another one
-- in   project_id      uuid
-- in   repo_id         int8
-- in   full_name       text
-- in   default_branch  text
-- in   private         bool
-- in   archived        bool
-- in   trace           text?
-- out  event           uuid
-- role worker
with resolved as (
	update core.project
	set repo_id = $2, full_name = $3, default_branch = $4, private = $5, archived = $6, updated_at = now(), version = version + 1,
		-- it can be read again
		state = case when state = 'degraded' and hook_alive_at is not null and state_reason ~ '^(github|installation|project)\.'
			then 'verified' else state end,
		state_reason = case when state = 'degraded' and state_reason ~ '^(github|installation|project)\.' then null
			else state_reason end
	where id = $1 and (repo_id is null or repo_id = $2)
		and ((repo_id, full_name, default_branch, private, archived) is distinct from ($2, $3, $4, $5, $6)
			or (state = 'degraded' and state_reason ~ '^(github|installation|project)\.'))
	returning id
)
select q.emit('project.resolved', $1::text, 'project/' || $1,
	jsonb_build_object('project_id', $1, 'repo_id', $2, 'full_name', $3, 'default_branch', $4, 'private', $5, 'archived', $6),
	$7, $1) as event
where exists (select from resolved) or exists (select from core.project where id = $1 and repo_id = $2);
-- statement: sql/projection/checksum.sql
-- many: what the projections say, table by table, without times and ids of our own: equal before and after any replay
-- out  part      text
-- out  rows      int8
-- out  sha256    text    of the rows, sorted
-- role operator auditor
-- Who and what is named by what the world calls it: wallets, GitHub's numbers, the bounty's name on chain.
with person as (
	select w.person_id as id, min(w.caip10) as name from core.wallet w group by 1
), project as (
	select p.*, coalesce(p.provider || ':' || p.repo_id, p.full_name) as name from core.project p
), issue as (
	select i.*, p.name || '#' || i.number as name from core.issue i join project p on p.id = i.project_id
), pull as (
	select u.*, p.name || '!' || u.number as name from core.pull u join project p on p.id = u.project_id
), bounty as (
	select b.*, encode(b.chain_key, 'hex') as name from core.bounty b
), submission as (
	select s.*, b.name || ' ' || u.name as name from core.submission s join bounty b on b.id = s.bounty_id
		join pull u on u.id = s.pull_id
), account as (
	select a.id, a.kind || ' ' || coalesce((select name from person where id = a.owner_id),
		(select name from bounty where id = a.owner_id)) || ' ' || s.caip19 as name
	from ledger.account a join core.asset s on s.id = a.asset_id
), line as (
	select 'project' as part, (name, full_name, default_branch, private, archived, state, state_reason)::text as line from project
	union all
	select 'issue', (name, provider_issue_id, title, state, state_reason, closed_at)::text from issue
	union all
	select 'pull', (name, provider_pull_id, title, author_uid, author_login, author_type, state, draft, base_ref, head_sha,
		merge_sha, merged_at, merged_by_uid)::text from pull
	union all
	select 'pull_issue_link', (u.name, i.name, l.level, l.source)::text
	from core.pull_issue_link l join pull u on u.id = l.pull_id join issue i on i.id = l.issue_id
	union all
	select 'bounty', (b.name, i.name, s.caip19, b.amount, b.title, b.state, b.hold)::text
	from bounty b join issue i on i.id = b.issue_id join core.asset s on s.id = b.asset_id
	union all
	select 'bounty_event', (b.name, e.seq, e.event, e.from_state, e.to_state, e.actor)::text
	from core.bounty_event e join bounty b on b.id = e.bounty_id
	union all
	select 'contribution', (b.name, p.name, s.caip19, c.deposit_tx, c.funder, c.log_index, c.amount, c.block_hash, c.state,
		c.reason)::text
	from core.contribution c join bounty b on b.id = c.bounty_id join core.asset s on s.id = c.asset_id
		left join person p on p.id = c.funder_id
	union all
	select 'submission', (s.name, p.name, s.evidence_level, s.state, s.reason)::text
	from submission s left join person p on p.id = s.claimant_id
	union all
	select 'verdict', (s.name, v.policy_sha256, v.evidence_root, v.evidence, v.checks, v.result)::text
	from proof.verdict v join submission s on s.id = v.submission_id
	union all
	select 'proof', (s.name, f.cid, f.payload_sha256, f.pinned_at is not null)::text
	from proof.proof f join submission s on s.id = f.submission_id
	union all
	select 'signature', (f.cid, g.kid)::text from proof.signature g join proof.proof f on f.id = g.proof_id
	union all
	select 'entry', (t.kind, e.line, a.name, e.amount, t.key like 'deposit:%' or t.key like 'dropped:%')::text
	from ledger.entry e join ledger.transfer t on t.id = e.transfer_id join account a on a.id = e.account_id
	union all
	select 'balance', (a.name, b.posted)::text from ledger.balance b join account a on a.id = b.account_id
	union all
	select 'payout', (s.name, p.name, a.caip19, o.amount, o.payee, o.state, split_part(o.blocker, ':', 1),
		o.tx_hash is not null)::text
	from ledger.payout o join submission s on s.id = o.submission_id left join person p on p.id = o.person_id
		join core.asset a on a.id = o.asset_id
	union all
	select 'tx_intent', (s.name, i.attempt, i.to_addr, i.state)::text
	from ledger.tx_intent i join ledger.payout o on o.key = i.key join submission s on s.id = o.submission_id
	union all
	select 'formula', (version, sha256)::text from rep.formula
	union all
	select 'score_event', (p.name, r.name, e.kind, e.points_micro, e.formula_version, e.source_type, s.name, e.occurred_at)::text
	from rep.event e join project r on r.id = e.project_id left join person p on p.id = e.person_id
		left join ledger.payout o on o.id = e.source_id left join submission s on s.id = o.submission_id
	union all
	select 'score', (p.name, coalesce(r.name, e.scope), e.formula_version, e.points_micro, e.event_count)::text
	from rep.score e left join project r on r.id::text = e.scope left join person p on p.id = e.person_id
)
select part, count(*) as rows, encode(sha256(convert_to(string_agg(line, E'\n' order by line collate "C"), 'UTF8')), 'hex') as sha256
from line group by part order by part
-- statement: sql/proof/add.sql
-- none: the proof before it is pinned; the first statement of a submission stays
-- in   submission_id  uuid
-- in   verdict_id     uuid
-- in   payload        bytea
-- in   sha256         bytea   of the payload
-- in   cid            text
-- in   kid            text
-- in   envelope       bytea   DSSE
-- in   job            int8
-- role worker
with added as (
	insert into proof.proof (submission_id, verdict_id, payload, payload_sha256, cid, job_id)
	values ($1, $2, $3, $4, $5, $8)
	on conflict (submission_id) do nothing
	returning id
)
insert into proof.signature (proof_id, kid, envelope) select id, $6, $7 from added;
-- statement: sql/proof/context.sql
-- maybe: all a proof is made of
-- in   submission_id  uuid
-- out  state          text
-- out  verdict_id     uuid?
-- out  verdict        bytea?    canonical JSON
-- out  policy_sha256  bytea?
-- out  evidence       bytea[]?
-- out  bounty_id      uuid
-- out  amount         numeric
-- out  chain          text      CAIP-2
-- out  asset          text      CAIP-19
-- out  payee          bytea?    the claimant's wallet
-- out  payload        bytea?    the statement, when an earlier attempt stored it
-- out  cid            text?
-- out  pinned         bool
-- role worker operator
select s.state, v.id as verdict_id, v.body as verdict, v.policy_sha256, v.evidence, s.bounty_id, b.amount, n.caip2 as chain,
	a.caip19 as asset, w.address as payee, p.payload, p.cid, p.pinned_at is not null as pinned
from core.submission s join core.bounty b on b.id = s.bounty_id join core.asset a on a.id = b.asset_id
	join core.chain n on n.id = a.chain_id
	left join proof.proof p on p.submission_id = s.id
	left join lateral (select * from proof.verdict v where v.submission_id = s.id and v.result = 'pass'
		order by v.created_at, v.id limit 1) v on true
	-- the chosen one, else the oldest link: who steals a session cannot turn a payout by linking another wallet
	left join lateral (select w.address from core.wallet w where w.person_id = s.claimant_id and w.unlinked_at is null and w.public_key is null
		and (not w.contract or w.chain_id = a.chain_id)
		order by w.id = core.payout_choice(s.claimant_id) desc nulls last, w.chain_id = a.chain_id desc, w.linked_at, w.id limit 1) w on true
where s.id = $1;
-- statement: sql/proof/get.sql
-- maybe: one proof: its envelope, and what it proves
-- in   cid            text
-- in   session_id     uuid?         who asks, when signed in
-- out  cid            text
-- out  submission_id  uuid
-- out  bounty_id      uuid
-- out  verdict_id     uuid
-- out  sha256         bytea         of the payload
-- out  size           int4          of the payload, bytes
-- out  kid            text?         key that signed the envelope
-- out  envelope       jsonb?        DSSE: {payload, payloadType, signatures}
-- out  created_at     timestamptz
-- out  pinned_at      timestamptz?
-- role api
select f.cid, f.submission_id, s.bounty_id, f.verdict_id, f.payload_sha256 as sha256, length(f.payload) as size, g.kid,
	convert_from(g.envelope, 'UTF8')::jsonb as envelope, f.created_at, f.pinned_at
from proof.proof f join core.submission s on s.id = f.submission_id join core.bounty b on b.id = s.bounty_id
	join core.project r on r.id = b.project_id
left join lateral (select kid, envelope from proof.signature where proof_id = f.id order by kid limit 1) as g on true
where f.cid = $1 and (not r.private or core.sees($2, 'submission', s.id))
-- statement: sql/proof/pin.sql
-- one: the proof is pinned: the reward leaves escrow on paper and waits out the hold
-- in   submission_id  uuid
-- in   payee          bytea   the claimant's wallet
-- in   job            int8
-- in   trace          text?
-- out  pinned         bool    now, not earlier
-- role worker
with pinned as (
	update proof.proof p set pinned_at = now()
	from core.submission s join core.bounty b on b.id = s.bounty_id
	where p.submission_id = $1 and p.pinned_at is null and s.id = $1 and s.state = 'verified'
	returning p.id, p.cid, p.submission_id, s.claimant_id, s.bounty_id, b.project_id, b.asset_id, b.amount, b.hold
), due as (
	select n.*, now() + n.hold as hold_ends, (select core.wallet_good_at(w.id) from core.wallet w
		where w.person_id = n.claimant_id and w.address = $2 and w.unlinked_at is null) as wallet_good_at
	from pinned n
), payout as (
	insert into ledger.payout (key, chain_key, submission_id, person_id, bounty_id, asset_id, amount, payee, due_at, blocker)
	select 'payout:' || submission_id || ':0', sha256(convert_to('payout:' || submission_id || ':0', 'utf8')), submission_id,
		claimant_id, bounty_id, asset_id, amount, $2, greatest(hold_ends, wallet_good_at),
		case when wallet_good_at > hold_ends then 'payout.wallet_cool_down' end
	from due
	returning *
), booked as (
	select o.*, p.project_id, p.cid, ledger.move('hold:' || o.id, 'hold', 'escrow', o.bounty_id, 'payable', o.bounty_id,
		o.asset_id, o.amount, $3) as transfer
	from payout o join pinned p on p.submission_id = o.submission_id
), held as (
	select k.*, core.bounty_move(k.bounty_id, 'hold_begun', 'stage:prove', $3, jsonb_build_object('payout_id', k.id,
		'blocker', 'the clock: the hold ends at ' || to_char(k.due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')))
		as present
	from booked k where k.transfer is not null
), queued as (
	select q.enqueue('pay', 'pay.quote', 'quote:' || h.id, jsonb_build_object('payout_id', h.id), $3, h.due_at,
		trace => $4, project_id => h.project_id) as id
	from held h where h.present is not null
), told as (
	select q.emit('proof.pinned', h.cid, 'proof/' || h.cid, jsonb_build_object('cid', h.cid, 'submission_id', h.submission_id,
			'bounty_id', h.bounty_id), $4, h.project_id) as proof,
		q.emit('payout.scheduled', h.id::text, 'payout/' || h.id, jsonb_build_object('payout_id', h.id,
			'submission_id', h.submission_id, 'bounty_id', h.bounty_id, 'person_id', h.person_id,
			'amount', h.amount::text, 'due_at', h.due_at), $4, h.project_id) as payout
	from held h where h.present is not null
)
select exists (select from queued) and exists (select from told) as pinned;
-- statement: sql/pull/address.sql
-- maybe: where GitHub keeps a project's pull requests
-- in   project_id  uuid
-- out  repo_id     int8?
-- out  full_name   text
-- out  now         timestamptz
-- role worker
select repo_id, full_name, now() from core.project where id = $1;
-- statement: sql/pull/link.sql
-- one: ties a pull request to issues, and to the bounties on them; a merged one goes to be verified
-- in   project_id   uuid
-- in   pull_id      uuid
-- in   author_uid   int8
-- in   numbers      int4[]   issues of the same repository, one element per way it was found
-- in   uids         int8[]   GitHub's ids, 0 where it has not told them
-- in   levels       int4[]   evidence levels
-- in   sources      text[]
-- in   merge_sha    text?    null while it is not merged
-- in   job          int8
-- in   trace        text?
-- out  submissions  int8     that are new or know more now
-- out  jobs         int8     verifications asked for
-- role worker
with found as (
	select * from unnest($4, $5, $6, $7) as f (number, uid, level, source)
), made as (
	insert into core.issue (project_id, provider_issue_id, number)
	select distinct $1, uid, number from found where uid > 0
	on conflict do nothing
	returning id, number
), issue as (
	select id, number from core.issue where project_id = $1 and number = any ($4)
	union all
	select id, number from made
), tie as (
	select i.id as issue_id, f.source, max(f.level) as level from found f join issue i using (number) group by 1, 2
), linked as (
	insert into core.pull_issue_link (pull_id, issue_id, level, source)
	select $2, issue_id, level, source from tie
	on conflict (pull_id, issue_id, source) do nothing
), best as (
	select issue_id, max(level) as level from tie group by 1 having max(level) >= 2
), bounty as (
	select b.id, best.level from best join core.bounty b using (issue_id)
	-- a draft costs nothing, so it makes no work; a frozen bounty may be resumed
	where b.project_id = $1 and b.state in ('funding', 'open', 'in_progress', 'merged', 'frozen')
), seen as (
	insert into core.submission as s (bounty_id, pull_id, claimant_id, evidence_level)
	select b.id, $2, a.person_id, b.level
	from bounty b left join core.external_account a
		on a.provider = 'github' and a.provider_uid = $3 and a.revoked_at is null
	-- what was merged before the bounty was offered earns nothing; the clocks may differ by two minutes
	where $8 is null or exists (select from core.pull p join core.bounty o on o.id = b.id
		where p.id = $2 and p.merged_at >= o.created_at - interval '2 minutes')
	on conflict (bounty_id, pull_id) do update
	set evidence_level = greatest(s.evidence_level, excluded.evidence_level),
		claimant_id = coalesce(s.claimant_id, excluded.claimant_id), updated_at = now()
	where s.state in ('seen', 'verifying') and (s.evidence_level < excluded.evidence_level
		or (s.claimant_id is null and excluded.claimant_id is not null))
	returning s.id, s.bounty_id
), told as (
	select q.emit('submission.seen', s.id::text, 'submission/' || s.id, jsonb_build_object('submission_id', s.id,
		'bounty_id', s.bounty_id, 'pull_id', $2), $10, $1)
	from seen s
), candidate as (
	select id from seen
	union
	select s.id from core.submission s join bounty b on b.id = s.bounty_id
	where s.pull_id = $2 and s.state in ('seen', 'verifying')
), queued as (
	select q.enqueue('verify', 'verify.merge', 'merge:' || c.id || ':' || $8, jsonb_build_object('submission_id', c.id), $9,
		trace => $10, project_id => $1)
	from candidate c where $8 is not null
)
select (select count(*) from told) as submissions, (select count(*) from queued) as jobs;
-- statement: sql/pull/upsert.sql
-- one: a pull request as GitHub has it, unless newer is known; merged is for ever
-- in   project_id    uuid
-- in   uid           int8          GitHub's id
-- in   number        int4
-- in   title         text
-- in   author_uid    int8
-- in   author_login  text
-- in   author_type   text
-- in   state         text          open closed merged
-- in   draft         bool
-- in   base_ref      text
-- in   head_sha      text
-- in   merge_sha     text?
-- in   merged_at     timestamptz?
-- in   merged_by     int8?
-- in   updated_at    timestamptz   by GitHub's clock
-- in   delivery_id   int8?
-- in   trace         text?
-- in   read_after    timestamptz   the database's clock before GitHub was asked
-- out  id            uuid?    null when another delivery made it while this statement ran: once more
-- out  changed       bool
-- out  raced         bool     another answer of the same second was stored meanwhile: which is later is not known: once more
-- role worker
-- GitHub's clock has whole seconds: two states of one second are two events, since two deliveries brought them.
with pull as (
	insert into core.pull as p (project_id, provider_pull_id, number, title, author_uid, author_login, author_type, state, draft,
		base_ref, head_sha, merge_sha, merged_at, merged_by_uid, source_updated_at, delivery_id)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
	on conflict (project_id, provider_pull_id) do update
	set title = excluded.title, author_login = excluded.author_login, author_type = excluded.author_type, state = excluded.state,
		draft = excluded.draft, base_ref = excluded.base_ref, head_sha = excluded.head_sha, merge_sha = excluded.merge_sha,
		merged_at = excluded.merged_at, merged_by_uid = excluded.merged_by_uid,
		source_updated_at = excluded.source_updated_at, delivery_id = coalesce(excluded.delivery_id, p.delivery_id),
		updated_at = clock_timestamp()
	where (p.source_updated_at < excluded.source_updated_at
			or (p.source_updated_at = excluded.source_updated_at and p.updated_at < $18)
			or (p.state <> 'merged' and excluded.state = 'merged')) and not (p.state = 'merged' and excluded.state <> 'merged')
		and (p.title, p.author_login, p.author_type, p.state, p.draft, p.base_ref, p.head_sha, p.merge_sha, p.merged_at,
			p.merged_by_uid, p.source_updated_at) is distinct from (excluded.title, excluded.author_login,
			excluded.author_type, excluded.state, excluded.draft, excluded.base_ref, excluded.head_sha,
			excluded.merge_sha, excluded.merged_at, excluded.merged_by_uid, excluded.source_updated_at)
	returning id
), told as (
	select q.emit('pull.synced', id || ':' || coalesce($16, (extract(epoch from $15) * 1000000)::int8), 'pull/' || id,
		jsonb_build_object('pull_id', id, 'project_id', $1, 'number', $3, 'state', $8, 'draft', $9, 'head_sha', $11,
			'merge_sha', $12, 'merged_at', $13, 'author_uid', $5), $17, $1)
	from pull
)
select coalesce((select id from pull), (select id from core.pull where project_id = $1 and provider_pull_id = $2)) as id,
	exists (select from told) as changed,
	not exists (select from told) and exists (select from core.pull p where p.project_id = $1 and p.provider_pull_id = $2
		and p.source_updated_at = $15 and p.updated_at >= $18 and not (p.state = 'merged' and $8 <> 'merged')
		and (p.title, p.state, p.draft, p.base_ref, p.head_sha) is distinct from ($4, $8, $9, $10, $11)) as raced;
-- statement: sql/queue/balance.sql
-- one: what projects have ready beyond their share moves aside
-- role worker
-- in   queue text
-- in   prios int4[]
-- in   froms int8[]   per priority: from this seq on
-- out  moved int4
select q.balance($1, $2, $3) as moved
-- statement: sql/queue/cancels.sql
-- one: jobs that are to be ended by who has them
-- role worker
-- out  jobs int8[]
select case when exists (select from q.cancel) then q.cancels() else '{}' end as jobs
-- statement: sql/queue/claim.sql
-- many: end the batch in hand as done, and take the next one
-- role worker
-- in   worker   int8
-- in   settled  int8        the claim in hand, wholly done; 0 = none
-- in   outputs  jsonb[]     of its jobs in the order of the claim; JSON null = nothing; empty = none has any
-- in   queue    text
-- in   lease    interval
-- in   batch    int4
-- in   prios    int4[]      in the order of claiming
-- in   mosts    int4[]      per priority: at most so many
-- in   froms    int8[]      per priority: begin at this seq (include/queue/watermark.h)
-- in   epoch    int8        of the rules that the worker knows: with others in force nothing is taken
-- out  snapshot text        pg_snapshot of this statement
-- out  head     int8        no seq above this was handed out before the answer
-- out  firsts   int8[]      per priority: lowest visible seq at or above its from, before this claim took any; int8's maximum = none
-- out  epoch    int8        in force
-- out  owned    bool        settled was still ours: its runs are written
-- out  aside    int4        how many stood aside: none, when no rule asks for it (queue/claim_ruled.sql)
-- out  asides   int8[]?     per priority: highest seq of these, 0 = none; null = none at all
-- out  claim    int8?       null on the only row = nothing to do
-- out  prio     int4?
-- out  seq      int8?
-- out  job_id   int8?
-- out  attempt  int4?
-- out  burned   int4?
-- out  suspect  bool?
-- out  kind     text?
-- out  args     jsonb?
-- out  trace    text?
with gone as (
	delete from q.claim where id = $2 and worker = $1 returning id, worker, job_ids, attempts, claimed_at
), history as (
	insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, output)
	select u.job_id, u.attempt, 'done', g.worker, g.id, g.claimed_at, clock_timestamp(), nullif(u.output, 'null')
	from gone g, unnest(g.job_ids, g.attempts, $3) u (job_id, attempt, output)
), taken as (
	delete from q.ready where ctid = any (array(
		select r.at from unnest($7, $8, $9) p (prio, most, "from"), lateral (
			select ctid as at from q.ready where queue = $4 and prio = p.prio and seq >= p."from"
			order by seq limit p.most for update skip locked) r
		limit (select case when epoch = $10 then $6 else 0 end from q.control)))
	returning prio, seq, job_id, attempt, burned, suspect
), batch as (
	insert into q.claim (worker, queue, lease, job_ids, attempts, burned, suspects)
	select $1, $4, $5, array_agg(t.job_id order by t.prio, t.seq), array_agg(t.attempt order by t.prio, t.seq),
		array_agg(t.burned order by t.prio, t.seq), array_agg(t.suspect order by t.prio, t.seq)
	from taken t having count(*) > 0
	returning id
), payload as (
	select b.id, t.*, j.kind, j.args, j.trace from taken t cross join batch b join q.job j on j.id = t.job_id
)
select pg_current_snapshot()::text as snapshot, (select last_value - (not is_called)::int from q.ready_seq) as head,
	array(select coalesce((select r.seq from q.ready r where r.queue = $4 and r.prio = p.prio and r.seq >= p."from"
		order by r.seq limit 1), 9223372036854775807) from unnest($7, $9) with ordinality p (prio, "from", at) order by p.at)
		as firsts,
	(select epoch from q.control) as epoch, exists (select from gone) as owned, 0 as aside, null::int8[] as asides,
	p.id as claim, p.prio::int, p.seq, p.job_id, p.attempt, p.burned::int, p.suspect, p.kind, p.args, p.trace
from (values (1)) always left join payload p on true
order by p.prio, p.seq
-- statement: sql/queue/claim_ruled.sql
-- many: as queue/claim.sql, and of what is taken, jobs that may not run now stand aside in q.held
-- role worker
-- in   worker   int8
-- in   settled  int8        the claim in hand, wholly done; 0 = none
-- in   outputs  jsonb[]     of its jobs in the order of the claim; JSON null = nothing; empty = none has any
-- in   queue    text
-- in   lease    interval
-- in   batch    int4
-- in   prios    int4[]      in the order of claiming
-- in   mosts    int4[]      per priority: at most so many
-- in   froms    int8[]      per priority: begin at this seq (include/queue/watermark.h)
-- in   epoch    int8        of the rules that the worker knows: with others in force nothing is taken
-- out  snapshot text        pg_snapshot of this statement
-- out  head     int8        no seq above this was handed out before the answer
-- out  firsts   int8[]      per priority: lowest visible seq at or above its from, before this claim took any; int8's maximum = none
-- out  epoch    int8        in force
-- out  owned    bool        settled was still ours: its runs are written
-- out  aside    int4        how many stood aside
-- out  asides   int8[]?     per priority: highest seq of these, 0 = none; null = none at all
-- out  claim    int8?       null on the only row = nothing to do
-- out  prio     int4?
-- out  seq      int8?
-- out  job_id   int8?
-- out  attempt  int4?
-- out  burned   int4?
-- out  suspect  bool?
-- out  kind     text?
-- out  args     jsonb?
-- out  trace    text?
with gone as (
	delete from q.claim where id = $2 and worker = $1 returning id, worker, job_ids, attempts, claimed_at
), history as (
	insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, output)
	select u.job_id, u.attempt, 'done', g.worker, g.id, g.claimed_at, clock_timestamp(), nullif(u.output, 'null')
	from gone g, unnest(g.job_ids, g.attempts, $3) u (job_id, attempt, output)
), taken as (
	delete from q.ready where ctid = any (array(
		select r.at from unnest($7, $8, $9) p (prio, most, "from"), lateral (
			select ctid as at from q.ready where queue = $4 and prio = p.prio and seq >= p."from"
			order by seq limit p.most for update skip locked) r
		limit (select case when epoch = $10 then $6 else 0 end from q.control)))
	returning prio, seq, job_id, attempt, burned, suspect
), judged as (
	select t.*, a.lane, a.keys from taken t join q.job j on j.id = t.job_id
		cross join lateral q.aside(j.queue, j.kind, j.args, j.project_id, t.job_id, t.attempt) a
), held as (
	insert into q.held (queue, lane, prio, seq, job_id, attempt, burned, suspect)
	select $4, lane, prio, seq, job_id, attempt, burned, suspect from judged
), lanes as (
	insert into q.lane (queue, lane, keys) select distinct $4, lane, keys from judged
), batch as (
	insert into q.claim (worker, queue, lease, job_ids, attempts, burned, suspects)
	select $1, $4, $5, array_agg(t.job_id order by t.prio, t.seq), array_agg(t.attempt order by t.prio, t.seq),
		array_agg(t.burned order by t.prio, t.seq), array_agg(t.suspect order by t.prio, t.seq)
	from taken t where t.job_id <> all (array(select job_id from judged)) having count(*) > 0
	returning id
), payload as (
	select b.id, t.*, j.kind, j.args, j.trace from taken t cross join batch b join q.job j on j.id = t.job_id
	where t.job_id <> all (array(select job_id from judged))
)
select pg_current_snapshot()::text as snapshot, (select last_value - (not is_called)::int from q.ready_seq) as head,
	array(select coalesce((select r.seq from q.ready r where r.queue = $4 and r.prio = p.prio and r.seq >= p."from"
		order by r.seq limit 1), 9223372036854775807) from unnest($7, $9) with ordinality p (prio, "from", at) order by p.at)
		as firsts,
	(select epoch from q.control) as epoch, exists (select from gone) as owned, (select count(*) from judged)::int as aside,
	array(select coalesce((select max(a.seq) from judged a where a.prio = p.prio), 0)
		from unnest($7) with ordinality p (prio, at) order by p.at) as asides,
	p.id as claim, p.prio::int, p.seq, p.job_id, p.attempt, p.burned::int, p.suspect, p.kind, p.args, p.trace
from (values (1)) always left join payload p on true
order by p.prio, p.seq
-- statement: sql/queue/cron.sql
-- one: ticks of schedules whose time has come become jobs
-- role worker
-- out  jobs   int4
-- out  queues text[]     of those
-- out  failed int4       schedules that could not be enqueued; q.schedule says why
-- out  wait   interval?  until the next tick
select jobs, queues, failed, wait from q.cron_tick()
-- statement: sql/queue/due.sql
-- one: scheduled jobs whose time has come become ready
-- role worker
-- in   since  interval   look back only this far: what was due before was moved then
-- in   most   int4
-- out  moved  int8
-- out  queues text[]     of those
-- out  next   interval?  until the next one
with due as (
	delete from q.scheduled where ctid = any (array(
		select ctid from q.scheduled where run_at <= now() and run_at > now() - $1
		order by run_at limit $2 for update skip locked))
	returning run_at, job_id, queue, prio, attempt, burned
), moved as (
	insert into q.ready (queue, prio, job_id, attempt, burned)
	select queue, prio, job_id, attempt, burned from due order by run_at
	returning queue
)
select (select count(*) from moved) as moved, array(select distinct queue from moved) as queues,
	(select run_at - now() from q.scheduled where run_at > now() order by run_at limit 1) as next
-- statement: sql/queue/enqueue.sql
-- one: one job, or the survivor of its key
-- role api worker
-- in   queue text
-- in   kind  text
-- in   key   text?
-- in   args  jsonb
-- in   trace text?
-- out  id    int8
select q.enqueue($1, $2, $3, $4, trace => $5) as id
-- statement: sql/queue/enqueue_many.sql
-- one: many jobs of one kind without keys
-- role api worker
-- in   queue text
-- in   kind  text
-- in   args  jsonb[]
-- out  ids   int8[]
select q.enqueue_many($1, $2, $3) as ids
-- statement: sql/queue/feed.sql
-- one: what waits aside goes on as far as it may
-- role worker
-- in   queue text
-- in   want  int4         what this worker can take now
-- in   after text         the lane that was served last
-- out  moved int4
-- out  next  interval?    when to come again; null = no lane is left that may go on
-- out  last  text         the lane that was served last
select moved, next, last from q.feed($1, $2, $3)
-- statement: sql/queue/finish.sql
-- one: the end of one run of one job, once; what comes next for the job goes with it
-- role worker
-- in   job_id     int8
-- in   attempt    int4
-- in   state      text       done; failed and snoozed: again later; parked: a person decides; returned: again at once
-- in   worker     int8
-- in   claim      int8
-- in   took       interval   since the run began
-- in   error_kind text?
-- in   error_code text?
-- in   error      text?
-- in   output     jsonb?
-- in   wait       interval   failed, snoozed: at least this long
-- in   jitter     interval   failed: or up to this long, uniformly
-- in   burned     int4       attempts used up, this one included when it counts
-- out  fresh      bool       false: this run of the job has an end already, nothing was written
with history as (
	insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code, error, output)
	values ($1, $2, $3, $4, $5, clock_timestamp() - $6, clock_timestamp(), $7, $8, $9, $10)
	on conflict (job_id, attempt) do nothing
	returning job_id, attempt, state, error_code
), later as (
	insert into q.scheduled (run_at, job_id, queue, prio, attempt, burned)
	select clock_timestamp() + greatest($11, random() * $12), j.id, j.queue, j.priority, h.attempt + 1, $13
	from history h join q.job j on j.id = h.job_id
	where h.state in ('failed', 'snoozed')
), again as (
	insert into q.ready (queue, prio, job_id, attempt, burned)
	select j.queue, j.priority, j.id, h.attempt + 1, $13
	from history h join q.job j on j.id = h.job_id
	where h.state = 'returned'
), parked as (
	insert into q.parked (job_id, queue, kind, attempt, error_code)
	select j.id, j.queue, j.kind, h.attempt, h.error_code
	from history h join q.job j on j.id = h.job_id
	where h.state = 'parked'
)
select exists (select from history) as fresh
-- statement: sql/queue/heartbeat.sql
-- none: this worker lives; all its claims are extended by that
-- role worker
-- in   worker int8
update q.worker set seen_at = now() where id = $1
-- statement: sql/queue/hint.sql
-- none: tell who listens that these queues have something (include/queue/wake.h)
-- role worker api
-- in   queues text[]
select pg_notify('patchwork_ready', queue) from unnest($1) queue
-- statement: sql/queue/join.sql
-- one: a worker begins
-- role worker
-- in   name   text
-- in   queues text[]
-- out  id     int8
insert into q.worker (name, queues) values ($1, $2) returning id
-- statement: sql/queue/leave.sql
-- none: a worker has ended with nothing in hand, or leaves it to the rescue at once
-- role worker
-- in   worker int8
update q.worker set seen_at = now(), stopped_at = now() where id = $1
-- statement: sql/queue/mark.sql
-- none: a suspect is about to run
-- role worker
-- in   claim  int8
-- in   job_id int8
insert into q.mark (claim, job_id) values ($1, $2) on conflict do nothing
-- statement: sql/queue/partitions.sql
-- one: partitions for the ids to come
-- role worker
-- out  made int4
select q.partitions_ahead() as made
-- statement: sql/queue/release.sql
-- none: claims whose jobs all have their end
-- role worker
-- in   worker int8
-- in   claims int8[]
with gone as (
	delete from q.claim where id = any ($2) and worker = $1 returning id
)
delete from q.mark where claim = any ($2)
-- statement: sql/queue/rescue.sql
-- one: claims whose worker was not seen for their lease: what has no end goes back, as a suspect
-- role worker
-- in   limit_claims int4
-- out  claims int8     expired and ended
-- out  jobs   int8     runnable again
-- out  queues text[]   of those
with expired as (
	delete from q.claim where id = any (array(
		select c.id from q.worker w join q.claim c on c.worker = w.id
		where w.seen_at + c.lease < now() order by c.id limit $1 for update of c skip locked))
	returning id, worker, queue, job_ids, attempts, burned, claimed_at
), marks as (
	delete from q.mark where claim = any (array(select id from expired)) returning claim, job_id
), lost as (
	insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code, error)
	select u.job_id, u.attempt, 'rescued', e.worker, e.id, e.claimed_at, clock_timestamp(), 'uncertain', 'queue.worker_lost',
		'its worker was not seen for the lease'
	from expired e, unnest(e.job_ids, e.attempts) u (job_id, attempt)
	on conflict (job_id, attempt) do nothing
	returning job_id, attempt, claim
), back as (
	insert into q.ready (queue, prio, job_id, attempt, burned, suspect)
	select j.queue, j.priority, l.job_id, l.attempt + 1,
		e.burned[array_position(e.job_ids, l.job_id)] + (m.job_id is not null)::int, true
	from lost l join expired e on e.id = l.claim join q.job j on j.id = l.job_id
	left join marks m on m.claim = l.claim and m.job_id = l.job_id
	order by l.job_id
	returning queue
)
select (select count(*) from expired) as claims, (select count(*) from back) as jobs,
	array(select distinct queue from back) as queues
-- statement: sql/queue/rules.sql
-- one: what a worker has to know about a queue before it claims
-- role worker
-- in   queue    text
-- out  epoch    int8    of these rules
-- out  stopped  bool    the queue is paused
-- out  ruled    bool    a kind or a project is paused, or there is a limit: some jobs may have to stand aside
select (select epoch from q.control) as epoch, exists (select from q.pause where scope = 'stage' and name = $1) as stopped,
	exists (select from q.pause where scope <> 'stage') or exists (select from q.limits where queue is null or queue = $1) as ruled
-- statement: sql/queue/settled.sql
-- maybe: how this run of a job ended, when it has
-- role worker
-- in   job_id  int8
-- in   attempt int4
-- out  state   text
-- out  worker  int8
-- out  claim   int8
select state, worker, claim from q.run where job_id = $1 and attempt = $2
-- statement: sql/rate/keep.sql
-- one: every body that was read, by its hash, and what a conditional request may name next time
-- in   credential  text
-- in   subjects    text[]
-- in   urls        text[]
-- in   etags       text[]     null: gave none
-- in   modified    text[]
-- in   next        text[]
-- in   moved       text[]
-- in   bodies      bytea[]    null: none, it has moved
-- out  kept        int8
-- role worker
with every as (
	select * from unnest($2, $3, $4, $5, $6, $7, $8) with ordinality as p (subject, url, etag, modified, next, moved, bytes, n)
), page as (
	select distinct on (url) * from every where etag is not null or modified is not null or moved is not null order by url, n desc
), stored as (
	insert into ingest.evidence (sha256, media_type, bytes, source_url)
	select distinct on (sha256(bytes)) sha256(bytes), 'application/json', bytes, url from every where bytes is not null
	on conflict (sha256) do nothing
), cached as (
	insert into ingest.fetch_cache as c (credential, url_sha256, subject, url, etag, last_modified, next_url, moved_url,
		evidence_sha256)
	select $1, sha256(convert_to(url, 'UTF8')), subject, url, etag, modified, next, moved, sha256(bytes) from page
	order by url
	on conflict (credential, url_sha256) do update
	set etag = excluded.etag, last_modified = excluded.last_modified, next_url = excluded.next_url,
		moved_url = excluded.moved_url, evidence_sha256 = excluded.evidence_sha256, fetched_at = now()
	returning 1
)
select count(*) as kept from cached;
-- statement: sql/rate/known.sql
-- many: answers kept from before
-- in   credential  text
-- in   subjects    text[]
-- out  url         text
-- out  etag        text?
-- out  modified    text?
-- out  next        text?
-- out  moved       text?
-- out  bytes       bytea?    canonical JSON
-- role worker
select c.url, c.etag, c.last_modified as modified, c.next_url as next, c.moved_url as moved, e.bytes
from ingest.fetch_cache c left join ingest.evidence e on e.sha256 = c.evidence_sha256
where c.credential = $1 and c.subject = any ($2) and (e.sha256 is null or octet_length(e.bytes) <= 1048576)
order by c.fetched_at desc limit 64;
-- statement: sql/rate/report.sql
-- one: ends a turn with what was learned in it
-- in   credential  text
-- in   job_id      int8
-- in   attempt     int4
-- in   resources   text[]
-- in   sent        int4[]
-- in   told        int4[]    1: what stands in the next three was said
-- in   limits      int4[]
-- in   remaining   int4[]
-- in   resets_in   int8[]    microseconds
-- in   waits       int8[]    microseconds that everything is refused for, 0 = it is not
-- in   points      int4
-- in   wrote       bool
-- out  done        bool
-- role worker
select ingest.rate_report($1, $2, $3, $4, $5, array(select t = 1 from unnest($6) with ordinality u (t, n) order by n), $7, $8,
	array(select t * interval '1 microsecond' from unnest($9) with ordinality u (t, n) order by n),
	array(select t * interval '1 microsecond' from unnest($10) with ordinality u (t, n) order by n), $11, $12) is not null as done;
-- statement: sql/rate/take.sql
-- one: a turn to ask an outside that counts requests, or why not yet
-- in   credential  text       whose limits they are
-- in   job_id      int8
-- in   attempt     int4
-- in   core        int4       requests wanted at least
-- in   graphql     int4
-- in   rank        int4       0 verify, 1 command, 2 sync, 3 backfill
-- in   writes      bool
-- in   span        interval   the turn ends by itself after this
-- in   slots       int4       turns at once
-- out  granted     bool
-- out  wait        interval
-- out  reason      text?      error code when it is not granted
-- out  core        int4       requests that may be sent
-- out  graphql     int4
-- out  strikes     int4
-- role worker
select t.granted, t.wait, t.reason, t.core, t.graphql, t.strikes
from ingest.rate_take($1, $2, $3, $4, $5, $6, $7, $8, $9) t;
-- statement: sql/relay/advance.sql
-- none: move the cursor past what the broker has; not when it was rewound meanwhile
-- in   sink      text
-- in   from_xid  int8
-- in   from_id   int8
-- in   xid       int8
-- in   id        int8
-- role relay
update q.outbox_cursor set xid = $4::text::xid8, id = $5, updated_at = now()
where sink = $1 and (xid, id) = ($2::text::xid8, $3);
-- statement: sql/relay/lead.sql
-- one: take this session's place as the one relay, and make the cursor when there is none
-- in   sink    text
-- out  leads   bool    false: another session has it
-- role relay
with made as (
	insert into q.outbox_cursor (sink) values ($1) on conflict (sink) do nothing
)
select pg_try_advisory_lock(hashtext('q.outbox_cursor'), hashtext($1)) as leads;
-- statement: sql/relay/next.sql
-- many: the next events after the cursor; none whose transaction is not older than every open one
-- in   sink        text
-- in   most        int4
-- out  from_xid    int8         the cursor that they follow
-- out  from_id     int8
-- out  xid         int8
-- out  id          int8
-- out  event       uuid
-- out  topic       text
-- out  subject     text
-- out  project_id  uuid?
-- out  body        jsonb
-- out  trace       text?
-- out  created_at  timestamptz
-- role relay
select c.xid::text::int8 as from_xid, c.id as from_id, o.xid::text::int8 as xid, o.id, o.event, o.topic, o.subject, o.project_id, o.body, o.trace, o.created_at
from q.outbox_cursor c
cross join lateral (
	select * from q.outbox
	where (outbox.xid, outbox.id) > (c.xid, c.id) and outbox.xid < pg_snapshot_xmin(pg_current_snapshot())
	order by outbox.xid, outbox.id limit $2
) o
where c.sink = $1
order by o.xid, o.id;
-- statement: sql/relay/rewind.sql
-- none: begin again with the first event
-- in   sink  text
-- role relay
insert into q.outbox_cursor (sink) values ($1)
on conflict (sink) do update set xid = '0', id = 0, updated_at = now();
-- statement: sql/replay/begin.sql
-- one: begins a replay; workers let its jobs out
-- in   ids      int8[]?      null: all that the rest finds
-- in   queue    text?
-- in   kind     text?
-- in   state    text?
-- in   code     text?
-- in   project  uuid?
-- in   since    timestamptz?
-- in   until    timestamptz?
-- in   per_day  int8         rate: jobs per day
-- in   actor    text
-- in   reason   text
-- out  batch    int8?        null when nothing is found
-- role operator
select q.replay_begin($1, $2, $3, $4, $5, $6, $7, $8, $9 / 86400.0, $10, $11) as batch
-- statement: sql/replay/pick.sql
-- many: what a replay would take, oldest first
-- in   ids      int8[]?      null: all that the rest finds
-- in   queue    text?
-- in   kind     text?
-- in   state    text?
-- in   code     text?
-- in   project  uuid?
-- in   since    timestamptz?
-- in   until    timestamptz?
-- out  job_id   int8
-- out  kind     text
-- out  state    text
-- out  lane     text         those of one lane run one after the other
-- out  args     jsonb
-- role operator auditor
select r.job_id, r.of_kind as kind, r.of_state as state, r.lane, (select j.args from q.job j where j.id = r.job_id) as args
from q.replayable($1, $2, $3, $4, $5, $6, $7, $8) r
-- statement: sql/replay/release.sql
-- one: lets out of open replays what their rates allow now
-- out  let_out  int4?   null when no replay is open
-- role worker
select q.replay_release() as let_out
-- statement: sql/replay/status.sql
-- many: batches, newest first, and how far each is
-- in   batch       int8?         only this one
-- in   page        int4
-- out  batch       int8
-- out  state       text          open, stopped or ended (all are let out)
-- out  total       int8
-- out  released    int8
-- out  waiting     int8          not let out
-- out  running     int8          let out, and not at their end
-- out  done        int8
-- out  parked      int8
-- out  cancelled   int8
-- out  rate        text          jobs per second
-- out  actor       text
-- out  reason      text
-- out  filter      jsonb
-- out  created_at  timestamptz
-- out  ended_at    timestamptz?
-- role operator auditor
select b.id as batch, case when b.stopped_at is not null then 'stopped' when b.ended_at is not null then 'ended' else 'open' end
	as state, b.total, b.released, b.total - b.released as waiting, coalesce(s.running, 0) as running, coalesce(s.done, 0) as done,
	coalesce(s.parked, 0) as parked, coalesce(s.cancelled, 0) as cancelled, b.rate::text as rate, b.actor, b.reason, b.filter,
	b.created_at, b.ended_at
from q.batch b
left join lateral (
	select count(*) filter (where t.state in ('ready', 'running', 'scheduled', 'held')) as running,
		count(*) filter (where t.state in ('done', 'replayed')) as done, count(*) filter (where t.state = 'parked') as parked,
		count(*) filter (where t.state = 'cancelled') as cancelled
	from (select q.state_of(j.id) as state from q.job j where j.batch = b.id) as t
) as s on true
where $1::int8 is null or b.id = $1
order by b.id desc limit $2
-- statement: sql/replay/stop.sql
-- one: what a batch has not let out stays where it is
-- in   batch   int8
-- in   actor   text
-- in   reason  text
-- out  result  text   stopped, ended or unknown
-- role operator
select q.replay_stop($1, $2, $3) as result
-- statement: sql/role/grant.sql
-- one row: give a person a role; the same again finds the grant there is
-- in   person_id   uuid?
-- in   address     bytea?       of a linked wallet, instead of the person
-- in   role        text
-- in   project_id  uuid?
-- in   bounty_id   uuid?
-- in   actor_kind  text         person, cli
-- in   actor       text
-- in   reason      text?
-- in   trace       text?
-- out  refused     text?
-- out  status      int4
-- out  id          uuid?
-- out  person_id   uuid?
-- out  role        text?
-- out  project_id  uuid?
-- out  bounty_id   uuid?
-- out  granted_by  text?
-- out  granted_at  timestamptz?
-- role api owner
with person as (
	select p.id from core.person p
	where p.id = coalesce($1, (select person_id from core.wallet where address = $2 and unlinked_at is null))
), checked as materialized (
	select case
		when not exists (select from person) then 'role.person_unknown'
		when $4::uuid is not null and not exists (select from core.project where id = $4) then 'project.not_found'
		when $5::uuid is not null and not exists (select from core.bounty where id = $5) then 'bounty.not_found'
	end as refused
), there as (
	select g.* from core.role_grant g join person on person.id = g.person_id
	where g.role = $3 and g.project_id is not distinct from $4 and g.bounty_id is not distinct from $5 and g.revoked_at is null
), made as (
	insert into core.role_grant (person_id, role, project_id, bounty_id, granted_by)
	select person.id, $3, $4, $5, $7 from person, checked where checked.refused is null and not exists (select from there)
	on conflict do nothing
	returning *
), audited as materialized (
	select audit.append('role.granted', 'person', m.person_id::text, jsonb_build_object('grant_id', m.id, 'role', m.role,
		'project_id', m.project_id, 'bounty_id', m.bounty_id, 'trace_id', $9::text), $6, $7, $8) as id
	from made m
), told as materialized (
	select q.emit('role.granted', m.id::text, 'person/' || m.person_id, jsonb_build_object('grant_id', m.id,
		'person_id', m.person_id, 'role', m.role, 'project_id', m.project_id, 'bounty_id', m.bounty_id), trace => $9,
		project_id => m.project_id) as id
	from made m
), held as (
	select 201 as status, * from made union all select 200, * from there
)
select coalesce(checked.refused, case when h.id is null then 'db.conflict' end) as refused, coalesce(h.status, 200) as status,
	h.id, h.person_id, h.role, h.project_id, h.bounty_id, h.granted_by, h.granted_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, checked left join held h on true
where noted.n >= 0
-- statement: sql/role/list.sql
-- many: roles that were granted, newest first
-- in   after       text?        "granted_at|id" of the last row seen
-- in   page        int4
-- in   project_id  uuid?        only of this project
-- in   person_id   uuid?        only of this person
-- in   revoked     bool?        also those that were taken away
-- out  id          uuid
-- out  person_id   uuid
-- out  login       text?        of the linked GitHub account
-- out  role        text
-- out  project_id  uuid?
-- out  bounty_id   uuid?
-- out  granted_by  text
-- out  granted_at  timestamptz
-- out  revoked_by  text?
-- out  revoked_at  timestamptz?
-- out  cursor      text
-- role api owner
select g.id, g.person_id, a.login_display as login, g.role, g.project_id, g.bounty_id, g.granted_by, g.granted_at, g.revoked_by,
	g.revoked_at, g.granted_at || '|' || g.id as cursor
from core.role_grant g
left join core.external_account a on a.person_id = g.person_id and a.provider = 'github' and a.revoked_at is null
where (g.granted_at, g.id) < (coalesce(split_part($1, '|', 1)::timestamptz, 'infinity'),
	coalesce(split_part($1, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
	and ($3::uuid is null or g.project_id = $3) and ($4::uuid is null or g.person_id = $4)
	and ($5 or g.revoked_at is null)
order by g.granted_at desc, g.id desc limit $2
-- statement: sql/role/revoke.sql
-- maybe: take a role away; what was granted stays in the history
-- in   id          uuid
-- in   project_id  uuid?        only a grant in this project
-- in   actor_kind  text         person, cli
-- in   actor       text
-- in   reason      text?
-- in   trace       text?
-- out  id          uuid
-- out  person_id   uuid
-- out  role        text
-- out  revoked_at  timestamptz
-- role api owner
with there as (
	select g.* from core.role_grant g where g.id = $1 and ($2::uuid is null or g.project_id = $2)
), revoked as (
	update core.role_grant g set revoked_at = now(), revoked_by = $4 from there t where g.id = t.id and g.revoked_at is null
	returning g.*
), audited as materialized (
	select audit.append('role.revoked', 'person', r.person_id::text, jsonb_build_object('grant_id', r.id, 'role', r.role,
		'project_id', r.project_id, 'bounty_id', r.bounty_id, 'trace_id', $6::text), $3, $4, $5) as id
	from revoked r
), told as materialized (
	select q.emit('role.revoked', r.id::text, 'person/' || r.person_id, jsonb_build_object('grant_id', r.id,
		'person_id', r.person_id, 'role', r.role, 'project_id', r.project_id, 'bounty_id', r.bounty_id), trace => $6,
		project_id => r.project_id) as id
	from revoked r
)
select t.id, t.person_id, t.role, coalesce(r.revoked_at, t.revoked_at, now()) as revoked_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, there t left join revoked r on true
where noted.n >= 0
-- statement: sql/score/add.sql
-- one: the points of a paid merge, once
-- in   person_id    uuid
-- in   project_id   uuid
-- in   payout_id    uuid
-- in   points       int8          millionths
-- in   version      int4          formula
-- in   sha256       bytea         of the formula's body
-- in   formula      jsonb
-- in   occurred_at  timestamptz   when it was merged
-- in   job          int8
-- in   trace        text?
-- out  added        bool          now, not earlier
-- role worker
with formula as (
	insert into rep.formula (version, sha256, body) values ($5, $6, $7) on conflict (version) do nothing
), added as (
	insert into rep.event (person_id, project_id, kind, points_micro, formula_version, source_type, source_id, occurred_at, job_id)
	values ($1, $2, 'merge', $4, $5, 'payout', $3, $8, $9)
	on conflict (person_id, kind, source_type, source_id, formula_version) do nothing
	returning person_id, project_id, points_micro
), total as (
	insert into rep.score as s (person_id, scope, formula_version, points_micro, event_count)
	select a.person_id, o.scope, $5, a.points_micro, 1
	from added a, unnest(array['global', a.project_id::text]) as o (scope)
	on conflict (person_id, scope, formula_version) do update
	set points_micro = s.points_micro + excluded.points_micro, event_count = s.event_count + 1, updated_at = now()
), told as (
	select q.emit('score.added', $3::text, 'person/' || a.person_id, jsonb_build_object('person_id', a.person_id,
		'project_id', a.project_id, 'payout_id', $3, 'points_micro', a.points_micro, 'formula_version', $5), $10,
		a.project_id) as event
	from added a
)
select exists (select from told) as added;
-- statement: sql/score/board.sql
-- many: people by points, of everything or of one project, by the formula now in force
-- in   after          text?        "points|person|rank" of the last row seen
-- in   page           int4
-- in   project_id     uuid?
-- in   session_id     uuid?        who asks, when signed in
-- out  rank           int8
-- out  person_id      uuid
-- out  login          text?        of the linked GitHub account
-- out  points_micro   int8         millionths of a point
-- out  contributions  int4
-- out  formula_version  int4
-- out  updated_at     timestamptz
-- out  cursor         text
-- role api
with board as (
	select s.* from rep.score s
	where s.scope = coalesce($3::text, 'global') and not exists (select from core.project r
			where r.id = $3 and r.private and not core.sees($4, 'project', r.id))
		and s.formula_version = (select max(version) from rep.formula)
		and (-s.points_micro, s.person_id) > (coalesce(-split_part($1, '|', 1)::int8, -9223372036854775807),
			coalesce(split_part($1, '|', 2)::uuid, '00000000-0000-0000-0000-000000000000'))
	order by s.points_micro desc, s.person_id limit $2
), ranked as (
	select b.*, coalesce(split_part($1, '|', 3)::int8, 0) + row_number() over (order by b.points_micro desc, b.person_id) as rank
	from board b
)
select r.rank, r.person_id, a.login_display as login, r.points_micro, r.event_count as contributions, r.formula_version,
	r.updated_at, r.points_micro || '|' || r.person_id || '|' || r.rank as cursor
from ranked r
left join core.external_account a on a.person_id = r.person_id and a.provider = 'github' and a.revoked_at is null
order by r.rank
-- statement: sql/score/inputs.sql
-- one: what the points of a paid merge are made from
-- in   payout_id    uuid
-- in   version      int4          formula
-- out  project_id   uuid
-- out  merged_at    timestamptz
-- out  self_merge   bool
-- out  earlier      int8          merges of the person scored in the project in the same month (UTC)
-- out  formula      bytea?        sha256 under which this version is known
-- role worker
select u.project_id, u.merged_at, u.merged_by_uid is not distinct from u.author_uid as self_merge,
	(select count(*) from rep.event e where e.person_id = p.person_id and e.project_id = u.project_id and e.kind = 'merge'
		and e.formula_version = $2 and e.source_id <> p.id
		and date_trunc('month', e.occurred_at, 'UTC') = date_trunc('month', u.merged_at, 'UTC')) as earlier,
	(select f.sha256 from rep.formula f where f.version = $2) as formula
from ledger.payout p join core.submission s on s.id = p.submission_id join core.pull u on u.id = s.pull_id
where p.id = $1;
-- statement: sql/score/lock.sql
-- maybe: the person a payout paid; their points are counted by one at a time until the transaction ends
-- in   payout_id  uuid
-- out  state      text
-- out  person_id  uuid
-- role worker
select p.state, p.person_id
from ledger.payout p, lateral (select pg_advisory_xact_lock(hashtextextended('score:' || p.person_id, 0))) l
where p.id = $1;
-- statement: sql/session/end.sql
-- maybe: end a session of one's own, this one when no other is named; a machine's token ends the same way
-- in   session_id  uuid         that asks
-- in   id          uuid?
-- in   trace       text?
-- out  refused     text?
-- out  id          uuid?
-- out  revoked_at  timestamptz?
-- role api
with me as (
	select core.session_person($1) as person_id
), mine as (
	select s.id, s.kind, s.revoked_at from core.session s join me using (person_id) where s.id = coalesce($2, $1)
), ended as (
	update core.session s set revoked_at = now(), revoked_reason = 'ended by its owner'
	from mine where s.id = mine.id and s.revoked_at is null
	returning s.id, s.person_id, s.revoked_at, s.kind
), audited as materialized (
	select audit.append('session.ended', 'session', e.id::text,
		jsonb_build_object('kind', e.kind, 'by_session', $1, 'trace_id', $3::text), 'person', e.person_id::text) as id
	from ended e
), told as materialized (
	select q.emit('session.revoked', e.id::text, 'session/' || e.id, jsonb_build_object('session_id', e.id,
		'person_id', e.person_id, 'reason', 'ended'), trace => $3) as id
	from ended e
)
select case when me.person_id is null then 'auth.session_ended' end as refused, mine.id,
	coalesce(ended.revoked_at, mine.revoked_at) as revoked_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, me
left join mine on true left join ended on true
where noted.n >= 0 and (me.person_id is null or mine.id is not null)
-- statement: sql/session/expire.sql
-- one: sessions that ended a month ago and answers kept for long enough go, a few at a time; a session that something was signed in stays
-- in   most         int4      of each
-- in   idempotency  interval
-- out  gone         int8      of the one with more of them
-- role worker
with ended as (
	select id from core.session s where expires_at < now() - interval '30 days'
		and not exists (select from core.statement t where t.session_id = s.id)
	order by expires_at limit $1 for update skip locked
), token as (
	delete from core.refresh_token where session_id in (select id from ended)
), session as (
	delete from core.session where id in (select id from ended) returning id
), answer as (
	delete from core.idempotency where (person_id, route, key) in (
		select person_id, route, key from core.idempotency where created_at < now() - $2
		order by created_at limit $1 for update skip locked)
	returning key
)
select greatest((select count(*) from session), (select count(*) from answer)) as gone;
-- statement: sql/session/list.sql
-- many: one's own sessions, newest first, those of machines left out
-- in   session_id    uuid
-- in   after         text?        "created_at|id" of the last row seen
-- in   page          int4
-- out  id            uuid
-- out  wallet        text         CAIP-10
-- out  current       bool         the one that asks
-- out  created_at    timestamptz
-- out  refreshed_at  timestamptz?
-- out  expires_at    timestamptz
-- out  revoked_at    timestamptz?
-- out  cursor        text
-- role api
select s.id, w.caip10 as wallet, s.id = $1 as current, s.created_at, s.refreshed_at, s.expires_at, s.revoked_at,
	s.created_at || '|' || s.id as cursor
from core.session s join core.wallet w on w.id = s.wallet_id
where s.person_id = core.session_person($1) and s.kind = 'wallet'
	and (s.created_at, s.id) < (coalesce(split_part($2, '|', 1)::timestamptz, 'infinity'),
		coalesce(split_part($2, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
order by s.created_at desc, s.id desc limit $3
-- statement: sql/status/ask.sql
-- one: has what stands under issues written anew; nothing where the project wants none of it
-- in   project_id  uuid
-- in   numbers     int4[]
-- in   job         int8
-- in   trace       text?
-- out  jobs        int8
-- role worker
with asked as (
	select q.enqueue('sync', 'sync.status', 'status:' || $1 || ':' || n || ':' || $3,
		jsonb_build_object('project_id', $1, 'number', n), $3, priority => (-1)::smallint, trace => $4, project_id => $1)
	from core.project p, unnest($2) n where p.id = $1 and p.comments
)
select count(*) as jobs from asked;
-- statement: sql/status/begin.sql
-- maybe: the comment that shows where things stand, as it is intended; no row when none is to be written
-- in   project_id  uuid
-- in   number      int4
-- out  repo_id     int8
-- out  nonce       uuid
-- out  comment_id  int8?    null: not written, or nobody knows
-- out  body_sha256 bytea?   of what stands there
-- role worker
with place as (
	select id, repo_id from core.project where id = $1 and comments and repo_id is not null
), made as (
	insert into core.status_comment (project_id, number) select id, $2 from place on conflict do nothing
	returning nonce, comment_id, body_sha256
), there as (
	select nonce, comment_id, body_sha256 from made
	union all
	select nonce, comment_id, body_sha256 from core.status_comment where project_id = $1 and number = $2
)
select place.repo_id, there.nonce, there.comment_id, there.body_sha256 from place, there;
-- statement: sql/status/bounties.sql
-- many: the bounties on an issue, as people read them
-- in   project_id  uuid
-- in   number      int4
-- out  id          uuid
-- out  amount      text
-- out  symbol      text
-- out  state       text
-- out  blocker     text?
-- out  deadline_at timestamptz
-- role worker
select b.id, trim_scale(b.amount / 10::numeric ^ a.decimals)::text as amount, a.symbol, b.state, b.blocker, b.deadline_at
from core.bounty b join core.issue i on i.id = b.issue_id join core.asset a on a.id = b.asset_id
where i.project_id = $1 and i.number = $2 order by b.created_at, b.id limit 20;
-- statement: sql/status/refusals.sql
-- many: commands that were refused lately, newest first
-- in   project_id  uuid
-- in   number      int4
-- out  login       text
-- out  verb        text
-- out  code        text
-- role worker
select actor_login as login, verb, code from core.command
where project_id = $1 and number = $2 and code is not null and at > now() - interval '7 days' order by at desc, ordinal limit 5;
-- statement: sql/status/written.sql
-- none: the comment stands there
-- in   project_id  uuid
-- in   number      int4
-- in   comment_id  int8
-- in   body_sha256 bytea
-- role worker
update core.status_comment set comment_id = $3, body_sha256 = $4, updated_at = now() where project_id = $1 and number = $2;
-- statement: sql/submission/begin.sql
-- maybe: takes a submission up for verification; what our own rows say about it
-- in   submission_id   uuid
-- out  state           text
-- out  bounty_id       uuid
-- out  bounty_state    text
-- out  project_id      uuid
-- out  repo_id         int8?          null until GitHub has told it
-- out  issue_number    int4
-- out  pull_number     int4
-- out  author_type     text           as last synced
-- out  claimant_uid    int8?          GitHub id of the claimant's linked account
-- out  reference_seen  bool           GitHub linked the issue at or before the merge
-- out  claim_seen      bool           the author claimed it at or before the merge
-- out  rival_won       int4?          number of a pull request that has won
-- out  rival_first     int4?          number of one that was merged earlier and is not decided
-- role worker
with mine as (
	select s.id, s.state, s.bounty_id, s.pull_id, a.person_id, a.provider_uid
	from core.submission s join core.pull p on p.id = s.pull_id
		left join core.external_account a on a.provider = 'github' and a.provider_uid = p.author_uid and a.revoked_at is null
	where s.id = $1
), taken as (
	update core.submission s
	set state = 'verifying', claimant_id = m.person_id, updated_at = now(),
		reason = case when m.person_id is null then 'verify.author_unlinked' end
	from mine m
	where s.id = m.id and s.state in ('seen', 'verifying') and (s.state, s.claimant_id, s.reason) is distinct from
		('verifying', m.person_id, case when m.person_id is null then 'verify.author_unlinked' end)
), rival as (
	select p.number, s.state, p.merged_at, p.merged_at < ours.merged_at or (p.merged_at = ours.merged_at
		and p.number < ours.number) as earlier, s.claimant_id is not null or p.merged_at > now() - interval '7 days' as waits
	from mine m join core.submission s on s.bounty_id = m.bounty_id and s.id <> m.id
		join core.pull p on p.id = s.pull_id join core.pull ours on ours.id = m.pull_id
	where p.state = 'merged' and s.evidence_level >= 2
)
select m.state, m.bounty_id, b.state as bounty_state, b.project_id, pr.repo_id, i.number as issue_number,
	p.number as pull_number, p.author_type, m.provider_uid as claimant_uid,
	exists (select from core.pull_issue_link l
		where l.pull_id = m.pull_id and l.issue_id = b.issue_id and l.source = 'closing_reference') as reference_seen,
	exists (select from core.pull_issue_link l
		where l.pull_id = m.pull_id and l.issue_id = b.issue_id and l.source = 'claim') as claim_seen,
	(select min(r.number) from rival r where r.state in ('verified', 'paying', 'paid')) as rival_won,
	(select r.number from rival r where r.state in ('seen', 'verifying') and r.earlier and r.waits
		order by r.merged_at, r.number limit 1) as rival_first
from mine m join core.bounty b on b.id = m.bounty_id join core.project pr on pr.id = b.project_id
	join core.issue i on i.id = b.issue_id join core.pull p on p.id = m.pull_id;
-- statement: sql/submission/get.sql
-- maybe: one submission: a pull request that may earn a bounty
-- in   id                  uuid
-- in   session_id          uuid?        who asks, when signed in
-- out  id                  uuid
-- out  bounty_id           uuid
-- out  pull__id            uuid
-- out  pull__number        int4
-- out  pull__title         text
-- out  pull__state         text
-- out  pull__author        text
-- out  pull__head_sha      text
-- out  pull__merge_sha     text?
-- out  pull__merged_at     timestamptz?
-- out  claimant_id         uuid?        null until the author's GitHub account is linked
-- out  evidence_level      int4
-- out  state               text
-- out  reason              text?        code of the check that decided against it
-- out  verdict__id         uuid?
-- out  verdict__result     text?
-- out  verdict__checks     jsonb?       [{id, result, code, detail}]
-- out  verdict__policy_sha256   bytea?
-- out  verdict__evidence_root   bytea?
-- out  verdict__created_at      timestamptz?
-- out  proof__cid          text?
-- out  proof__pinned_at    timestamptz?
-- out  payouts             jsonb        [{id, state, amount, due_at, tx_hash, paid_at}]
-- out  created_at          timestamptz
-- out  updated_at          timestamptz
-- role api
select s.id, s.bounty_id, p.id as pull__id, p.number as pull__number, p.title as pull__title, p.state as pull__state,
	p.author_login as pull__author, p.head_sha as pull__head_sha, p.merge_sha as pull__merge_sha, p.merged_at as pull__merged_at,
	s.claimant_id, s.evidence_level::int as evidence_level, s.state, s.reason, v.id as verdict__id, v.result as verdict__result,
	v.checks as verdict__checks, v.policy_sha256 as verdict__policy_sha256, v.evidence_root as verdict__evidence_root,
	v.created_at as verdict__created_at, f.cid as proof__cid, f.pinned_at as proof__pinned_at,
	(select coalesce(jsonb_agg(jsonb_build_object('id', o.id, 'state', o.state, 'amount', o.amount::text, 'due_at', o.due_at,
			'tx_hash', '0x' || encode(o.tx_hash, 'hex'), 'paid_at', o.paid_at) order by o.created_at, o.id), '[]')
		from ledger.payout o where o.submission_id = s.id) as payouts,
	s.created_at, s.updated_at
from core.submission s join core.pull p on p.id = s.pull_id join core.project r on r.id = p.project_id
left join lateral (
	select id, result, checks, policy_sha256, evidence_root, created_at from proof.verdict
	where submission_id = s.id order by created_at desc, id desc limit 1
) as v on true
left join proof.proof f on f.submission_id = s.id
where s.id = $1 and (not r.private or core.sees($2, 'submission', s.id))
-- statement: sql/submission/pass.sql
-- one: the submission wins its bounty; nothing when the bounty is no longer to be won
-- in   submission_id  uuid
-- in   level          int4    evidence
-- in   job            int8
-- in   trace          text?
-- out  won            bool    now or earlier
-- role worker
with bounty as (
	select b.id, b.project_id from core.bounty b join core.submission s on s.bounty_id = b.id
	where s.id = $1 and b.state in ('open', 'in_progress')
	for update of b
), won as (
	update core.submission s set state = 'verified', reason = null, evidence_level = $2, updated_at = now()
	from bounty b where s.id = $1 and s.state in ('seen', 'verifying', 'review')
	returning s.id, s.bounty_id, s.pull_id, s.claimant_id, b.project_id
), merged as (
	select w.*, core.bounty_move(w.bounty_id, 'merged', 'stage:verify', $3, jsonb_build_object('submission_id', w.id)) as moved
	from won w
), verified as (
	select m.*, core.bounty_move(m.bounty_id, 'verify_ok', 'stage:verify', $3, jsonb_build_object('submission_id', m.id,
		'blocker', 'Patchwork: write the proof')) as present
	from merged m where m.moved is not null
), queued as (
	select q.enqueue('prove', 'prove.proof', 'proof:' || v.id, jsonb_build_object('submission_id', v.id), $3,
		trace => $4, project_id => v.project_id) as id
	from verified v where v.present is not null
), told as (
	select q.emit('submission.verified', v.id::text, 'submission/' || v.id, jsonb_build_object('submission_id', v.id,
		'bounty_id', v.bounty_id, 'pull_id', v.pull_id, 'person_id', v.claimant_id, 'level', $2), $4, v.project_id) as event
	from verified v where v.present is not null
)
select (exists (select from queued) and exists (select from told))
	or exists (select from core.submission where id = $1 and state in ('verified', 'paying', 'paid')) as won;
-- statement: sql/submission/reject.sql
-- one: a check failed, or another pull request was first
-- in   submission_id  uuid
-- in   state          text    rejected lost
-- in   reason         text    error code of the check
-- in   detail         text    for people
-- in   level          int4
-- in   job            int8
-- in   trace          text?
-- out  rejected       bool    now, not earlier
-- role worker
with rejected as (
	update core.submission s set state = $2, reason = $3, evidence_level = $5, updated_at = now()
	from core.bounty b
	where s.id = $1 and b.id = s.bounty_id and s.state in ('seen', 'verifying', 'review')
	returning s.id, s.bounty_id, s.pull_id, b.project_id
), told as (
	select q.emit('submission.rejected', r.id::text, 'submission/' || r.id, jsonb_build_object('submission_id', r.id,
		'bounty_id', r.bounty_id, 'pull_id', r.pull_id, 'state', $2, 'code', $3, 'detail', $4, 'job_id', $6), $7,
		r.project_id) as event
	from rejected r
)
select exists (select from told) as rejected;
-- statement: sql/submission/review.sql
-- one: a person must look: the bounty stands still; nothing when it is no longer to be won
-- in   submission_id  uuid
-- in   reason         text    error code of the check
-- in   detail         text    for people
-- in   level          int4
-- in   job            int8
-- in   trace          text?
-- out  frozen         bool    now or earlier
-- role worker
with bounty as (
	select b.id, b.project_id from core.bounty b join core.submission s on s.bounty_id = b.id
	where s.id = $1 and b.state in ('open', 'in_progress')
	for update of b
), reviewed as (
	update core.submission s set state = 'review', reason = $2, evidence_level = $4, updated_at = now()
	from bounty b where s.id = $1 and s.state in ('seen', 'verifying', 'review')
	returning s.id, s.bounty_id, s.pull_id, b.project_id
), merged as (
	select r.*, core.bounty_move(r.bounty_id, 'merged', 'stage:verify', $5, jsonb_build_object('submission_id', r.id)) as moved
	from reviewed r
), frozen as (
	select m.*, core.bounty_move(m.bounty_id, 'verify_review', 'stage:verify', $5, jsonb_build_object('submission_id', m.id,
		'code', $2, 'blocker', 'a maintainer: ' || $3)) as present
	from merged m where m.moved is not null
), told as (
	select q.emit('submission.review', f.id || ':' || $5, 'submission/' || f.id, jsonb_build_object('submission_id', f.id,
		'bounty_id', f.bounty_id, 'pull_id', f.pull_id, 'code', $2, 'detail', $3), $6, f.project_id) as event
	from frozen f where f.present is not null
)
select exists (select from told) or exists (select from core.submission s join core.bounty b on b.id = s.bounty_id
	where s.id = $1 and s.state = 'review' and b.state = 'frozen') as frozen;
-- statement: sql/submission/state.sql
-- maybe: where a submission is
-- in   submission_id  uuid
-- out  state          text
-- role worker operator
select state from core.submission where id = $1
-- statement: sql/sweep/advance.sql
-- one: the next page of a sweep, or its end; only from where it was read
-- in   project_id  uuid
-- in   serial      int4
-- in   page        int4
-- in   since       timestamptz?
-- in   next        text?
-- in   seen        int4
-- in   done        bool
-- in   job         int8
-- in   trace       text?
-- out  advanced    bool
-- role worker
with moved as (
	update ingest.sync_cursor
	set since = coalesce($4, since), next_url = $5, seen = seen + $6, page = case when $7 then 0 else page + 1 end,
		serial = case when $7 then serial + 1 else serial end, last_ok_at = case when $7 then now() else last_ok_at end
	where project_id = $1 and resource = 'issues' and serial = $2 and page = $3
	returning project_id, serial, page
), queued as (
	select q.enqueue('sync', 'sync.sweep', 'sweep:' || project_id || ':' || serial || ':' || page,
		jsonb_build_object('project_id', project_id), $8, priority => 1::smallint, trace => $9, project_id => project_id)
	from moved where not $7
)
select exists (select from moved) and (select count(*) from queued) >= 0 as advanced;
-- statement: sql/sweep/keep.sql
-- one: a page of a sweep: issues that are newer than known, pull requests to be fetched, what no delivery had told
-- in   project_id  uuid
-- in   uids        int8[]
-- in   numbers     int4[]
-- in   titles      text[]
-- in   states      text[]
-- in   reasons     text[]        null where GitHub gives none
-- in   closed      int8[]        microseconds since 1970, 0 = not
-- in   updated     int8[]
-- in   pulls       int4[]        1: a pull request
-- in   first       bool          the first sweep: nothing was missed, and pull requests that were closed are not fetched
-- in   read_after  timestamptz   the database's clock before GitHub was asked
-- in   job         int8
-- in   trace       text?
-- out  changed     int8          issues
-- out  fetched     int8          pull requests that will be
-- out  missed      int8
-- role worker
with item as (
	select distinct on (number) uid, number, title, state, reason, case when closed > 0 then to_timestamp(closed / 1000000.0) end as closed,
		to_timestamp(updated / 1000000.0) as updated, pull = 1 as pull
	from unnest($2, $3, $4, $5, $6, $7, $8, $9) as u (uid, number, title, state, reason, closed, updated, pull)
	order by number, updated desc
), kept as (
	insert into core.issue as i (project_id, provider_issue_id, number, title, state, state_reason, closed_at, source_updated_at)
	select $1, uid, number, title, state, reason, closed, updated from item where not pull
	on conflict (project_id, number) do update
	set provider_issue_id = excluded.provider_issue_id, title = excluded.title, state = excluded.state,
		state_reason = excluded.state_reason, closed_at = excluded.closed_at, source_updated_at = excluded.source_updated_at,
		updated_at = clock_timestamp()
	where coalesce(i.state_reason in ('deleted', 'transferred'), false) is false
		and (i.source_updated_at is null or i.source_updated_at < excluded.source_updated_at
			or (i.source_updated_at = excluded.source_updated_at and i.updated_at < $11
				and (i.title, i.state, i.state_reason, i.closed_at) is distinct from
					(excluded.title, excluded.state, excluded.state_reason, excluded.closed_at)))
	returning i.number, i.source_updated_at
), stale as (
	select i.number, i.updated from item i left join core.pull p on p.project_id = $1 and p.number = i.number
	where i.pull and (case when p.id is null then i.state = 'open' or not $10 else p.source_updated_at < i.updated
		and p.state <> 'merged' end)
), queued as (
	select q.enqueue('sync', 'sync.pull', 'pull:' || $1 || ':' || number || ':' || extract(epoch from updated)::int8,
		jsonb_build_object('project_id', $1, 'number', number), $12, priority => 1::smallint, trace => $13, project_id => $1)
	from stale
), noted as (
	insert into ingest.missed (project_id, number, source_updated_at, is_pull, job_id)
	select $1, m.number, m.at, m.pull, $12
	from (select number, source_updated_at as at, false as pull from kept union all select number, updated, true from stale) m
	where not $10 and m.at < now() - interval '1 minute'
	on conflict do nothing
	returning 1
)
select (select count(*) from kept) as changed, (select count(*) from queued) as fetched, (select count(*) from noted) as missed;
-- statement: sql/sweep/read.sql
-- maybe: where a sweep is
-- in   project_id  uuid
-- out  repo_id     int8?
-- out  serial      int4
-- out  page        int4
-- out  since       timestamptz?
-- out  next        text?
-- out  now         timestamptz
-- role worker
select p.repo_id, c.serial, c.page, c.since, c.next_url as next, now()
from ingest.sync_cursor c join core.project p on p.id = c.project_id where c.project_id = $1 and c.resource = 'issues';
-- statement: sql/sweep/start.sql
-- one: a sweep for each project that can be read; one that is under way goes on
-- in   job     int8
-- in   trace   text?
-- out  sweeps  int8
-- role worker
with known as (
	insert into ingest.sync_cursor (project_id, resource)
	select id, 'issues' from core.project where state = 'verified' and repo_id is not null
	on conflict do nothing
	returning project_id, serial, page
), due as (
	select project_id, serial, page from known
	union all
	select c.project_id, c.serial, c.page from ingest.sync_cursor c join core.project p on p.id = c.project_id
	where p.state = 'verified' and c.resource = 'issues'
), queued as (
	select q.enqueue('sync', 'sync.sweep', 'sweep:' || project_id || ':' || serial || ':' || page,
		jsonb_build_object('project_id', project_id), $1, priority => 1::smallint, trace => $2, project_id => project_id)
	from due
)
select count(*) as sweeps from queued;
-- statement: sql/token/create.sql
-- one row: a token for a machine: a session that acts for a person within its scopes
-- in   session_id    uuid         that makes it
-- in   id            uuid
-- in   name          text
-- in   scopes        text         separated by spaces
-- in   token_sha256  bytea
-- in   expires_at    timestamptz
-- in   trace         text?
-- out  refused       text?
-- out  id            uuid?
-- out  token         text?        told once, here
-- out  name          text?
-- out  scopes        text?
-- out  expires_at    timestamptz?
-- role api
with made as (
	insert into core.session (id, person_id, wallet_id, expires_at, kind, name, token_sha256, scopes)
	select $2, s.person_id, s.wallet_id, $6, 'machine', $3, $5, string_to_array($4, ' ')
	from core.session s where s.id = $1 and s.kind = 'wallet' and core.session_person($1) is not null
	returning *
), audited as materialized (
	select audit.append('token.created', 'session', m.id::text, jsonb_build_object('name', m.name, 'scopes', m.scopes,
		'expires_at', m.expires_at, 'by_session', $1, 'trace_id', $7::text), 'person', m.person_id::text) as id
	from made m
)
select case when m.id is null then 'auth.session_ended' end as refused, m.id, null as token, m.name,
	array_to_string(m.scopes, ' ') as scopes, m.expires_at
from (select count(*) as n from audited) as noted left join made m on true
where noted.n >= 0
-- statement: sql/token/list.sql
-- many: one's own machine tokens, newest first; never the tokens themselves
-- in   session_id    uuid
-- in   after         text?        "created_at|id" of the last row seen
-- in   page          int4
-- out  id            uuid
-- out  name          text
-- out  scopes        text
-- out  created_at    timestamptz
-- out  expires_at    timestamptz
-- out  last_used_at  timestamptz? to the minute
-- out  revoked_at    timestamptz?
-- out  cursor        text
-- role api
select s.id, s.name, array_to_string(s.scopes, ' ') as scopes, s.created_at, s.expires_at, s.last_used_at, s.revoked_at,
	s.created_at || '|' || s.id as cursor
from core.session s
where s.person_id = core.session_person($1) and s.kind = 'machine'
	and (s.created_at, s.id) < (coalesce(split_part($2, '|', 1)::timestamptz, 'infinity'),
		coalesce(split_part($2, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
order by s.created_at desc, s.id desc limit $3
-- statement: sql/tx/lock.sql
-- maybe: the signer of a payout's chain, locked until the transaction ends: one signs at a time
-- in   payout_id   uuid
-- in   address     bytea
-- out  id          uuid
-- out  next_nonce  int8
-- out  stopped     text?   error code; it must not sign
-- role worker
select k.id, k.next_nonce, k.stopped
from ledger.payout p join core.asset a on a.id = p.asset_id join ledger.chain_key k on k.chain_id = a.chain_id
where p.id = $1 and k.address = $2
for update of k;
-- statement: sql/tx/replace.sql
-- one: the node wants more than was signed: the same nonce and call with higher fees, to be sent instead
-- in   payout_id     uuid
-- in   old_hash      bytea     the transaction that never entered
-- in   raw           bytea     signed bytes
-- in   tx_hash       bytea
-- in   max_fee       numeric
-- in   priority_fee  numeric
-- in   gas           int8
-- in   job           int8
-- in   trace         text?
-- out  replaced      bool      false when it is no longer to be replaced, or the fees are not 10 % higher
-- role worker
with old as (
	update ledger.tx_intent i set state = 'replaced'
	from ledger.payout p join core.bounty b on b.id = p.bounty_id
	where p.id = $1 and p.state = 'sending' and i.key = p.key and i.tx_hash = $2 and i.state = 'prepared'
		and $5 * 10 >= i.max_fee * 11 and $6 * 10 >= i.max_priority_fee * 11
	returning i.key, i.chain_key_id, i.nonce, i.to_addr, i.data, p.id as payout_id, b.project_id
), new as (
	insert into ledger.tx_intent (key, attempt, chain_key_id, nonce, to_addr, data, raw, tx_hash, max_fee, max_priority_fee, gas)
	select o.key, (select max(i.attempt) + 1 from ledger.tx_intent i where i.key = o.key), o.chain_key_id, o.nonce, o.to_addr,
		o.data, $3, $4, $5, $6, $7
	from old o
	returning attempt
), queued as (
	select q.enqueue('pay', 'pay.send', 'send:' || o.payout_id || ':' || n.attempt, jsonb_build_object('payout_id', o.payout_id,
		'quote', jsonb_build_object('max_fee', $5::text, 'max_priority_fee', $6::text, 'gas', $7)), $8,
		trace => $9, project_id => o.project_id) as id
	from old o, new n
)
select exists (select from queued) as replaced;
-- statement: sql/tx/reserve.sql
-- one: the signed release before it is sent, and the nonce it takes
-- in   payout_id     uuid
-- in   signer_id     uuid
-- in   nonce         int8
-- in   escrow        bytea
-- in   data          bytea     call data
-- in   raw           bytea     signed bytes
-- in   tx_hash       bytea
-- in   max_fee       numeric
-- in   priority_fee  numeric
-- in   gas           int8
-- out  reserved      bool      false when the nonce or the payout is not free
-- role worker
with payout as (
	update ledger.payout set state = 'sending', updated_at = now() where id = $1 and state in ('payable', 'sending')
	returning key
), taken as (
	update ledger.chain_key k set next_nonce = k.next_nonce + 1 from payout
	where k.id = $2 and k.next_nonce = $3 and k.stopped is null
	returning payout.key
), intent as (
	insert into ledger.tx_intent (key, attempt, chain_key_id, nonce, to_addr, data, raw, tx_hash, max_fee, max_priority_fee, gas)
	select t.key, (select coalesce(max(i.attempt), 0) + 1 from ledger.tx_intent i where i.key = t.key), $2, $3, $4, $5, $6, $7,
		$8, $9, $10
	from taken t
	returning id
)
select exists (select from intent) as reserved;
-- statement: sql/tx/sent.sql
-- one: the node has the release: the money is on its way
-- in   payout_id  uuid
-- in   tx_hash    bytea
-- in   job        int8
-- in   trace      text?
-- out  sent       bool    now, not earlier
-- role worker
with intent as (
	update ledger.tx_intent i set state = 'sent', sent_at = now()
	from ledger.payout p
	where p.id = $1 and i.key = p.key and i.tx_hash = $2 and i.state = 'prepared' and p.state = 'sending'
	returning p.id, p.bounty_id, p.submission_id, p.person_id, p.asset_id, p.amount, i.nonce,
		p.id || case when i.attempt > 1 then ':' || i.attempt else '' end as name
), payout as (
	update ledger.payout p set state = 'sent', updated_at = now() from intent i where p.id = i.id
	returning i.*
), submission as (
	update core.submission s set state = 'paying', updated_at = now() from payout p where s.id = p.submission_id
), booked as (
	select p.*, b.project_id, ledger.move('send:' || p.name, 'send', 'payable', p.bounty_id, 'in_transit', p.bounty_id, p.asset_id,
		p.amount, $3, jsonb_build_object('tx_hash', '0x' || encode($2, 'hex'))) as transfer
	from payout p join core.bounty b on b.id = p.bounty_id
), paying as (
	select k.*, core.bounty_move(k.bounty_id, 'payout_sent', 'stage:pay', $3, jsonb_build_object('payout_id', k.id,
		'blocker', 'the chain: confirm the payout')) as present
	from booked k where k.transfer is not null
), queued as (
	select q.enqueue('pay', 'pay.confirm', 'confirm:' || p.name, jsonb_build_object('payout_id', p.id), $3,
		trace => $4, project_id => p.project_id) as id
	from paying p where p.present is not null
), told as (
	select q.emit('payout.sent', p.name, 'payout/' || p.id, jsonb_build_object('payout_id', p.id,
		'submission_id', p.submission_id, 'bounty_id', p.bounty_id, 'person_id', p.person_id, 'amount', p.amount::text,
		'tx_hash', '0x' || encode($2, 'hex'), 'nonce', p.nonce), $4, p.project_id) as event
	from paying p where p.present is not null
)
select exists (select from queued) and exists (select from told) as sent;
-- statement: sql/verdict/add.sql
-- one: keeps a verdict and all it was made from; the same verdict is one row
-- in   submission_id  uuid
-- in   policy_sha256  bytea
-- in   evidence_root  bytea
-- in   hashes         bytea[]   of the evidence, sorted
-- in   documents      bytea[]   the evidence in the same order
-- in   urls           text[]    where each came from
-- in   checks         jsonb
-- in   result         text
-- in   body           bytea     canonical JSON
-- in   job            int8
-- out  id             uuid
-- role worker
with stored as (
	insert into ingest.evidence (sha256, media_type, bytes, source_url)
	select e.sha256, 'application/json', e.bytes, e.url from unnest($4, $5, $6) as e (sha256, bytes, url)
	on conflict (sha256) do nothing
), added as (
	insert into proof.verdict (submission_id, policy_sha256, evidence_root, evidence, checks, result, body, job_id)
	values ($1, $2, $3, $4, $7, $8, $9, $10)
	on conflict (submission_id, policy_sha256, evidence_root) do nothing
	returning id
)
select coalesce((select id from added), (select id from proof.verdict
	where submission_id = $1 and policy_sha256 = $2 and evidence_root = $3)) as id;
-- statement: sql/wallet/challenge.sql
-- one row: keep two texts with one nonce: for the wallet that joins a person, and for the one that is signed in
-- in   session_id     uuid
-- in   nonce          text
-- in   by_address     bytea        of the session's wallet
-- in   address        bytea        of the one that joins
-- in   public_key     bytea?       Casper's
-- in   chain_id       int8?
-- in   caip10         text
-- in   message        text         for the session's wallet
-- in   other_message  text         for the one that joins
-- in   expires_at     timestamptz
-- out  refused        text?
-- out  nonce          text?
-- out  message        text?        for the wallet that is signed in to sign
-- out  other_message  text?        for the wallet that joins to sign
-- out  expires_at     timestamptz?
-- role api
with me as (
	select s.id, w.address = $3 as mine from core.session s join core.wallet w on w.id = s.wallet_id
	where s.id = $1 and s.kind = 'wallet' and core.session_person($1) is not null
), gone as (
	delete from core.statement where nonce = any (array(
		select nonce from core.statement where expires_at < now() - interval '1 day' limit 2 for update skip locked))
), made as (
	insert into core.statement (nonce, purpose, session_id, action, object_id, address, public_key, chain_id, caip10, message,
		other_message, expires_at)
	select $2, 'link', me.id, 'wallet.link', $7, $4, $5, $6, $7, $8, $9, $10 from me where me.mine
	returning nonce, message, other_message, expires_at
)
select case when me.id is null then 'auth.session_ended' when not me.mine then 'auth.wallet' end as refused,
	made.nonce, made.message, made.other_message, made.expires_at
from (select) as once left join me on true left join made on true
-- statement: sql/wallet/choose.sql
-- maybe: payouts to come go to this wallet, after a while
-- in   session_id    uuid
-- in   id            uuid
-- in   trace         text?
-- out  refused       text?
-- out  id            uuid?
-- out  caip10        text?
-- out  effective_at  timestamptz? nothing is paid to it before
-- role api
with there as (
	select w.id, w.person_id, w.caip10, w.public_key is not null as casper, core.payout_choice(w.person_id) as chosen, (
		select o.id from core.wallet o where o.person_id = w.person_id and o.public_key is null
		order by o.linked_at, o.id limit 1) as first
	from core.wallet w where w.id = $2 and w.unlinked_at is null and w.person_id = core.session_person($1)
), made as (
	insert into core.payout_wallet (person_id, wallet_id, effective_at)
	select t.person_id, t.id, now() + case when t.chosen is null and t.id = t.first then interval '0' else core.payout_cool_down() end
	from there t where not t.casper and t.chosen is distinct from t.id
	returning *
), audited as materialized (
	select audit.append('wallet.payout_changed', 'wallet', m.wallet_id::text, jsonb_build_object('effective_at', m.effective_at,
		'trace_id', $3::text), 'person', m.person_id::text) as id
	from made m
), told as materialized (
	select q.emit('wallet.payout_changed', m.id::text, 'person/' || m.person_id, jsonb_build_object('person_id', m.person_id,
		'wallet_id', m.wallet_id, 'caip10', t.caip10, 'previous_id', coalesce(t.chosen, t.first),
		'effective_at', m.effective_at), trace => $3) as id
	from made m, there t
)
select case when t.casper then 'wallet.no_payouts' end as refused, t.id, t.caip10,
	coalesce(m.effective_at, core.wallet_good_at(t.id)) as effective_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, there t left join made m on true
where noted.n >= 0
-- statement: sql/wallet/link.sql
-- one row: both texts came back signed: the wallet joins the person of the session that asked for them
-- in   session_id     uuid
-- in   nonce          text
-- in   message        text         signed by the session's wallet
-- in   other_message  text         signed by the one that joins
-- in   trace          text?
-- out  refused        text?
-- out  status         int4
-- out  id             uuid?
-- out  caip10         text?
-- out  linked_at      timestamptz?
-- role api
with me as (
	select core.session_person($1) as person_id
), there as (
	select t.* from core.statement t where t.nonce = $2 and t.session_id = $1 and t.purpose = 'link'
), spent as (
	update core.statement t set signed_at = now(), used_at = now() from me
	where t.nonce = $2 and t.session_id = $1 and t.purpose = 'link' and t.message = $3 and t.other_message = $4
		and t.used_at is null and t.expires_at > now() and me.person_id is not null
	returning t.address, t.public_key, t.chain_id, t.caip10
), held as (
	select w.id, w.person_id, w.caip10, w.linked_at from core.wallet w join spent using (address) where w.unlinked_at is null
), made as (
	insert into core.wallet (person_id, chain_id, caip10, address, public_key)
	select me.person_id, s.chain_id, s.caip10, s.address, s.public_key from spent s, me where not exists (select from held)
	on conflict do nothing
	returning id, person_id, caip10, linked_at
), audited as materialized (
	select audit.append('wallet.linked', 'wallet', m.id::text, jsonb_build_object('caip10', m.caip10, 'nonce', $2,
		'trace_id', $5::text), 'person', m.person_id::text) as id
	from made m
), told as materialized (
	select q.emit('wallet.linked', m.id::text, 'person/' || m.person_id, jsonb_build_object('wallet_id', m.id,
		'person_id', m.person_id, 'caip10', m.caip10), trace => $5) as id
	from made m
), joined as (
	select 201 as status, * from made union all select 200, h.* from held h join me using (person_id)
)
select case
		when me.person_id is null then 'auth.session_ended'
		when j.id is not null then null
		when exists (select from spent) then 'wallet.taken'
		when t.nonce is null then 'auth.nonce_unknown'
		when t.message <> $3 or t.other_message <> $4 then 'auth.message_changed'
		when t.used_at is null and t.expires_at <= now() then 'auth.expired'
		else 'auth.nonce_used'
	end as refused, coalesce(j.status, 200) as status, j.id, j.caip10, j.linked_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, me
left join there t on true left join joined j on true
where noted.n >= 0
-- statement: sql/wallet/list.sql
-- many: one's own wallets, newest first, those that were unlinked with them
-- in   session_id   uuid
-- in   after        text?        "linked_at|id" of the last row seen
-- in   page         int4
-- out  id           uuid
-- out  caip10       text
-- out  payout       bool         payouts go to it
-- out  good_at      timestamptz  nothing is paid to it before
-- out  linked_at    timestamptz
-- out  unlinked_at  timestamptz?
-- out  cursor       text
-- role api
select w.id, w.caip10, w.id is not distinct from coalesce(core.payout_choice(w.person_id), (
		select o.id from core.wallet o where o.person_id = w.person_id and o.unlinked_at is null and o.public_key is null
		order by o.linked_at, o.id limit 1)) as payout,
	core.wallet_good_at(w.id) as good_at, w.linked_at, w.unlinked_at, w.linked_at || '|' || w.id as cursor
from core.wallet w
where w.person_id = core.session_person($1)
	and (w.linked_at, w.id) < (coalesce(split_part($2, '|', 1)::timestamptz, 'infinity'),
		coalesce(split_part($2, '|', 2)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
order by w.linked_at desc, w.id desc limit $3
-- statement: sql/wallet/unlink.sql
-- maybe: a wallet leaves its person and its sessions end; the row stays, and what was paid to it
-- in   session_id   uuid
-- in   id           uuid
-- in   trace        text?
-- out  refused      text?
-- out  id           uuid?
-- out  caip10       text?
-- out  unlinked_at  timestamptz?
-- role api
with me as (
	select s.person_id, s.wallet_id from core.session s where s.id = $1 and core.session_person($1) is not null
), there as (
	select w.id, w.person_id, w.caip10, w.unlinked_at, case
			when w.unlinked_at is not null then null
			when w.id = me.wallet_id then 'wallet.signed_in'
			when w.id = coalesce(core.payout_choice(w.person_id), (
				select o.id from core.wallet o where o.person_id = w.person_id and o.unlinked_at is null and o.public_key is null
				order by o.linked_at, o.id limit 1)) then 'wallet.paid_to'
		end as refused
	from core.wallet w join me using (person_id) where w.id = $2
), gone as (
	update core.wallet w set unlinked_at = now() from there t
	where w.id = t.id and w.unlinked_at is null and t.refused is null
	returning w.id, w.person_id, w.caip10, w.unlinked_at
), ended as (
	update core.session s set revoked_at = now(), revoked_reason = 'wallet unlinked' from gone
	where s.wallet_id = gone.id and s.revoked_at is null
), audited as materialized (
	select audit.append('wallet.unlinked', 'wallet', g.id::text, jsonb_build_object('caip10', g.caip10, 'trace_id', $3::text),
		'person', g.person_id::text) as id
	from gone g
), told as materialized (
	select q.emit('wallet.unlinked', g.id::text, 'person/' || g.person_id, jsonb_build_object('wallet_id', g.id,
		'person_id', g.person_id, 'caip10', g.caip10), trace => $3) as id
	from gone g
)
select t.refused, t.id, t.caip10, coalesce(g.unlinked_at, t.unlinked_at) as unlinked_at
from (select (select count(*) from audited) + (select count(*) from told) as n) as noted, there t left join gone g on true
where noted.n >= 0
-- statement: sql/wallet_check/decide.sql
-- none: what the chain said about a contract wallet's signature
-- in   check_id      uuid
-- in   reason        text?   error code; null = the signature is the wallet's
-- in   block_number  int8?
-- in   block_hash    bytea?
-- role worker
update core.wallet_check
set state = case when $2::text is null then 'accepted' else 'refused' end, reason = $2, block_number = $3, block_hash = $4,
	decided_at = now()
where id = $1 and state = 'pending'
-- statement: sql/wallet_check/read.sql
-- maybe: the sign-in of a contract wallet
-- in   check_id   uuid
-- out  state      text
-- out  address    bytea
-- out  chain_id   int8
-- out  message    text
-- out  signature  bytea
-- out  late       bool    nobody can ask for the answer any more
-- role worker
select state, address, chain_id, message, signature, expires_at <= now() as late from core.wallet_check where id = $1
