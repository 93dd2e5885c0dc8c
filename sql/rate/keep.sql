-- one: every body that was read, by its hash, and what a conditional request may name next time
-- in   credential  text
-- in   subjects    text[]
-- in   urls        text[]
-- in   etags       text[]     null: gave none
-- in   modified    text[]
-- in   next        text[]
-- in   moved       text[]
-- in   bodies      bytea[]    null: none, it has moved
-- out  kept        int8
-- role worker
with every as (
	select * from unnest($2, $3, $4, $5, $6, $7, $8) with ordinality as p (subject, url, etag, modified, next, moved, bytes, n)
), page as (
	select distinct on (url) * from every where etag is not null or modified is not null or moved is not null order by url, n desc
), stored as (
	insert into ingest.evidence (sha256, media_type, bytes, source_url)
	select distinct on (sha256(bytes)) sha256(bytes), 'application/json', bytes, url from every where bytes is not null
	on conflict (sha256) do nothing
), cached as (
	insert into ingest.fetch_cache as c (credential, url_sha256, subject, url, etag, last_modified, next_url, moved_url,
		evidence_sha256)
	select $1, sha256(convert_to(url, 'UTF8')), subject, url, etag, modified, next, moved, sha256(bytes) from page
	order by url
	on conflict (credential, url_sha256) do update
	set etag = excluded.etag, last_modified = excluded.last_modified, next_url = excluded.next_url,
		moved_url = excluded.moved_url, evidence_sha256 = excluded.evidence_sha256, fetched_at = now()
	returning 1
)
select count(*) as kept from cached;
