-- Which key a webhook's secret is sealed by, for those who may not read the secret.
alter table core.hook add column key_id text generated always as (encode(substr(secret, 2, 8), 'hex')) stored;
create index hook_key on core.hook (key_id) where gone_at is null;
grant select (key_id) on core.hook to patchwork_auditor;
