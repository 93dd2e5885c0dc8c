-- one: a pull request as GitHub has it, unless newer is known; merged is for ever
-- in   project_id    uuid
-- in   uid           int8          GitHub's id
-- in   number        int4
-- in   title         text
-- in   author_uid    int8
-- in   author_login  text
-- in   author_type   text
-- in   state         text          open closed merged
-- in   draft         bool
-- in   base_ref      text
-- in   head_sha      text
-- in   merge_sha     text?
-- in   merged_at     timestamptz?
-- in   merged_by     int8?
-- in   updated_at    timestamptz   by GitHub's clock
-- in   delivery_id   int8?
-- in   trace         text?
-- in   read_after    timestamptz   the database's clock before GitHub was asked
-- out  id            uuid?    null when another delivery made it while this statement ran: once more
-- out  changed       bool
-- out  raced         bool     another answer of the same second was stored meanwhile: which is later is not known: once more
-- role worker
-- GitHub's clock has whole seconds: two states of one second are two events, since two deliveries brought them.
with pull as (
	insert into core.pull as p (project_id, provider_pull_id, number, title, author_uid, author_login, author_type, state, draft,
		base_ref, head_sha, merge_sha, merged_at, merged_by_uid, source_updated_at, delivery_id)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
	on conflict (project_id, provider_pull_id) do update
	set title = excluded.title, author_login = excluded.author_login, author_type = excluded.author_type, state = excluded.state,
		draft = excluded.draft, base_ref = excluded.base_ref, head_sha = excluded.head_sha, merge_sha = excluded.merge_sha,
		merged_at = excluded.merged_at, merged_by_uid = excluded.merged_by_uid,
		source_updated_at = excluded.source_updated_at, delivery_id = coalesce(excluded.delivery_id, p.delivery_id),
		updated_at = clock_timestamp()
	where (p.source_updated_at < excluded.source_updated_at
			or (p.source_updated_at = excluded.source_updated_at and p.updated_at < $18)
			or (p.state <> 'merged' and excluded.state = 'merged')) and not (p.state = 'merged' and excluded.state <> 'merged')
		and (p.title, p.author_login, p.author_type, p.state, p.draft, p.base_ref, p.head_sha, p.merge_sha, p.merged_at,
			p.merged_by_uid, p.source_updated_at) is distinct from (excluded.title, excluded.author_login,
			excluded.author_type, excluded.state, excluded.draft, excluded.base_ref, excluded.head_sha,
			excluded.merge_sha, excluded.merged_at, excluded.merged_by_uid, excluded.source_updated_at)
	returning id
), told as (
	select q.emit('pull.synced', id || ':' || coalesce($16, (extract(epoch from $15) * 1000000)::int8), 'pull/' || id,
		jsonb_build_object('pull_id', id, 'project_id', $1, 'number', $3, 'state', $8, 'draft', $9, 'head_sha', $11,
			'merge_sha', $12, 'merged_at', $13, 'author_uid', $5), $17, $1)
	from pull
)
select coalesce((select id from pull), (select id from core.pull where project_id = $1 and provider_pull_id = $2)) as id,
	exists (select from told) as changed,
	not exists (select from told) and exists (select from core.pull p where p.project_id = $1 and p.provider_pull_id = $2
		and p.source_updated_at = $15 and p.updated_at >= $18 and not (p.state = 'merged' and $8 <> 'merged')
		and (p.title, p.state, p.draft, p.base_ref, p.head_sha) is distinct from ($4, $8, $9, $10, $11)) as raced;
