-- one: a token that ends is to be renewed, by one job: asked for again, it is the same one
-- in   token_id  uuid
-- in   job       int8   that needs the token
-- in   trace     text?
-- out  wait      int8   microseconds until it is worth looking again; 0 = the renewal is parked or ended without one, so nobody knows
-- role worker
-- Not before those who were given the token of now are done with it: a renewal ends that one. While a replay of the renewal lives there
-- is no other: of two that send the same refresh token one is refused.
with recursive token as (
	select id, renewals, renewal_asks, case when expires_at > now() + interval '2 minutes' then expires_at - interval '2 minutes' end as due
	from core.account_token where id = $1 and refresh is not null
), renewal as materialized (
	select q.enqueue('sync', 'sync.renew', 'renew:' || id || ':' || renewals || coalesce(':' || nullif(renewal_asks, 0), ''),
		jsonb_build_object('token_id', id, 'renewals', renewals), $2, run_at => due, trace => $3) as job, due
	from token
), one as (
	select job from renewal
	union all
	select r.id from one o join q.job r on r.replay_of = o.job
), are as materialized (
	select coalesce(bool_or(o.state in ('ready', 'running', 'scheduled', 'held')), true) as alive,
		coalesce(bool_or(o.state = 'parked'), false) as parked
	from (select q.state_of(job) as state from one) o
), anew as (
	update core.account_token t set renewal_asks = t.renewal_asks + 1 from token k, are a
	where t.id = k.id and t.renewals = k.renewals and t.renewal_asks = k.renewal_asks and not a.alive and not a.parked
)
select coalesce((select case when not a.alive then 0
		else 2000000 + coalesce(extract(epoch from r.due - now()) * 1000000, 0) end from renewal r, are a), 1000000)::int8 as wait
