-- many: how much of each queue waits, counted up to 10000, and what concerns all of them, in each row
-- role api
-- out  queue           text?      null on the only row = there is none
-- out  ready           int8?
-- out  scheduled       int8?
-- out  running         int8?
-- out  parked          int8?
-- out  held             int8?      stand aside: paused, or over a limit
-- out  workers         int8?      seen within 30 s
-- out  oldest          interval?  since the first ready job in line was made
-- out  xmin_age        int8       transactions since the oldest one that keeps dead rows alive
-- out  unconfirmed     interval?  since the oldest transaction was sent that no chain has decided
-- out  unsealed        int8       rows of the audit log without a place in its chain
-- out  unsealed_for    interval?
-- out  unsigned_places int8       places behind the last checkpoint
-- out  checkpoint_age  interval?
-- out  assets          text[]     whose books were checked, as CAIP-19
-- out  unbalanced      text[]     how far those are from agreeing with themselves, in smallest units
-- out  books_age       interval?  since then
select d.queue, d.ready, d.scheduled, d.running, d.parked, d.held, d.workers, d.oldest,
	v.xmin_age, v.unconfirmed, v.unsealed, v.unsealed_for, v.unsigned_places, v.checkpoint_age, b.assets, b.unbalanced, b.books_age
from q.vitals() v left join q.depths() d on true cross join (
	select coalesce(array_agg(a.caip19 order by a.id), '{}') as assets, coalesce(array_agg(k.unbalanced::text order by a.id), '{}') as unbalanced,
		now() - min(k.checked_at) as books_age
	from ledger.books k join core.asset a on a.id = k.asset_id
) b
