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
-- out  bound    int8        transaction ids that were out when this one began are below it
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
-- out  age      interval?   of the job
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
	select b.id, t.*, j.kind, j.args, j.trace, clock_timestamp() - j.created_at as age from taken t cross join batch b join q.job j on j.id = t.job_id
)
select pg_current_snapshot()::text as snapshot,
	pg_snapshot_xmin(pg_current_snapshot())::text::int8 + age(pg_snapshot_xmin(pg_current_snapshot())::xid) as bound,
	(select last_value - (not is_called)::int from q.ready_seq) as head,
	array(select coalesce((select r.seq from q.ready r where r.queue = $4 and r.prio = p.prio and r.seq >= p."from"
		order by r.seq limit 1), 9223372036854775807) from unnest($7, $9) with ordinality p (prio, "from", at) order by p.at)
		as firsts,
	(select epoch from q.control) as epoch, exists (select from gone) as owned, 0 as aside, null::int8[] as asides,
	p.id as claim, p.prio::int, p.seq, p.job_id, p.attempt, p.burned::int, p.suspect, p.kind, p.args, p.trace, p.age
from (values (1)) always left join payload p on true
order by p.prio, p.seq
