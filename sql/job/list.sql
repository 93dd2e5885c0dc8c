-- many: jobs, newest first, with the state their last run left them in
-- in   after        text?        id of the last row seen
-- in   page         int4
-- in   queue        text?
-- in   kind         text?
-- in   parked       bool?        only those that wait for a person, or only the others
-- in   session_id   uuid?        who asks, when signed in
-- in   state        text?
-- in   code         text?        that a run of it ended with
-- in   project_id   uuid?
-- in   since        timestamptz? made then or later
-- in   until        timestamptz? made before
-- in   batch        int8?        that a replay let out
-- out  id           int8
-- out  queue        text
-- out  kind         text
-- out  key          text?
-- out  state        text         ready, running, scheduled, held, parked, done, cancelled, or replayed: it was parked
-- out  attempts     int4
-- out  error_code   text?        of the last run
-- out  root_id      int8
-- out  parent_id    int8?
-- out  replay_of    int8?
-- out  batch        int8?
-- out  project_id   uuid?
-- out  run_at       timestamptz? when it is scheduled
-- out  created_at   timestamptz
-- out  finished_at  timestamptz? of the last run
-- out  cursor       text
-- out  more         bool         no row, but the place to go on from: thousands were looked at
-- role api
-- One of the filters finds jobs by its index, newest first, or the history is walked, past the spans that cannot have any; of the
-- next 2,000 of those the other filters choose. The limit 1 keeps the planner, which does not know how long a page is, from reading
-- all jobs to join them.
with asked as materialized (
	select coalesce($1::text::int8, 9223372036854775807) as below, coalesce($7::text, case when $5::bool then 'parked' end) as state,
		case when num_nonnulls($3, $4, $5, $7, $10, $11) = 0 then 2 * $2 else 2000 end as looks
), walk as materialized ( -- the ids to walk down from; 0: there are none
	select case
		when $12::int8 is not null or $8::text is not null or a.state in ('parked', 'scheduled', 'held', 'running') or $9::uuid is not null
			then null
		when ($3::text is null and $4::text is null and a.state is null and $10::timestamptz is null and $11::timestamptz is null)
			or a.below > (select (max(n) + 1) * q.span_size() from q.span) or not exists (select from q.span) then a.below
		else least(a.below, coalesce((select (s.n + 1) * q.span_size() from q.span s
			where s.n <= (a.below - 1) / q.span_size() and (s.jobs < q.span_size() and s.seen_at < s.made_until + interval '1 minute'
				or ($3 is null or s.queues is null or $3 = any (s.queues)) and ($4 is null or s.kinds is null or $4 = any (s.kinds))
				and (a.state is null or s.open > 0 or s.states is null
					or case a.state when 'replayed' then 'parked' else a.state end = any (s.states))
				and ($10 is null or s.made_until >= $10) and ($11 is null or s.made_from is null or s.made_from < $11))
			order by s.n desc limit 1), 0))
		end as below
	from asked a
), looked as materialized (
	(select j.id from q.job j where $12 is not null and j.batch = $12 and j.id < (select below from asked) order by j.id desc limit (select looks from asked))
	union all
	(select distinct r.job_id from q.run r where $12 is null and $8 is not null and r.error_code = $8
		and r.job_id < (select below from asked) order by r.job_id desc limit (select looks from asked))
	union all
	(select w.job_id from (
		(select job_id from q.parked where (select state from asked) = 'parked' and job_id < (select below from asked)
			order by job_id desc limit (select looks from asked))
		union all (select job_id from q.scheduled where (select state from asked) = 'scheduled' and job_id < (select below from asked)
			order by job_id desc limit (select looks from asked))
		union all (select job_id from q.held where (select state from asked) = 'held' and job_id < (select below from asked)
			order by job_id desc limit (select looks from asked))
		union all (select u from q.claim c, unnest(c.job_ids) u where (select state from asked) = 'running'
			and u < (select below from asked) order by u desc limit (select looks from asked))) w
		where $12 is null and $8 is null)
	union all
	(select j.id from q.job j where $12 is null and $8 is null and j.project_id = $9 and j.id < (select below from asked)
		and coalesce((select state from asked), '') not in ('parked', 'scheduled', 'held', 'running') order by j.id desc limit (select looks from asked))
	union all
	(select j.id from q.job j where (select below from walk) is not null and j.id < (select below from walk) order by j.id desc limit (select looks from asked))
), chosen as materialized (
	select j.id from looked l cross join lateral (select * from q.job where id = l.id limit 1) as j
	where ($3 is null or j.queue = $3) and ($4 is null or j.kind = $4) and ($9 is null or j.project_id = $9)
		and ($10 is null or j.created_at >= $10) and ($11 is null or j.created_at < $11)
		and ((select state from asked) is null or q.state_of(j.id) = (select state from asked))
		and ($5 is distinct from false or not exists (select from q.parked p where p.job_id = j.id))
		and not exists (select from core.project r where r.id = j.project_id and r.private and not core.sees($6, 'project', r.id))
	order by j.id desc limit $2
), shown as (
	select id, false as more from chosen
	union all
	select min(id), true from looked having count(*) >= (select looks from asked) and (select count(*) from chosen) < $2
)
select j.id, j.queue, j.kind, j.key, q.state_of(j.id) as state, coalesce(r.attempt, 0) as attempts, r.error_code, j.root_id, j.parent_id,
	j.replay_of, j.batch, j.project_id, s.run_at, j.created_at, r.finished_at, j.id::text as cursor, w.more
from shown w cross join lateral (select * from q.job where id = w.id limit 1) as j
left join lateral (select attempt, error_code, finished_at from q.run where job_id = j.id order by attempt desc limit 1) as r on true
left join q.scheduled s on s.job_id = j.id
order by j.id desc, w.more
