-- one: what GitHub says of an issue, unless newer is known; of two answers of one second the one that was surely read later
-- in   project_id    uuid
-- in   uid           int8          GitHub's id
-- in   number        int4
-- in   title         text
-- in   state         text          open closed
-- in   state_reason  text?
-- in   closed_at     timestamptz?
-- in   updated_at    timestamptz   by GitHub's clock, in whole seconds
-- in   read_after    timestamptz?  null: nobody knows when it was read
-- in   job           int8
-- in   trace         text?
-- out  asked         bool          it is not known which of two answers is later: GitHub is asked
-- role worker
-- Deleted and transferred are for ever.
with known as (
	select id, (title, state, state_reason, closed_at) is distinct from ($4, $5, $6, $7) as differs, source_updated_at, updated_at,
		coalesce(state_reason in ('deleted', 'transferred'), false) as gone
	from core.issue where project_id = $1 and number = $3 for update
), kept as (
	insert into core.issue as i (project_id, provider_issue_id, number, title, state, state_reason, closed_at, source_updated_at)
	values ($1, $2, $3, $4, $5, $6, $7, $8)
	on conflict (project_id, number) do update
	set provider_issue_id = excluded.provider_issue_id, title = excluded.title, state = excluded.state,
		state_reason = excluded.state_reason, closed_at = excluded.closed_at,
		source_updated_at = greatest(i.source_updated_at, excluded.source_updated_at), updated_at = clock_timestamp()
	where coalesce(i.state_reason in ('deleted', 'transferred'), false) is false
		and (i.source_updated_at is null or i.source_updated_at < excluded.source_updated_at
			or (i.source_updated_at = excluded.source_updated_at and i.updated_at < $9)
			or excluded.state_reason in ('deleted', 'transferred'))
		and (i.provider_issue_id, i.title, i.state, i.state_reason, i.closed_at, i.source_updated_at) is distinct from
			(excluded.provider_issue_id, excluded.title, excluded.state, excluded.state_reason, excluded.closed_at,
				excluded.source_updated_at)
	returning i.id
), asked as (
	select q.enqueue('sync', 'sync.issue', 'issue:' || k.id || ':asked:' || $10, jsonb_build_object('issue_id', k.id), $10, trace => $11)
	from known k
	where k.source_updated_at = $8 and k.differs and not k.gone and not exists (select from kept)
)
select exists (select from asked) as asked;
