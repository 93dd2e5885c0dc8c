-- A payout goes to a wallet that its owner has had, or chosen, for a while: who takes over an account must wait, and is seen.

create function core.payout_cool_down() returns interval language sql immutable as $$ select interval '72 hours' $$;

-- From when on a wallet may be paid to: a person's first at once, another one a while after it was linked or chosen.
create function core.wallet_good_at(p_wallet uuid) returns timestamptz language sql stable as $$
	select greatest(
		case when exists (select from core.wallet o where o.person_id = w.person_id and o.public_key is null
				and (o.linked_at, o.id) < (w.linked_at, w.id))
			then w.linked_at + core.payout_cool_down() else w.linked_at end,
		(select max(c.effective_at) from core.payout_wallet c where c.wallet_id = w.id))
	from core.wallet w where w.id = p_wallet
$$;

-- The wallet that was chosen last, if it is still linked.
create function core.payout_choice(p_person uuid) returns uuid language sql stable as $$
	select w.id from (
		select c.wallet_id from core.payout_wallet c where c.person_id = p_person order by c.chosen_at desc, c.id desc limit 1
	) as last join core.wallet w on w.id = last.wallet_id and w.unlinked_at is null
$$;

do $$
begin
	if exists (select from pg_roles where rolname = 'patchwork_operator') then
		grant select on core.payout_wallet to patchwork_operator;
	end if;
end $$;
