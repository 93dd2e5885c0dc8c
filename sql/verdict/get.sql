-- maybe: a verdict and all it was made from; of a submission, the latest
-- in   id             uuid      of the verdict or of its submission
-- out  id             uuid
-- out  submission_id  uuid
-- out  kind           text
-- out  policy_sha256  bytea
-- out  evidence_root  bytea
-- out  body           bytea
-- out  hashes         bytea[]
-- out  documents      bytea[]   in the same order; those that are there
-- role owner auditor
select v.id, v.submission_id, v.kind, v.policy_sha256, v.evidence_root, v.body, e.hashes, e.documents
from proof.verdict v cross join lateral (
	select coalesce(array_agg(x.sha256 order by x.sha256), '{}') as hashes, coalesce(array_agg(x.bytes order by x.sha256), '{}') as documents
	from ingest.evidence x where x.sha256 = any (v.evidence)) e
where v.id = $1 or v.submission_id = $1
order by v.created_at desc, v.id desc limit 1;
