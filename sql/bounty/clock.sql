-- maybe: what a bounty's deadline finds
-- in   bounty_id   uuid
-- out  state       text
-- out  wait        interval   until the deadline; 0 when it is past
-- out  grace       interval   until the grace of pull requests that were opened in time is over; 0 without any, or past
-- out  in_review   bool       a merged one is being judged; one whose author links no account, for 30 days
-- out  undecided   uuid?      submission that a person should decide about
-- out  patience    interval   until nobody has decided for 30 days; 0 when that is past
-- role worker operator
select b.state, greatest(b.deadline_at - now(), interval '0') as wait,
	case when exists (select from core.submission s join core.pull p on p.id = s.pull_id where s.bounty_id = b.id
			and s.state in ('seen', 'verifying') and p.state = 'open' and s.created_at <= b.deadline_at)
		then greatest(b.deadline_at + b.grace - now(), interval '0') else interval '0' end as grace,
	exists (select from core.submission s join core.pull p on p.id = s.pull_id where s.bounty_id = b.id
		and s.state in ('seen', 'verifying') and p.state = 'merged' and p.merged_at <= b.deadline_at + b.grace
		and (s.claimant_id is not null or p.merged_at > now() - interval '30 days')) as in_review,
	(select s.id from core.submission s where s.bounty_id = b.id and s.state in ('review', 'verified')
		order by s.updated_at desc, s.id limit 1) as undecided,
	greatest(b.state_since + interval '30 days' - now(), interval '0') as patience
from core.bounty b where b.id = $1;
