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
