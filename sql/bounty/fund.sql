-- one row: say which transaction locked the money; its confirmation is checked by a job. The same again finds the same. Each
-- that is pending has the chain asked for up to a day: twenty of a person at a time. Who named what another wallet has locked does
-- not name it again before a wallet has joined: meanwhile nobody else could
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
	select b.id, b.asset_id, b.state, b.project_id, r.state = 'verified' as stands from core.bounty b join core.project r on r.id = b.project_id
	where b.id = $2 and (not r.private or core.sees($1, 'bounty', b.id))
), checked as materialized (
	select case
			when not exists (select from me) then 'auth.session_ended'
			when b.id is null then 'bounty.not_found'
			when exists (select from core.contribution c join me on me.person_id = c.funder_id
				where c.bounty_id = b.id and c.deposit_tx = $3 and c.state <> 'refused') then null
			when b.state not in ('draft', 'funding') then 'bounty.not_fundable'
			when not b.stands then 'project.unverified'
			when not core.may_fund(b.id, (select person_id from me)) then 'project.not_opted_in'
			when (select count(*) from core.contribution c join me on me.person_id = c.funder_id where c.state = 'pending') >= 20
				then 'bounty.deposits_pending'
			when exists (select from core.contribution c join me on me.person_id = c.funder_id
				where c.bounty_id = b.id and c.deposit_tx = $3 and c.reason = 'deposit.funder' and not exists (
					select from core.wallet w where w.person_id = me.person_id and w.linked_at > c.created_at))
				then 'bounty.deposit_taken'
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
