-- A delivery's fingerprint is the signature it came with: it says what the body's digest said, and who signed it, and is
-- already there. Rows of before have a digest in its place.
alter table ingest.delivery alter column body_sha256 drop not null,
	add column signature bytea check (length(signature) = 32);
alter table ingest.delivery_key alter column body_sha256 drop not null,
	add column signature bytea check (length(signature) = 32);

grant select (signature) on ingest.delivery to patchwork_auditor;

-- The API writes bodies and reads none; this it may ask. False as well when the delivery is no longer kept.
create function ingest.same_body(delivery bigint, given bytea) returns boolean
language sql stable security definer set search_path = pg_catalog, ingest
as $$ select coalesce((select d.body = given from ingest.delivery d where d.id = delivery), false) $$;
revoke all on function ingest.same_body(bigint, bytea) from public;
grant execute on function ingest.same_body(bigint, bytea) to patchwork_api;
