-- one: keeps a verdict and all it was made from; the same verdict is one row
-- in   submission_id  uuid
-- in   policy_sha256  bytea
-- in   evidence_root  bytea
-- in   hashes         bytea[]   of the evidence, sorted
-- in   documents      bytea[]   the evidence in the same order
-- in   urls           text[]    where each came from
-- in   checks         jsonb
-- in   result         text
-- in   body           bytea     canonical JSON
-- in   kind           text      merge hold
-- in   job            int8
-- out  id             uuid
-- role worker
with stored as (
	insert into ingest.evidence (sha256, media_type, bytes, source_url)
	select e.sha256, 'application/json', e.bytes, e.url from unnest($4, $5, $6) as e (sha256, bytes, url)
	on conflict (sha256) do nothing
), added as (
	insert into proof.verdict (submission_id, policy_sha256, evidence_root, evidence, checks, result, body, kind, job_id)
	values ($1, $2, $3, $4, $7, $8, $9, $10, $11)
	on conflict (submission_id, policy_sha256, evidence_root) do nothing
	returning id
)
select coalesce((select id from added), (select id from proof.verdict
	where submission_id = $1 and policy_sha256 = $2 and evidence_root = $3)) as id;
