-- one: a token that ends is to be renewed, by one job: asked for again, it is the same one
-- in   token_id  uuid
-- in   job       int8   that needs the token
-- in   trace     text?
-- out  wait      int8   microseconds until it is worth looking again; 0 = the renewal is parked, so nobody knows
-- role worker
-- Not before those who were given the token of now are done with it: a renewal ends that one.
with token as (
	select id, renewals, case when expires_at > now() + interval '2 minutes' then expires_at - interval '2 minutes' end as due
	from core.account_token where id = $1 and refresh is not null
), renewal as materialized (
	select q.enqueue('sync', 'sync.renew', 'renew:' || id || ':' || renewals, jsonb_build_object('token_id', id, 'renewals', renewals),
		$2, run_at => due, trace => $3) as job, due
	from token
)
select coalesce((select case when exists (select from q.parked p where p.job_id = r.job) then 0
		else 2000000 + coalesce(extract(epoch from r.due - now()) * 1000000, 0) end from renewal r), 1000000)::int8 as wait
