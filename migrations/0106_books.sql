-- How far the books are from agreeing with themselves, by asset. Not a reconciliation: no chain is asked.
create table ledger.books (
	asset_id uuid primary key references core.asset,
	unbalanced numeric(80, 0) not null check (unbalanced >= 0), -- smallest units; 0 = they agree
	checked_at timestamptz not null
);
grant select on ledger.books to patchwork_api, patchwork_worker, patchwork_auditor;
do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select on ledger.books to patchwork_operator;
	end if;
end $$;

-- Reads all entries, unless that was done within the span or another does it now. Added up are: transfers that do not sum to zero;
-- balances that are not what their entries make; bounties whose money in is not what was paid, went back and is left; and holds that
-- are not those of the payouts: payable is of those that are not on their way, in transit of those that are.
create function ledger.books_check(span interval) returns bool
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp as $$
begin
	if not pg_try_advisory_xact_lock(hashtext('ledger.books_check'))
			or exists (select from ledger.books b where b.checked_at > now() - span) then
		return false;
	end if;
	insert into ledger.books as b (asset_id, unbalanced, checked_at)
	with made as materialized (
		select e.account_id, sum(e.amount) as amount from ledger.entry e group by 1
	), held as materialized (
		select a.kind, a.owner_id, a.asset_id, m.amount from made m join ledger.account a on a.id = m.account_id
	), payouts as materialized (
		select o.bounty_id, o.asset_id, o.state, sum(o.amount) as amount from ledger.payout o group by 1, 2, 3
	), odd (asset_id, amount) as (
		select e.asset_id, sum(e.amount) from ledger.entry e group by e.transfer_id, e.asset_id having sum(e.amount) <> 0
		union all
		select a.asset_id, coalesce(m.amount, 0) - coalesce(p.posted, 0) from ledger.account a left join made m on m.account_id = a.id
		left join ledger.balance p on p.account_id = a.id where a.kind <> 'funder'
		union all
		select x.asset_id, sum(x.amount) from (
			select c.bounty_id, c.asset_id, c.amount from core.contribution c where c.state in ('confirmed', 'refunded')
			union all select p.bounty_id, p.asset_id, -p.amount from payouts p where p.state = 'paid'
			union all select r.bounty_id, r.asset_id, -r.amount from ledger.refund r where r.state = 'refunded'
			union all select h.owner_id, h.asset_id, -h.amount from held h where h.kind in ('escrow', 'payable', 'in_transit')
		) x group by x.bounty_id, x.asset_id
		union all
		select y.asset_id, sum(y.amount) from (
			select h.owner_id as bounty_id, h.kind, h.asset_id, h.amount from held h where h.kind in ('payable', 'in_transit')
			union all
			select p.bounty_id, case p.state when 'sent' then 'in_transit' else 'payable' end, p.asset_id, -p.amount from payouts p
			where p.state in ('hold', 'payable', 'sending', 'held', 'sent')
		) y group by y.bounty_id, y.kind, y.asset_id
	)
	select a.id, coalesce(sum(abs(o.amount)), 0), now() from core.asset a left join odd o on o.asset_id = a.id group by a.id
	on conflict (asset_id) do update set unbalanced = excluded.unbalanced, checked_at = excluded.checked_at;
	return true;
end $$;
revoke all on function ledger.books_check(interval) from public;
grant execute on function ledger.books_check(interval) to patchwork_worker;
