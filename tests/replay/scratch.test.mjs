// Scratch replay (O6): what came from outside (deliveries, and the rows that people wrote through the API) is put into an empty
// database, in the order in which it came. Workers make of it what they made of it the first time: every projection has the same
// checksum, though each id of ours but those that people were told is another one. The chain is set back to before the payment.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { rpc } from '../stack/evm.mjs'
import { DATABASE } from '../stack/postgres.mjs'
import { releases } from '../stack/scenario.mjs'
import { until } from '../stack/proc.mjs'
import { World } from './world.mjs'

const SCRATCH = 'patchwork_scratch'
let world
before(async () => { world = await World.start() })
after(() => world?.end())

// What people and GitHub wrote, column by column; the rest of these tables is the stages' work.
const INPUT = {
  'core.chain': '*', 'core.asset': '*', 'core.person': '*', 'core.wallet': '*', 'core.external_account': '*',
  'core.project': 'id full_name created_by created_at',
  'core.issue': 'id project_id number',
  'core.bounty': 'id project_id issue_id asset_id amount title hold deadline_at created_by created_at',
  'core.contribution': 'id bounty_id funder_id asset_id deposit_tx created_at',
  'ingest.delivery': 'id received_at provider guid hook_id event secret_no body body_sha256',
  'ingest.delivery_key': '*',
}
const WHICH = { 'core.issue': 'where exists (select from core.bounty b where b.issue_id = t.id)' }

// Rows as SQL that puts them into another database.
async function dump(world) {
  const parts = []
  for (const [table, list] of Object.entries(INPUT)) {
    const names = list === '*' ? await world.sql(`select string_agg(attname, ' ' order by attnum) from pg_attribute
      where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped and attgenerated = ''`) : list
    const rows = await world.sql(`select coalesce(jsonb_agg(to_jsonb(t)), '[]') from ${table} t ${WHICH[table] ?? ''}`)
    const columns = names.split(' ').map(n => `"${n}"`).join(', ')
    parts.push(`insert into ${table} (${columns}) overriding system value
      select ${columns} from jsonb_populate_recordset(null::${table}, $rows$${rows}$rows$);`)
  }
  // A deposit that was told moved its bounty at once, in the API's own transaction.
  parts.push(`select core.bounty_move(c.bounty_id, 'deposit_seen', 'person/' || c.funder_id, null, '{}') from core.contribution c;`)
  return parts.join('\n')
}

// The jobs that the API made of it, oldest first; what a worker makes comes of itself.
const asked = async world => JSON.parse(await world.sql(`select jsonb_agg(jsonb_build_object('queue', queue, 'kind', kind, 'key', key, 'args', args)
  order by id) from q.job where parent_id is null and (created_by = 'github' or created_by like 'person/%')`))

async function emptyDatabase(world) {
  await world.stack.sql(`create database ${SCRATCH} owner patchwork_owner`, 'postgres')
  await world.stack.sql(`grant connect, temporary on database ${SCRATCH} to patchwork_worker, patchwork_operator`, 'postgres')
}

const elsewhere = role => ({ PATCHWORK_DB_URL: world.stack.database(role, false).replace(new RegExp(`/${DATABASE}$`), `/${SCRATCH}`) })
const scratch = text => world.stack.sql(text, SCRATCH)

test('O6: a day of deliveries in an empty database gives the same projections', async () => {
  let before
  const first = world.worker()
  const c = await world.while(first, world.play({
    before: {
      'merged on GitHub, webhook taken': async () => {
        await world.quiet()
        before = await rpc(world.at.evm, 'evm_snapshot', [])
      },
    },
  }))
  await world.quiet()
  await world.retire(first)
  const was = JSON.parse(await world.stack.run('patchwork_operator', 'checksum', '--json'))
  const input = await dump(world), jobs = await asked(world)
  assert.ok(jobs.length >= 6, JSON.stringify(jobs))
  assert.equal((await releases(world.at, c.payout.chain_key)).length, 1)

  assert.equal(await rpc(world.at.evm, 'evm_revert', [before]), true)
  assert.equal((await releases(world.at, c.payout.chain_key)).length, 0, 'the chain has not paid yet')
  await emptyDatabase(world)
  const run = (role, ...words) => world.stack.run(role, ...words)
  world.stack.options.env = { ...world.stack.options.env, migrate: elsewhere('patchwork_owner'), checksum: elsewhere('patchwork_operator') }
  await run('patchwork_owner', 'migrate')
  await scratch(input)

  const second = world.worker(elsewhere('patchwork_worker'))
  const still = () => scratch(`select (select count(*) from q.claim) + (select count(*) from q.ready)
    + (select count(*) from q.scheduled join q.job on id = job_id where kind <> 'verify.deadline')`)
  await world.while(second, (async () => {
    for (const { queue, kind, key, args } of jobs) {
      await scratch(`select q.enqueue('${queue}', '${kind}', '${key}', '${JSON.stringify(args)}'); notify patchwork_ready, '${queue}'`)
      await until(`${key} and what follows is done`, async () => await still() === '0', { timeout: 90_000 })
    }
  })())
  await world.retire(second)

  assert.equal(await scratch('select count(*) from q.parked'), '0')
  const is = JSON.parse(await run('patchwork_operator', 'checksum', '--json'))
  const byPart = sum => Object.fromEntries(sum.parts.map(p => [p.part, `${p.rows} ${p.sha256}`]))
  assert.deepEqual(byPart(is), byPart(was))
  assert.equal(is.sha256, was.sha256)
  for (const part of ['project', 'pull', 'submission', 'verdict', 'proof', 'entry', 'payout', 'score'])
    assert.ok(was.parts.some(p => p.part === part && p.rows > 0), `${part} has rows to compare`)
  const ours = 'select (select id from core.submission), (select id from proof.verdict where kind = $$merge$$)'
  assert.notEqual(await scratch(ours), await world.sql(ours), 'they were made anew')

  // and it is no constant: whatever is changed by hand shows, in its part alone
  const changed = {
    pull: `update core.pull set title = 'another'`, verdict: `update proof.verdict set evidence = array_remove(evidence, (select e.sha256 from ingest.evidence e
      where e.sha256 = any (evidence) and e.source_url not like 'patchwork:%' limit 1))`,
    proof: 'update proof.proof set pinned_at = null', payout: 'update ledger.payout set amount = amount + 1',
    score: 'update rep.score set points_micro = points_micro + 1 where scope = $$global$$',
  }
  for (const [part, text] of Object.entries(changed)) {
    const last = byPart(JSON.parse(await run('patchwork_operator', 'checksum', '--json')))
    await scratch(text)
    const now = byPart(JSON.parse(await run('patchwork_operator', 'checksum', '--json')))
    assert.deepEqual(Object.keys(now).filter(p => now[p] !== last[p]), [part])
  }
})
