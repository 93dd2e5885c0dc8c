-- As of 0092, and: replays about one hook, check or token of an account follow one another; two would each set a secret of their own.
create or replace function q.replayable(ids bigint[], queue text, kind text, state text, code text, project uuid, since timestamptz,
	until timestamptz) returns table (job_id bigint, of_kind text, of_state text, lane text)
language sql stable set jit = off set enable_hashjoin = off set enable_mergejoin = off as $$
	select j.id, j.kind, s.state, coalesce(
		j.args ->> 'payout_id', j.args ->> 'refund_id', j.args ->> 'submission_id', j.args ->> 'contribution_id',
		j.args ->> 'issue_id', j.args ->> 'project_id', j.args ->> 'hook_id', j.args ->> 'check_id', j.args ->> 'token_id',
		(select d.repo_id || '#' || d.number from ingest.delivery d
			where d.id = case when j.args ->> 'delivery_id' ~ '^[0-9]{1,18}$' then (j.args ->> 'delivery_id')::bigint end limit 1),
		'job:' || j.id)
	from q.replay_candidates($1, $2, $3, $4, $5, $6, $7, $8) c (id)
	cross join lateral (select * from q.job x where x.id = c.id offset 0) j
	cross join lateral (select q.state_of(j.id) as state) s
	where case when $1 is null then j.replay_of is null else true end
		and ($2 is null or j.queue = $2) and ($3 is null or j.kind = $3) and ($6 is null or j.project_id = $6)
		and ($7 is null or j.created_at >= $7) and ($8 is null or j.created_at < $8)
		and ($5 is null or exists (select from q.run r where r.job_id = j.id and r.error_code = $5))
		and s.state in ('done', 'parked', 'cancelled', 'replayed') and ($4 is null or s.state = $4)
	order by j.id
$$;
