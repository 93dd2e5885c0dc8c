-- What a scrape asks of the database (sql/health/jobs.sql): bounded work, however much waits, so nothing is counted beyond `most`,
-- and no plan but those by index may be taken, whatever the statistics say of a table that was empty a moment ago.

create index tx_intent_sent on ledger.tx_intent (sent_at) where state = 'sent';

-- oldest: since the first job in line of any priority was made. workers: seen within 30 s.
create function q.depths(most int default 10000)
returns table (queue text, ready bigint, scheduled bigint, running bigint, parked bigint, held bigint, workers bigint, oldest interval)
language sql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off as $$
	with recursive names as (
		(select r.queue from q.ready r order by r.queue limit 1)
		union all
		select (select r.queue from q.ready r where r.queue > n.queue order by r.queue limit 1) from names n
		where n.queue is not null
	), counted (queue, ready, scheduled, running, parked, held, workers, first) as (
		select n.queue, (select count(*) from (
				select from q.ready r where r.queue = n.queue order by r.prio, r.seq limit most) r),
			0::bigint, 0::bigint, 0::bigint, 0::bigint, 0::bigint, (select min(j.created_at) from generate_series(-2, 2) p (prio)
				cross join lateral (select r.job_id from q.ready r where r.queue = n.queue and r.prio = p.prio
					order by r.seq limit 1) head
				join q.job j on j.id = head.job_id)
		from names n where n.queue is not null
		union all
		select s.queue, 0, count(*), 0, 0, 0, 0, null
		from (select s.queue from q.scheduled s order by s.run_at limit most) s group by s.queue
		union all
		select c.queue, 0, 0, sum(cardinality(c.job_ids))::bigint, 0, 0, 0, null
		from (select c.queue, c.job_ids from q.claim c order by c.id limit most) c group by c.queue
		union all
		select p.queue, 0, 0, 0, count(*), 0, 0, null
		from (select p.queue from q.parked p order by p.parked_at limit most) p group by p.queue
		union all
		select h.queue, 0, 0, 0, 0, count(*), 0, null
		from (select h.queue from q.held h order by h.queue, h.lane, h.prio, h.seq limit most) h group by h.queue
		union all
		select u.queue, 0, 0, 0, 0, 0, count(*), null
		from (select w.queues from q.worker w where w.stopped_at is null and w.seen_at > now() - interval '30 s'
			order by w.id desc limit most) w
		cross join lateral unnest(w.queues) u (queue) group by u.queue
	)
	select c.queue, sum(c.ready)::bigint, sum(c.scheduled)::bigint, sum(c.running)::bigint, sum(c.parked)::bigint,
		sum(c.held)::bigint, sum(c.workers)::bigint, coalesce(clock_timestamp() - min(c.first), '0')
	from counted c group by c.queue order by c.queue
$$;

-- xmin_age: transactions since the oldest one that still keeps dead rows alive: a session, a slot, a prepared transaction.
-- unconfirmed: since the oldest transaction was sent to a chain that is not decided yet. unsealed: rows of the audit log without
-- their place in the chain, unsealed_for: since the first of them. unsigned_places: those behind the last checkpoint, checkpoint_age: its
-- age. Null is "none".
create function q.vitals(most int default 10000)
returns table (xmin_age bigint, unconfirmed interval, unsealed bigint, unsealed_for interval, unsigned_places bigint, checkpoint_age interval)
language sql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off as $$
	with tail as (
		select k.seq, k.floor from audit.link k order by k.seq desc limit 1
	), checkpoint as (
		select c.size, c.created_at from audit.checkpoint c order by c.size desc limit 1
	), open as (
		select count(*) as n, min(l.at) as since from (
			select l.at from audit.log l
			where l.xid >= coalesce((select t.floor from tail t where t.floor <= pg_snapshot_xmax(pg_current_snapshot())), '0')
				and not exists (select from audit.link k where k.log_id = l.id)
			order by l.xid limit most) l
	)
	select greatest(0,
			(select max(greatest(age(a.backend_xmin), age(a.backend_xid))) from pg_stat_activity a),
			(select max(greatest(age(s.xmin), age(s.catalog_xmin))) from pg_replication_slots s),
			(select max(age(p.transaction)) from pg_prepared_xacts p))::bigint,
		(select clock_timestamp() - min(i.sent_at) from ledger.tx_intent i where i.state = 'sent'),
		o.n, clock_timestamp() - o.since,
		coalesce((select t.seq from tail t), 0) - coalesce((select c.size from checkpoint c), 0),
		(select clock_timestamp() - c.created_at from checkpoint c)
	from open o
$$;

revoke all on function q.depths(int), q.vitals(int) from public;
grant execute on function q.depths(int), q.vitals(int) to patchwork_api, patchwork_worker, patchwork_auditor;
