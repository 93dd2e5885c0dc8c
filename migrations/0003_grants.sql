-- What each process may do with the tables of 0001: the worker what the statements of the stages need, column by column where
-- an update touches few. make check-sql runs every statement's plan as its role.

grant usage on schema core, ingest, proof, ledger, rep to patchwork_worker;
grant select on core.person, core.chain, core.asset, core.wallet, core.external_account, core.project, core.issue, core.pull,
	core.pull_issue_link, core.bounty, core.bounty_state_rule, core.bounty_event, core.contribution, core.submission
	to patchwork_worker;
grant select on ingest.delivery, ingest.evidence to patchwork_worker;
grant select on all tables in schema proof, ledger, rep to patchwork_worker;

-- sync
grant update (repo_id, full_name, default_branch, private, archived, state, state_reason, hook_alive_at, updated_at, version)
	on core.project to patchwork_worker;
grant update (state, reason, action, repo_id, number) on ingest.delivery to patchwork_worker;
grant insert (project_id, provider_issue_id, number, title, state, state_reason, closed_at, source_updated_at),
	update (provider_issue_id, title, state, state_reason, closed_at, source_updated_at, updated_at)
	on core.issue to patchwork_worker;
grant insert (project_id, provider_pull_id, number, title, author_uid, author_login, author_type, state, draft, base_ref, head_sha,
		merge_sha, merged_at, merged_by_uid, source_updated_at, delivery_id),
	update (title, author_login, author_type, state, draft, base_ref, head_sha, merge_sha, merged_at, merged_by_uid,
		source_updated_at, delivery_id, updated_at)
	on core.pull to patchwork_worker;
grant insert on core.pull_issue_link to patchwork_worker;
grant insert (bounty_id, pull_id, claimant_id, evidence_level),
	update (claimant_id, evidence_level, state, reason, updated_at)
	on core.submission to patchwork_worker;

-- verify
grant insert on ingest.evidence, proof.verdict to patchwork_worker;
grant update (state, state_since, blocker, version) on core.bounty to patchwork_worker;
grant insert on core.bounty_event to patchwork_worker;
grant update (funder, log_index, amount, block_number, block_hash, state, reason, confirmed_at)
	on core.contribution to patchwork_worker;

-- prove
grant insert, update (pinned_at) on proof.proof to patchwork_worker;
grant insert on proof.signature to patchwork_worker;

-- pay
grant insert on ledger.account, ledger.transfer, ledger.entry, ledger.balance to patchwork_worker;
grant update (posted) on ledger.balance to patchwork_worker;
grant insert, update (state, blocker, tx_hash, paid_at, updated_at) on ledger.payout to patchwork_worker;
grant insert, update (next_nonce, stopped) on ledger.chain_key to patchwork_worker;
grant insert, update (state, sent_at) on ledger.tx_intent to patchwork_worker;
grant insert on ledger.tx_observation to patchwork_worker;

-- score
grant insert on rep.formula, rep.event to patchwork_worker;
grant insert, update (points_micro, event_count, updated_at) on rep.score to patchwork_worker;

-- the API: what the statements of its routes need
grant usage on schema core, ingest, proof, ledger, rep to patchwork_api;
grant select on core.person, core.chain, core.asset, core.wallet, core.external_account, core.auth_nonce, core.session,
	core.idempotency, core.project, core.issue, core.pull, core.pull_issue_link, core.bounty, core.bounty_state_rule,
	core.bounty_event, core.contribution, core.submission to patchwork_api;
grant select (number) on core.migration to patchwork_api;
grant select on ingest.delivery_key, proof.verdict, proof.proof, proof.signature, ledger.entry, ledger.transfer, ledger.payout,
	ledger.tx_intent, ledger.tx_observation to patchwork_api;
grant select (id, received_at, provider, guid, hook_id, event, state, reason, action, repo_id, number) on ingest.delivery to patchwork_api;
grant select on all tables in schema rep to patchwork_api;

-- sign in
grant insert, delete, update (consumed_at) on core.auth_nonce to patchwork_api;
grant insert on core.person, core.session to patchwork_api;
grant insert, update (chain_id) on core.wallet to patchwork_api;            -- an update that changes nothing finds the row

-- webhooks
grant usage on sequence ingest.delivery_id_seq to patchwork_api;
grant insert on ingest.delivery to patchwork_api;
grant insert, update (guid) on ingest.delivery_key to patchwork_api;        -- the same

-- projects and bounties
grant insert on core.project, core.bounty_event to patchwork_api;
grant insert, update (number) on core.issue to patchwork_api;               -- the same
grant insert, update (request_sha256) on core.idempotency to patchwork_api; -- the same
grant insert, update (state, state_since, version, blocker) on core.bounty to patchwork_api;
grant insert, update (deposit_tx) on core.contribution to patchwork_api;    -- the same

-- The auditor reads what was decided and on what evidence, and changes nothing; sessions, challenges and bodies of deliveries
-- are none of it.
grant usage on schema core, ingest, proof, ledger, rep to patchwork_auditor;
grant select on core.chain, core.asset, core.person, core.wallet, core.external_account, core.project, core.issue, core.pull,
	core.pull_issue_link, core.bounty, core.bounty_state_rule, core.bounty_event, core.contribution, core.submission
	to patchwork_auditor;
grant select (id, received_at, provider, guid, hook_id, event, secret_no, body_sha256, state, reason, action, repo_id)
	on ingest.delivery to patchwork_auditor;
grant select on ingest.delivery_key, ingest.evidence to patchwork_auditor;
grant select on all tables in schema proof, ledger, rep to patchwork_auditor;
