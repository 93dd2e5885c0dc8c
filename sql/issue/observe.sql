-- none: what GitHub says of an issue, unless newer is known
-- in   project_id    uuid
-- in   uid           int8          GitHub's id
-- in   number        int4
-- in   title         text
-- in   state         text          open closed
-- in   state_reason  text?
-- in   closed_at     timestamptz?
-- in   updated_at    timestamptz   by GitHub's clock
-- role worker
insert into core.issue as i (project_id, provider_issue_id, number, title, state, state_reason, closed_at, source_updated_at)
values ($1, $2, $3, $4, $5, $6, $7, $8)
on conflict (project_id, number) do update
set provider_issue_id = excluded.provider_issue_id, title = excluded.title, state = excluded.state,
	state_reason = excluded.state_reason, closed_at = excluded.closed_at, source_updated_at = excluded.source_updated_at,
	updated_at = now()
where (i.source_updated_at is null or i.source_updated_at <= excluded.source_updated_at)
	and (i.provider_issue_id, i.title, i.state, i.state_reason, i.closed_at, i.source_updated_at) is distinct from
		(excluded.provider_issue_id, excluded.title, excluded.state, excluded.state_reason, excluded.closed_at,
			excluded.source_updated_at);
