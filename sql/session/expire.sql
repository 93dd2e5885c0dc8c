-- one: sessions that ended a month ago and answers kept for long enough go, a few at a time; a session that something was signed in stays
-- in   most         int4      of each
-- in   idempotency  interval
-- out  gone         int8      of the one with more of them
-- role worker
with ended as (
	select id from core.session s where expires_at < now() - interval '30 days'
		and not exists (select from core.statement t where t.session_id = s.id)
	order by expires_at limit $1 for update skip locked
), token as (
	delete from core.refresh_token where session_id in (select id from ended)
), session as (
	delete from core.session where id in (select id from ended) returning id
), answer as (
	delete from core.idempotency where (person_id, route, key) in (
		select person_id, route, key from core.idempotency where created_at < now() - $2
		order by created_at limit $1 for update skip locked)
	returning key
)
select greatest((select count(*) from session), (select count(*) from answer)) as gone;
