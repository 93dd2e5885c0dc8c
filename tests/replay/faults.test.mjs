// The fault matrix (F16 to F31): contributions are paid while something is done to the processes, the database, the clock or the
// broker; after a quiet moment the referee finds nothing. docs/testing.md has the rows; a row prints its seed.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { command } from '../stack/parts.mjs'
import { DATABASE } from '../stack/postgres.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { chance, seeds } from '../seed.mjs'
import { BREACHES, broken } from './breaches.mjs'
import { stageSources } from './points.mjs'
import { attemptsOf, CHECKS, look, referee, report } from './referee.mjs'
import { Wire } from './wire.mjs'
import { ended, World } from './world.mjs'

// LONG=1: the rows take as long as they were meant to.
const LONG = process.env.LONG === '1'
const ATTEMPTS = attemptsOf(stageSources())
let world, base, bus, relay
const acked = []

before(async () => {
  world = await World.start({ parts: ['ipfs', 'postgres', 'nats', 'redis', 'evm', 'github', 'api'] })
  Object.assign(world.at, { again: 60_000, acked })
  world.at.wait.patience = 60_000
  ;[base, bus] = await Promise.all([Wire.start(world.stack.ports.postgres), Wire.start(world.stack.ports.nats)])
  relay = startRelay()
})
after(async () => {
  await stop(relay)
  await world?.end()
  await Promise.all([base?.stop(), bus?.stop()])
})

// What a row does by chance can be done again.
function seeded(t) {
  const [seed] = seeds(1)
  t.diagnostic(`PATCHWORK_SEED=${seed}`)
  return chance(seed)
}

function startRelay(env = {}) {
  const { stack } = world
  return launch({
    argv: command(stack, 'relay'), env: { ...stack.as('patchwork_relay'), PATCHWORK_NATS_URL: `nats://127.0.0.1:${bus.port}`, ...env },
    log: stack.log('relay'), pidFile: stack.pidFile('relay-faults'), tied: 'SIGKILL',
  })
}

// A worker whose way to the database is the wire.
const wired = (env = {}) => world.worker({ PATCHWORK_DB_URL: `postgresql://patchwork_worker@127.0.0.1:${base.port}/${DATABASE}`, ...env })

// n contributions at once, up to a merge that GitHub has and Patchwork has not been told of; meanwhile an undisturbed worker works.
//   -> { merge(): all of it from there on, paid: a promise }
async function prepared(n) {
  const w = world.worker()
  const gates = Array.from({ length: n }, () => {
    const g = {}
    g.open = new Promise(open => { g.merge = open })
    return g
  })
  let waiting = 0
  const stories = gates.map(g => world.play({
    allowance: 2n ** 256n - 1n,
    before: { 'merged on GitHub, webhook taken': () => { waiting++; return g.open } },
  }))
  const paid = Promise.all(stories)
  paid.catch(() => {})
  await Promise.race([paid, until('the contributions are ready to be merged', () => waiting === n, { timeout: 90_000 })])
  await quiet()
  await world.retire(w)
  return { merge: () => gates.forEach(g => g.merge()), gates, paid }
}

// Work that waits for its back-off need not wait for it here; a deadline weeks away is not meant.
const SOON = `run_at < clock_timestamp() + interval '20 min'`
const hurry = () => world.sql(`update q.scheduled set run_at = now() where run_at > now() and ${SOON}`)

async function quiet() {
  await until('the queue is quiet', async () => {
    await hurry()
    return await world.sql(`select (select count(*) from q.claim) + (select count(*) from q.ready) + (select count(*) from q.scheduled where ${SOON})`) === '0'
  }, { timeout: 90_000, every: 150 })
}

// Everything is let go on; then the referee looks.
async function peace({ parked = '0' } = {}) {
  await quiet()
  await until('the audit log is sealed', async () => await world.sql('select unsealed from audit.state') === '0')
  await until('every event is published', async () => await world.sql(`select count(*) from q.outbox o, q.outbox_cursor c
    where c.sink = 'nats' and (o.xid, o.id) > (c.xid, c.id)`) === '0', { timeout: 60_000 })
  const seen = await referee(await look(world.at, world.sql, { acked, attempts: ATTEMPTS }))
  assert.ok(seen.every(s => s.breaches.length === 0 && s.unasked.length === 0), `\n${report(seen)}`)
  assert.equal(await world.sql('select count(*) from q.parked'), parked, 'nothing waits for a person')
}

// What comes of the contributions while the disturbance goes on in rounds; the worker is there until all is quiet.
async function disturbed(story, worker, round, { rounds, pause }) {
  story.merge()
  let over = false
  story.paid.finally(() => { over = true }).catch(() => {})
  for (let i = 0; i < rounds || (LONG && !over); i++) {
    await sleep(pause)
    await round(i)
  }
  await world.while(worker, story.paid)
  return over
}

test('F22: all connections of workers, API and relay are ended every 500 ms', async t => {
  seeded(t)
  const story = await prepared(LONG ? 12 : 3)
  const w = world.worker()
  let killed = 0
  const end = async () => {
    killed += Number(await world.sql(`select count(pg_terminate_backend(pid)) from pg_stat_activity where usename like 'patchwork\\_%'`))
  }
  await disturbed(story, w, end, { rounds: LONG ? 120 : 6, pause: 500 })
  assert.ok(killed > 0)
  await peace()
  await world.retire(w)
})

test('F23: the connection is cut between COMMIT and its answer, or between a claim and its answer', async t => {
  const { often } = seeded(t)
  const story = await prepared(LONG ? 8 : 2)
  const seen = { commits: 0, lost: 0, claims: 0, single: 0 }
  base.onClient = (link, bytes) => {
    const [, statement] = bytes.toString('latin1').match(/B....\0([\w.]+)\0/s) ?? [] // the execution of a prepared one
    link.claims = statement === 'queue.claim'
    if (bytes.includes('commit\0') && (seen.commits++ < 2 || often(0.3))) return seen.lost++ % 2 ? 'last' : 'cut' // it has happened, or not
    if (statement && !link.claims && often(0.03)) {
      seen.single++
      return 'last'
    }
  }
  base.onServer = (link, bytes) => {
    if (!link.claims || !bytes.includes('_id"') || !(seen.claims === 0 || often(0.3))) return
    seen.claims++
    return 'cut' // the worker does not hear of the jobs that are its now
  }
  const w = wired()
  await disturbed(story, w, () => {}, { rounds: 1, pause: 100 })
  await peace()
  t.diagnostic(JSON.stringify(seen))
  assert.ok(seen.lost >= 2 && seen.claims >= 1, JSON.stringify(seen))
  base.mend()
  await world.retire(w)
})

test('referee: each check finds what it is for', async () => {
  const story = await prepared(1)
  const w = world.worker()
  await disturbed(story, w, () => {}, { rounds: 0 })
  await peace()
  await world.retire(w)
  const seen = await look(world.at, world.sql, { acked, attempts: ATTEMPTS })
  assert.deepEqual(CHECKS.map(c => c.id).filter(id => !BREACHES.some(([check]) => check === id)), [], 'every check has a breach')
  const missed = []
  for (const [id, says, breach] of BREACHES) {
    const found = await referee(broken(seen, breach), [id]).then(([s]) => s.breaches.join('\n'), e => e.message)
    if (!says.test(found)) missed.push(`${id} ${says} after ${breach}: ${found}`)
  }
  assert.deepEqual(missed, [])
  await peace() // nothing of it stayed
})
