-- What the API's lists and lineages look up, so that they stay quick with a million rows.

create index bounty_project on core.bounty (project_id, created_at desc, id desc);
create index project_page on core.project (created_at desc, id desc);
create index project_full_name on core.project (provider, lower(full_name)); -- "project.name_taken" covers the unresolved alone
create index pull_delivery on core.pull (delivery_id) where delivery_id is not null;
