-- How much longer than deadline and hold a deposit stays locked: what is merged in the deadline's last minute can be paid. The longest
-- that is known, a new wallet's 72 hours, and a day for verify, prove and pay with their retries.
create function core.lock_margin() returns interval language sql immutable parallel safe as $$ select interval '4 days' $$;

-- As of 0067, and: with the margin of a deposit.
create or replace function core.command_extend(p_bounty core.bounty, p_until timestamptz) returns text language plpgsql as $$
begin
	if p_bounty.state not in ('draft', 'funding', 'open', 'in_progress') then
		return 'command.too_late';
	elsif p_until <= p_bounty.deadline_at then
		return 'command.sooner';
	elsif exists (select from core.contribution c where c.bounty_id = p_bounty.id and c.state <> 'refused'
		and coalesce(c.lock_until, p_bounty.deadline_at + p_bounty.hold) < p_until + p_bounty.hold + core.lock_margin()) then
		return 'command.lock_ends';
	end if;
	update core.bounty b set deadline_at = p_until, version = b.version + 1 where b.id = p_bounty.id;
	return null;
end $$;
