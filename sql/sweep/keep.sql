-- one: a page of a sweep: issues that are newer than known, pull requests to be fetched, what no delivery had told
-- in   project_id  uuid
-- in   uids        int8[]
-- in   numbers     int4[]
-- in   titles      text[]
-- in   states      text[]
-- in   reasons     text[]        null where GitHub gives none
-- in   closed      int8[]        microseconds since 1970, 0 = not
-- in   updated     int8[]
-- in   pulls       int4[]        1: a pull request
-- in   first       bool          the first sweep: nothing was missed, and pull requests that were closed are not fetched
-- in   read_after  timestamptz   the database's clock before GitHub was asked
-- in   job         int8
-- in   trace       text?
-- out  changed     int8          issues
-- out  fetched     int8          pull requests that will be
-- out  missed      int8
-- role worker
with item as (
	select distinct on (number) uid, number, title, state, reason, case when closed > 0 then to_timestamp(closed / 1000000.0) end as closed,
		to_timestamp(updated / 1000000.0) as updated, pull = 1 as pull
	from unnest($2, $3, $4, $5, $6, $7, $8, $9) as u (uid, number, title, state, reason, closed, updated, pull)
	order by number, updated desc
), kept as (
	insert into core.issue as i (project_id, provider_issue_id, number, title, state, state_reason, closed_at, source_updated_at)
	select $1, uid, number, title, state, reason, closed, updated from item where not pull
	on conflict (project_id, number) do update
	set provider_issue_id = excluded.provider_issue_id, title = excluded.title, state = excluded.state,
		state_reason = excluded.state_reason, closed_at = excluded.closed_at, source_updated_at = excluded.source_updated_at,
		updated_at = clock_timestamp()
	where coalesce(i.state_reason in ('deleted', 'transferred'), false) is false
		and (i.source_updated_at is null or i.source_updated_at < excluded.source_updated_at
			or (i.source_updated_at = excluded.source_updated_at and i.updated_at < $11
				and (i.title, i.state, i.state_reason, i.closed_at) is distinct from
					(excluded.title, excluded.state, excluded.state_reason, excluded.closed_at)))
	returning i.number, i.source_updated_at
), stale as (
	select i.number, i.updated from item i left join core.pull p on p.project_id = $1 and p.number = i.number
	where i.pull and (case when p.id is null then i.state = 'open' or not $10 else p.source_updated_at < i.updated
		and p.state <> 'merged' end)
), queued as (
	select q.enqueue('sync', 'sync.pull', 'pull:' || $1 || ':' || number || ':' || extract(epoch from updated)::int8,
		jsonb_build_object('project_id', $1, 'number', number), $12, priority => 1::smallint, trace => $13, project_id => $1)
	from stale
), noted as (
	insert into ingest.missed (project_id, number, source_updated_at, is_pull, job_id)
	select $1, m.number, m.at, m.pull, $12
	from (select number, source_updated_at as at, false as pull from kept union all select number, updated, true from stale) m
	where not $10 and m.at < now() - interval '1 minute'
	on conflict do nothing
	returning 1
)
select (select count(*) from kept) as changed, (select count(*) from queued) as fetched, (select count(*) from noted) as missed;
