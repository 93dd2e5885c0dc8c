// A bounty with what one has after a while: money, submissions, events. Straight into the tables: no chain and no GitHub needed.
const SEED = `
with person as (
  insert into core.person default values returning id
), chain as (
  insert into core.chain (id, caip2, confirmations, escrow) values (338, 'eip155:338', 1, decode(repeat('11', 20), 'hex')) returning id
), asset as (
  insert into core.asset (caip19, chain_id, token, symbol, decimals)
  select 'eip155:338/erc20:0x' || repeat('22', 20), id, decode(repeat('22', 20), 'hex'), 'PTD', 6 from chain returning id
), project as (
  insert into core.project (repo_id, full_name, state, created_by) select 42, 'northwind/forecast', 'verified', id from person returning id
), issue as (
  insert into core.issue (project_id, provider_issue_id, number, title, state)
  select id, 7, 7, 'Halves are rounded away from zero', 'open' from project returning id, project_id
), bounty as (
  insert into core.bounty (project_id, issue_id, asset_id, amount, title, hold, deadline_at, created_by)
  select issue.project_id, issue.id, asset.id, 250000000, 'Rounding', '7 days', now() + interval '90 days', person.id
  from issue, asset, person returning id, project_id, asset_id, created_by
), contribution as (
  insert into core.contribution (bounty_id, funder_id, asset_id, deposit_tx, funder, log_index, amount, block_number, block_hash,
    state, confirmed_at)
  select id, created_by, asset_id, sha256('deposit'), decode(repeat('33', 20), 'hex'), 0, 250000000, 9, sha256('block'), 'confirmed',
    now()
  from bounty
), pull as (
  insert into core.pull (project_id, provider_pull_id, number, title, author_uid, author_login, author_type, state, base_ref, head_sha,
    source_updated_at)
  select project_id, 1000 + n, 10 + n, 'Round half to even', 500 + n, 'ada' || n, 'User', 'open', 'main', md5(n::text), now()
  from bounty, generate_series(1, 2) n returning id
)
insert into core.submission (bounty_id, pull_id) select bounty.id, pull.id from bounty, pull;
select core.bounty_move(id, event, 'bench', null) from core.bounty,
  unnest('{deposit_seen,deposit_confirmed,attempt}'::text[]) with ordinality as e (event, n) order by n;`

// -> its id
export async function seedBounty(stack) {
  await stack.sql(SEED)
  return stack.sql('select id from core.bounty')
}
