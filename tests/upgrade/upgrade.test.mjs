// The release before this one and this one, both as they are shipped, on one database: an upgrade in its steps, contributions paid
// at each of them, and a referee at the end. PATCHWORK_PREVIOUS: the folder of the release before's programs.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { stageSources } from '../replay/points.mjs'
import { attemptsOf, look, referee, report } from '../replay/referee.mjs'
import { ROOT, World } from '../replay/world.mjs'
import { until } from '../stack/proc.mjs'
import { AMOUNT } from '../stack/scenario.mjs'
import { startStack } from '../stack/stack.mjs'
import { migrations } from './previous.mjs'

const OLD = process.env.PATCHWORK_PREVIOUS ?? join(ROOT, 'build/previous/build')
const NEW = join(ROOT, 'build')
const MERGED = 'merged on GitHub, webhook taken'
// A configuration is the release before's until the upgrade is over.
const KEYS = ['patchwork.conf', 'patchwork-api.conf'].flatMap(f => [...readFileSync(join(OLD, '../conf', f), 'utf8').matchAll(/^#?\s*([a-z]+\.\w+) =/gm)].map(m => m[1]))
let world, worker

before(async () => {
  const stack = await startStack({
    dir: mkdtempSync(join(tmpdir(), 'patchwork-upgrade-')), programs: OLD, fsync: false, knows: key => KEYS.includes(key), parts: ['ipfs', 'postgres', 'nats', 'redis', 'evm', 'github', 'api', 'relay'],
    conf: { 'worker.lease': '1s', 'worker.poll': '250ms', 'relay.poll': '50ms', ...Object.fromEntries(['read', 'write', 'login'].map(n => [`limit.${n}_per_minute`, 0])) },
  })
  world = new World(stack)
  worker = world.worker()
})
after(() => world?.end())

const use = folder => { world.stack.options.programs = folder }
const paid = async (c, who) => {
  assert.equal(c.payout.state, 'paid', who)
  assert.ok(c.events.length > 0, `${who}: its events are on NATS`)
}
const ready = async () => {
  const resp = await fetch(`${world.at.api}/readyz`)
  return [resp.status, await resp.json()]
}
const applied = () => world.sql('select count(*) from core.migration')
const swap = async (folder, stages) => {
  use(folder)
  const next = world.worker({}, stages)
  await world.retire(worker)
  worker = next
}

test('O12, F47: the release before pays; the schema is upgraded while it does', async () => {
  assert.equal(await applied(), String(migrations.length), 'it has its own migrations and no others')
  await paid(await world.play({ events: true }), 'before the upgrade')
  const story = world.play({ events: true, before: { [MERGED]: async () => {
    use(NEW)
    await world.stack.run('patchwork_owner', 'migrate')
    use(OLD)
  } } })
  await paid(await story, 'under way when the schema changed')
  assert.ok(Number(await applied()) > migrations.length)
})

test('O12, F47: the API of the release before with workers of this one, which take over what is in hand', async () => {
  const story = world.play({ events: true, before: { [MERGED]: () => swap(NEW) } })
  await paid(await story, 'whose worker was replaced')
  await paid(await world.play({ events: true }), 'old API, new worker')
})

test('O12, F47: the API of this release with workers of the one before', async () => {
  use(NEW)
  await world.stack.restart('api')
  const [status, { warnings }] = await ready()
  assert.deepEqual([status, warnings], [200, []])
  await swap(OLD)
  await paid(await world.play({ events: true }), 'new API, old worker')
})

test('O12, F47: both releases\' workers at once, then this one alone; nothing is lost, nothing is done twice', async () => {
  const old = worker
  use(NEW)
  worker = world.worker()
  let deposited // one after the other: the funder's transactions have one order
  const inTurn = () => {
    const last = deposited
    let over
    deposited = new Promise(done => { over = done })
    return { 'money locked in the escrow': () => last, 'deposit confirmed, bounty open': () => over() }
  }
  const stories = await Promise.all([1, 2, 3].map(() => world.play({ allowance: 10n * AMOUNT, before: inTurn() })))
  for (const c of stories) assert.equal(c.payout.state, 'paid')
  await world.retire(old)
  await world.stack.restart('relay')
  await paid(await world.play({ events: true }), 'after the upgrade')
  await world.quiet()
  await until('the audit log is sealed', async () => await world.sql('select unsealed from audit.state') === '0')
  await until('every event is published', async () => await world.sql(`select count(*) from q.outbox o, q.outbox_cursor c
    where c.sink = 'nats' and (o.xid, o.id) > (c.xid, c.id)`) === '0')
  assert.equal(await world.sql('select count(*) from q.parked'), '0')
  const seen = await referee(await look(world.at, world.sql, { acked: [], attempts: attemptsOf(stageSources()) }))
  assert.ok(seen.every(s => s.breaches.length === 0 && s.unasked.length === 0), `\n${report(seen)}`)
})

test('O12: the program of the release before does not touch a schema that is newer', async () => {
  use(OLD)
  await assert.rejects(world.stack.run('patchwork_owner', 'migrate'), /migrate\.ahead/)
  use(NEW)
  assert.match(await world.stack.run('patchwork_owner', 'migrate', '--dry-run'), /0/)
})
