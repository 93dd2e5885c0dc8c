-- maybe: a document by its hash
-- in   sha256      bytea
-- out  media_type  text
-- out  bytes       bytea
-- out  source_url  text
-- out  fetched_at  timestamptz
-- role worker auditor
select media_type, bytes, source_url, fetched_at from ingest.evidence where sha256 = $1;
