-- many: answers kept from before
-- in   credential  text
-- in   subjects    text[]
-- out  url         text
-- out  etag        text?
-- out  modified    text?
-- out  next        text?
-- out  moved       text?
-- out  bytes       bytea?    canonical JSON
-- role worker
select c.url, c.etag, c.last_modified as modified, c.next_url as next, c.moved_url as moved, e.bytes
from ingest.fetch_cache c left join ingest.evidence e on e.sha256 = c.evidence_sha256
where c.credential = $1 and c.subject = any ($2) and (e.sha256 is null or octet_length(e.bytes) <= 1048576)
order by c.fetched_at desc limit 64;
