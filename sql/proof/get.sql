-- maybe: one proof: its envelope, and what it proves
-- in   cid            text
-- in   session_id     uuid?         who asks, when signed in
-- out  cid            text
-- out  submission_id  uuid
-- out  bounty_id      uuid
-- out  verdict_id     uuid
-- out  sha256         bytea         of the payload
-- out  size           int4          of the payload, bytes
-- out  kid            text?         key that signed the envelope
-- out  envelope       jsonb?        DSSE: {payload, payloadType, signatures}
-- out  created_at     timestamptz
-- out  pinned_at      timestamptz?
-- role api
select f.cid, f.submission_id, s.bounty_id, f.verdict_id, f.payload_sha256 as sha256, length(f.payload) as size, g.kid,
	convert_from(g.envelope, 'UTF8')::jsonb as envelope, f.created_at, f.pinned_at
from proof.proof f join core.submission s on s.id = f.submission_id join core.bounty b on b.id = s.bounty_id
	join core.project r on r.id = b.project_id
left join lateral (select kid, envelope from proof.signature where proof_id = f.id order by kid limit 1) as g on true
where f.cid = $1 and (not r.private or core.sees($2, 'submission', s.id))
