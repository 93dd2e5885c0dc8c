-- What was on its way back, or left over, before anything looked after it.
select ledger.refund_begin(b.id) from core.bounty b where b.state in ('refunding', 'refunded', 'cancelled', 'paid') order by b.id;
