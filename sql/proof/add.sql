-- none: the proof before it is pinned; the first statement of a submission stays
-- in   submission_id  uuid
-- in   verdict_id     uuid
-- in   payload        bytea
-- in   sha256         bytea   of the payload
-- in   cid            text
-- in   kid            text
-- in   envelope       bytea   DSSE
-- in   job            int8
-- role worker
with added as (
	insert into proof.proof (submission_id, verdict_id, payload, payload_sha256, cid, job_id)
	values ($1, $2, $3, $4, $5, $8)
	on conflict (submission_id) do nothing
	returning id
)
insert into proof.signature (proof_id, kid, envelope) select id, $6, $7 from added;
