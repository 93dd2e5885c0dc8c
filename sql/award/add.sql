-- one: keeps an award that counts: its document, a submission when there is none, and the verdict that it asks for
-- in   comment_id     int8
-- in   body_sha256    bytea
-- in   ordinal        int4
-- in   pull           int4
-- in   document       bytea   what verdicts are made from
-- in   sha256         bytea   of it
-- in   url            text
-- in   job            int8
-- in   trace          text?
-- out  submission_id  uuid
-- out  fresh          bool    the comment had not awarded it before
-- role worker
-- core.command_do comes before it: it has locked the bounty, and taken no award that does not count
with said as (
	select k.actor_uid, k.actor_login, k.reason, b.id as bounty_id, b.issue_id, b.project_id, p.id as pull_id, p.number, p.merge_sha, a.person_id
	from core.command k join core.bounty b on b.id = k.bounty_id join core.pull p on p.project_id = k.project_id and p.number = $4
		left join core.external_account a on a.provider = 'github' and a.provider_uid = p.author_uid and a.revoked_at is null
	where k.comment_id = $1 and k.body_sha256 = $2 and k.ordinal = $3 and k.verb = 'award' and k.code is null
), before as (
	select s.state from core.submission s join said x on (s.bounty_id, s.pull_id) = (x.bounty_id, x.pull_id)
), submission as (
	-- what a maintainer refused before the merge is taken up again; nothing else that was rejected comes here
	insert into core.submission as s (bounty_id, pull_id, claimant_id, evidence_level) select bounty_id, pull_id, person_id, 0 from said
	on conflict (bounty_id, pull_id) do update set state = case s.state when 'rejected' then 'seen' else s.state end,
		reason = case when s.state <> 'rejected' then s.reason end, note = case when s.state <> 'rejected' then s.note end,
		updated_at = case s.state when 'rejected' then now() else s.updated_at end
	returning s.id
), kept as (
	insert into ingest.evidence (sha256, media_type, bytes, source_url) values ($6, 'application/json', $5, $7)
	on conflict (sha256) do nothing
), awarded as (
	insert into core.award (comment_id, body_sha256, ordinal, submission_id, actor_uid, actor_login, reason, evidence_sha256)
	select $1, $2, $3, s.id, x.actor_uid, x.actor_login, x.reason, $6 from submission s, said x
	on conflict (comment_id, submission_id) do nothing
	returning submission_id as id
), tied as (
	insert into core.pull_issue_link (pull_id, issue_id, level, source)
	select x.pull_id, x.issue_id, 0, 'award' from awarded, said x on conflict (pull_id, issue_id, source) do nothing
), noted as (
	select audit.append('submission.awarded', 'submission', a.id::text, jsonb_build_object('bounty_id', x.bounty_id, 'pull_number', x.number,
		'comment_id', $1, 'ordinal', $3, 'actor_uid', x.actor_uid, 'evidence_sha256', encode($6, 'hex'), 'job_id', $8, 'trace_id', $9),
		'github', x.actor_login, x.reason)
	from awarded a, said x
), seen as (
	select q.emit('submission.seen', a.id::text, 'submission/' || a.id, jsonb_build_object('submission_id', a.id, 'bounty_id', x.bounty_id,
		'pull_id', x.pull_id), $9, x.project_id)
	from awarded a, said x where not exists (select from before)
), told as (
	select q.emit('submission.awarded', a.id || ':' || $1, 'submission/' || a.id, jsonb_build_object('submission_id', a.id,
		'bounty_id', x.bounty_id, 'pull_id', x.pull_id, 'by', x.actor_login, 'comment_id', $1, 'reason', x.reason), $9, x.project_id)
	from awarded a, said x
), queued as (
	select q.enqueue('verify', 'verify.merge', concat_ws(':', 'merge', a.id, x.merge_sha, (select $1 from before where state = 'rejected')),
		jsonb_build_object('submission_id', a.id), $8, trace => $9, project_id => x.project_id)
	from awarded a, said x
)
select (select id from submission) as submission_id, (select count(*) from noted) + (select count(*) from seen)
	+ (select count(*) from told) + (select count(*) from queued) > 0 as fresh;
