-- The API's role names what a statement of its routes names, and no more: since when a wallet is linked, that a deposit is confirmed,
-- that a project is verified or a bounty open is not its to say.
revoke insert on core.person, core.wallet, core.payout_wallet, core.project, core.issue, core.bounty, core.contribution from patchwork_api;
grant insert (id) on core.person to patchwork_api;
grant insert (person_id, chain_id, caip10, address, public_key, contract) on core.wallet to patchwork_api;
grant insert (person_id, wallet_id, effective_at) on core.payout_wallet to patchwork_api;
grant insert (full_name, created_by) on core.project to patchwork_api;
grant insert (project_id, number) on core.issue to patchwork_api;
grant insert (id, project_id, issue_id, asset_id, amount, title, hold, deadline_at, created_by) on core.bounty to patchwork_api;
grant insert (bounty_id, funder_id, asset_id, deposit_tx) on core.contribution to patchwork_api;
