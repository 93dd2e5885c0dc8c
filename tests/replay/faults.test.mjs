// The fault matrix (F16 to F31): contributions are paid while something is done to the processes, the database, the clock or the
// broker; after a quiet moment the referee finds nothing. docs/testing.md has the rows; a row that draws prints its seed.
import assert from 'node:assert/strict'
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { command, PARTS } from '../stack/parts.mjs'
import { DATABASE } from '../stack/postgres.mjs'
import { alive, answers, launch, stop, until } from '../stack/proc.mjs'
import { deliver } from '../stack/scenario.mjs'
import { eachSeed } from '../seed.mjs'
import { NatsReader } from '../stack/nats.mjs'
import { BREACHES, broken } from './breaches.mjs'
import { ROOT, stageSources } from './points.mjs'
import { attemptsOf, CHECKS, look, referee, report } from './referee.mjs'
import { Scarcity } from './scarce.mjs'
import { Wire } from './wire.mjs'
import { ended, STAGES, World } from './world.mjs'

// LONG=1: the rows take as long as they were meant to.
const LONG = process.env.LONG === '1'
const ATTEMPTS = attemptsOf(stageSources())
const notes = mkdtempSync(join(tmpdir(), 'patchwork-notes-'))
const AUDIT = { PATCHWORK_AUDIT_KEY_FILE: join(notes, 'key'), PATCHWORK_AUDIT_EXPORT_DIR: join(notes, 'out') }
let world, base, bus, relay, scarcity, server
const acked = []

before(async () => {
  scarcity = new Scarcity()
  server = scarcity.of('postgres')
  mkdirSync(AUDIT.PATCHWORK_AUDIT_EXPORT_DIR)
  world = await World.start({ lease: '1s', env: { postgres: server.env, '--json': AUDIT }, parts: ['ipfs', 'postgres', 'nats', 'redis', 'evm', 'github', 'api'] })
  Object.assign(world.at, { again: 60_000, acked })
  world.at.wait.patience = 150_000
  ;[base, bus] = await Promise.all([Wire.start(world.stack.ports.postgres), Wire.start(world.stack.ports.nats)])
  relay = startRelay()
  await until('the relay has made the stream', () => PARTS.relay.ready(world.stack))
})
// Whatever became of a row, the next one begins with everything as it was.
afterEach(async () => {
  pinging = false
  base.mend()
  bus.mend()
  server.set('full', 0)
  for (const w of [...world.workers, ...started]) if (alive(w)) process.kill(w.pid, 'SIGKILL')
  for (const w of [...world.workers, ...started]) await until('a worker is gone', () => !alive(w))
  await world.sql('delete from q.parked')
})
after(async () => {
  await stop(relay)
  await world?.end()
  await Promise.all([base?.stop(), bus?.stop()])
  scarcity?.end()
  rmSync(notes, { recursive: true, force: true })
})

// What a row does by chance can be done again, and SEEDS times.
const seeded = body => t => eachSeed(t, 1, drawn => body(drawn, t))

function startRelay(env = {}) {
  const { stack } = world
  return launch({
    argv: command(stack, 'relay'), env: { ...stack.as('patchwork_relay'), PATCHWORK_NATS_URL: `nats://127.0.0.1:${bus.port}`, ...env },
    log: stack.log('relay'), pidFile: stack.pidFile('relay-faults'), tied: 'SIGKILL',
  })
}

// A worker as it is shipped, beside a library that is preloaded.
const started = []
function preloaded(env) {
  const w = launch({
    argv: [join(ROOT, 'build/patchwork'), '--config', world.stack.path('patchwork.conf'), 'work', ...STAGES],
    env: { ...world.stack.as('patchwork_worker'), ...env }, log: world.stack.log('preloaded'), tied: 'SIGKILL',
  })
  started.push(w)
  return w
}

// The workers are at work: known to the database, and heard of from now on.
async function working(...all) {
  const now = await world.sql('select now()')
  await until('the workers are at work', async () => await world.sql(`select count(*) from q.worker
    where substring(name from ':([0-9]+)$')::int = any ('{${all.map(w => w.pid)}}') and seen_at > '${now}'`) === String(all.length))
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
    before: { 'merged on GitHub, webhook taken': c => { waiting++; g.c = c; return g.open } },
  }))
  const paid = Promise.all(stories)
  paid.catch(() => { waiting = n })
  await Promise.race([paid, until('the contributions are ready to be merged', () => waiting === n, { timeout: 90_000 })])
  await quiet()
  await world.retire(w)
  return { merge: () => gates.forEach(g => g.merge()), gates, paid }
}

// Work that waits for its back-off need not wait for it here, nor what a clock has jumped past for the look of each minute; a
// deadline weeks away is not meant.
const SOON = `run_at < clock_timestamp() + interval '20 min'`
const hurry = () => world.sql(`update q.scheduled set run_at = now()
  where (run_at > now() or run_at < now() - interval '50 s') and ${SOON}`)

async function quiet() {
  await until('the queue is quiet', async () => {
    await hurry()
    return await world.sql(`select (select count(*) from q.claim) + (select count(*) from q.ready) + (select count(*) from q.held)
      + (select count(*) from q.scheduled where ${SOON})`) === '0'
  }, { timeout: 90_000, every: 150 }).catch(async e => { throw new Error(`${e.message}\n${await world.unfinished()}`) })
}

// The disturbance is over: all is paid while the worker lives.
async function finished(story, worker) {
  let over = false
  const going = world.while(worker, story.paid).finally(() => { over = true })
  going.catch(() => {})
  while (!over) {
    await hurry()
    await Promise.race([going, sleep(300)])
  }
  return going
}

const published = () => until('every event is published', async () => await world.sql(`select count(*) from q.outbox o, q.outbox_cursor c
  where c.sink = 'nats' and (o.xid, o.id) > (c.xid, c.id)`) === '0')

// Everything is let go on; then the referee looks.
async function peace() {
  await quiet()
  await until('the audit log is sealed', async () => await world.sql('select unsealed from audit.state') === '0')
  await published()
  const { public_key: auditKey } = JSON.parse(await world.stack.run('patchwork_owner', '--json', 'audit', 'checkpoint'))
  assert.notEqual(await world.sql('select count(*) from audit.checkpoint'), '0', 'the chain is signed')
  const seen = await referee(await look(world.at, world.sql, { acked, attempts: ATTEMPTS, auditKey }))
  assert.ok(seen.every(s => s.breaches.length === 0 && s.unasked.length === 0), `\n${report(seen)}`)
  assert.equal(await world.unbalanced(), '0')
  assert.equal(await world.sql(`select string_agg(p.kind || ': ' || p.error_code || ' ' || coalesce(r.error, ''), E'\n') from q.parked p
    join q.run r on (r.job_id, r.attempt) = (p.job_id, p.attempt)`), '', 'nothing waits for a person')
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
  await finished(story, worker)
  return over
}

test('F22: all connections of workers, API and relay are ended every 500 ms', async () => {
  const story = await prepared(LONG ? 12 : 3)
  const w = world.worker()
  await working(w)
  let killed = 0
  const end = async () => {
    killed += Number(await world.sql(`select count(pg_terminate_backend(pid)) from pg_stat_activity where usename like 'patchwork\\_%'`))
  }
  await disturbed(story, w, end, { rounds: LONG ? 120 : 4, pause: 500 })
  assert.ok(killed > 0)
  await peace()
  await world.retire(w)
})

test('F23: the connection is cut between COMMIT and its answer, or between a claim and its answer', seeded(async ({ often }, t) => {
  const story = await prepared(LONG ? 8 : 2)
  const w = wired()
  await working(w)
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
  await disturbed(story, w, () => {}, { rounds: 1, pause: 100 })
  await peace()
  t.diagnostic(JSON.stringify(seen))
  assert.ok(seen.lost >= 2 && seen.claims >= 1, JSON.stringify(seen))
  base.mend()
  await world.retire(w)
}))

test('F16: workers that are stopped at a point of paying, past their lease, and go on when another has paid', seeded(async ({ shuffle }, t) => {
  const points = shuffle(['verify.merge.effected', 'prove.proof.effected', 'pay.send.claimed', 'pay.signed', 'pay.reserved', 'pay.send.planned',
    'pay.send.probed', 'pay.broadcast', 'pay.send.settling', 'pay.confirm.effected', 'pay.confirm.settling'])
  const chosen = LONG ? points : points.slice(0, 1)
  t.diagnostic(chosen.join(' '))
  for (const point of chosen) {
    const story = await prepared(1)
    const zombie = world.worker({ PATCHWORK_FAULT: `${point}:stop` })
    story.merge()
    await until(`a worker stops at ${point}`, () => / T /.test(readFileSync(`/proc/${zombie.pid}/stat`, 'utf8')), { timeout: 60_000 })
    const w = world.worker()
    await finished(story, w)
    process.kill(zombie.pid, 'SIGCONT')
    await working(zombie)
    await peace()
    await world.retire(zombie)
    await world.retire(w)
  }
}))

const exhausted = log => readFileSync(world.stack.log(log), 'utf8').match(/^level=error event=memory\.exhausted size=\d+$/gm)?.length ?? 0
// What starts it allocates, too.
const itself = w => until('the worker is itself', () => readFileSync(`/proc/${w.pid}/comm`, 'utf8') === 'patchwork\n')

test('F17: an allocation fails in a worker, again and again', seeded(async ({ below }) => {
  const story = await prepared(LONG ? 6 : 2)
  const memory = scarcity.of('worker')
  const start = () => preloaded(memory.env)
  const ends = []
  let w = start()
  const before = exhausted('preloaded')
  for (let i = 0; i < (LONG ? 100 : 8); i++) {
    if (i === 1) story.merge()
    await itself(w)
    const first = memory.get('allocated') + 1 + below(i % 2 ? 400 : 4000)
    memory.set('failing', first)
    let aimed = Date.now()
    await until('an allocation failed', () => {
      if (alive(w) && Date.now() - aimed > 3000) { // it had passed that one already, or has nothing to do
        memory.set('failing', memory.get('allocated') + 1 + below(40))
        aimed = Date.now()
      }
      return !alive(w)
    }, { timeout: 90_000 })
    assert.ok(memory.get('allocated') >= first || memory.get('allocated') >= memory.get('failing'), 'nothing else ended it')
    ends.push(await ended(w))
    memory.set('failing', 0)
    w = start()
  }
  assert.deepEqual(ends, ends.map(() => 'SIGABRT'), 'whoever asked for memory')
  assert.equal(exhausted('preloaded') - before, ends.length, 'each said why')
  const clean = world.worker()
  await finished(story, clean)
  await peace()
  await stop(w)
  await world.retire(clean)
}))

// Connecting is where libraries are known to go on without memory: OpenSSL's first use, Kerberos' list of mechanisms.
test('F17: an allocation fails while a program connects', seeded(async ({ below }, t) => {
  const memory = scarcity.of('connecting')
  const run = async n => {
    memory.set('allocated', 0)
    memory.set('failing', n)
    const p = launch({
      argv: [join(ROOT, 'build/patchwork'), '--config', world.stack.path('patchwork.conf'), 'stages'],
      env: { ...world.stack.as('patchwork_operator'), ...memory.env }, log: world.stack.log('connecting'),
    })
    return ended(p)
  }
  assert.equal(await run(0), 0)
  const all = memory.get('allocated'), step = LONG ? 20 : Math.ceil(all / 60)
  const before = exhausted('connecting')
  let failed = 0
  for (let n = 1 + below(step); n <= all * 0.98; n += step, failed++) // a few come and go with what the database answers
    assert.equal(await run(n), 'SIGABRT', `allocation ${n} of ${all}`)
  t.diagnostic(`${failed} of ${all} allocations`)
  assert.ok(failed >= 50)
  assert.equal(exhausted('connecting') - before, failed)
}))

// Deliveries, two at a time, until the answer is called -> how many were answered 2xx
let pinging = false
function delivering(repo) {
  pinging = true
  const before = acked.length
  const send = async () => { while (pinging) await deliver(world.at, 'ping', null, repo) }
  const both = Promise.all([send(), send()])
  both.catch(() => {})
  return async () => {
    pinging = false
    await both
    return acked.length - before
  }
}

test('F21: PostgreSQL is killed, or shut down at once, under load', seeded(async ({ below, pick }) => {
  const story = await prepared(LONG ? 8 : 2)
  const enough = delivering(story.gates[0].c.project.full_name)
  const w = world.worker()
  await working(w)
  const round = async () => {
    await world.stack.kill('postgres', pick(['SIGKILL', 'SIGQUIT']))
    await sleep(below(600))
    await world.stack.restart('postgres')
    const up = await world.sql('select clock_timestamp()')
    await until('the API has its database again', () => answers(`${world.at.api}/readyz`), { timeout: 30_000 })
    await until('the worker has its database again', async () => await world.sql(`select count(*) from q.worker
      where substring(name from ':([0-9]+)$')::int = ${w.pid} and seen_at > '${up}'`) === '1', { timeout: 30_000 })
  }
  await disturbed(story, w, round, { rounds: LONG ? 10 : 2, pause: 200 + below(800) })
  assert.ok(await enough() > 0)
  await peace()
  await world.retire(w)
}))

// A signed delivery of n bytes of noise -> { guid, status, code }
async function noise(n, guid = randomUUID()) {
  const body = JSON.stringify({ zen: randomBytes(n / 2).toString('hex') })
  const resp = await fetch(`${world.at.api}/v1/webhooks/github`, {
    method: 'POST', body, headers: {
      'content-type': 'application/json', 'x-github-delivery': guid, 'x-github-event': 'ping', 'x-github-hook-id': '42',
      'x-hub-signature-256': `sha256=${createHmac('sha256', world.at.webhook_secret).update(body).digest('hex')}`,
    },
  })
  const answer = await resp.json()
  if (resp.ok) acked.push(guid)
  return { status: resp.status, code: answer.code }
}

test('F24: the disk is full: 503, nothing half done, and all goes on once there is room', async () => {
  const story = await prepared(2)
  const w = world.worker()
  await working(w)
  server.set('full', 1)
  story.merge()
  const refused = await until('a delivery finds no room', async () => {
    const sent = await noise(200_000)
    return sent.status >= 300 && sent
  }, { every: 5 })
  assert.deepEqual(refused, { status: 503, code: 'db.busy' })
  await sleep(LONG ? 20_000 : 1000)
  assert.ok(server.get('refused') > 0)
  server.set('full', 0)
  await finished(story, w)
  await peace()
  assert.ok((await noise(200_000)).status < 300)
  await world.retire(w)
})

test('F24: the database takes no writes: 503, and no job is given up', async () => {
  const story = await prepared(2)
  const w = world.worker()
  await working(w)
  const writes = on => world.sql(`alter system set default_transaction_read_only = ${on ? 'off' : 'on'}; select pg_reload_conf()`)
  const refused = async () => (await noise(20)).code === 'db.read_only'
  story.merge()
  await writes(false)
  await until('the API refuses to write', refused)
  assert.equal((await noise(20)).status, 503)
  await sleep(LONG ? 20_000 : 1500)
  await writes(true)
  await finished(story, w)
  await peace()
  await world.retire(w)
})

test('F24: locks that are held too long', seeded(async ({ shuffle }) => {
  const story = await prepared(2)
  const w = world.worker({ PATCHWORK_DB_STATEMENT_TIMEOUT: '400ms' })
  await working(w)
  story.merge()
  for (const table of shuffle(['q.ready', 'q.run', 'q.claim', 'core.bounty', 'ledger.payout', 'ledger.balance', 'q.outbox']).slice(0, LONG ? 7 : 3))
    await world.sql(`begin; lock table ${table} in access exclusive mode; select pg_sleep(0.8); commit`)
  await finished(story, w)
  await peace()
  await world.retire(w)
}))

test('F24: transactions that meet: every other one that writes a result fails to serialize, or is a deadlock\'s victim', async () => {
  const tables = ['core.bounty_event', 'proof.verdict', 'ledger.payout', 'ledger.transfer', 'rep.event', 'q.outbox']
  const story = await prepared(2)
  const w = world.worker()
  await working(w)
  await world.sql(`create sequence public.met; create function public.meet() returns trigger language plpgsql security definer as $$
    declare n bigint := nextval('public.met');
    begin
      if n % 2 = 1 then raise exception 'met' using errcode = (array['40001', '40P01'])[1 + n / 2 % 2]; end if;
      return null;
    end $$; ${tables.map(t => `create trigger meet before insert on ${t} for each statement execute function public.meet();`).join('\n')}`)
  try {
    story.merge()
    await until('three were refused', async () => Number(await world.sql('select last_value from public.met')) >= 6)
  } finally {
    await world.sql('drop function public.meet() cascade; drop sequence public.met')
  }
  await finished(story, w)
  await peace()
  await world.retire(w)
})

test('F27: the connection that listens is dead and says nothing: jobs are found by looking', async () => {
  const story = await prepared(2)
  let dead = 0
  base.onClient = (link, bytes) => {
    if (/listen "?patchwork_ready/.test(bytes.toString('latin1'))) link.listens = true
  }
  base.onServer = link => {
    if (!link.listens) return
    link.frozen = true // from its first answer on
    dead++
  }
  const w = wired()
  await until('it listens, in vain', () => dead > 0)
  await disturbed(story, w, () => {}, { rounds: 1, pause: 100 })
  await peace()
  assert.equal(dead, 1, 'it was not noticed')
  base.mend()
  await world.retire(w)
})

test('F28: clocks of workers are ten minutes off, either way, and step', seeded(async ({ shuffle }) => {
  const story = await prepared(2)
  const rescued = await world.sql(`select count(*) from q.run where state = 'rescued'`)
  const clocks = ['fast', 'slow'].map(n => scarcity.of(n))
  const steps = shuffle([600, -600])
  const workers = clocks.map((c, i) => {
    c.set('ahead', steps[i] * 1e6)
    return preloaded({ ...c.env, PATCHWORK_WORKER_LEASE: '20s' }) // the machine may make it late, but not as its clock does
  })
  await working(...workers)
  const later = await world.sql(`select q.enqueue('score', 'score.none', null, '{}', run_at => now() + interval '25 min')`)
  story.merge()
  await sleep(500)
  clocks.forEach((c, i) => c.set('ahead', -steps[i] * 1e6))
  await finished(story, workers[0])
  await peace()
  assert.equal(await world.sql(`select count(*) from q.run where state = 'rescued'`), rescued, 'nobody was thought dead')
  assert.equal(await world.sql(`select count(*) from q.scheduled where job_id = ${later}`), '1', 'nothing ran before its time')
  await world.sql(`select q.cancel(${later}, 'cli:test', 'it was to wait')`)
  for (const w of workers) {
    const end = ended(w)
    await stop(w)
    assert.equal(await end, 0)
  }
}))

// One request to JetStream's API.
async function stream(subject, body) {
  const reader = await NatsReader.open(world.at.nats)
  try {
    return await reader.request(`$JS.API.${subject}`, body, Date.now() + 60_000)
  } finally {
    reader.close()
  }
}
const copies = async () => (await stream('STREAM.INFO.PW_EVENTS', {})).state.messages - Number(await world.sql('select count(*) from q.outbox'))

test('F30: acknowledgements of NATS are lost: published again under the same ids, doubled once NATS has forgotten them', async () => {
  const { config } = await stream('STREAM.INFO.PW_EVENTS', {})
  const story = await prepared(1)
  const w = world.worker()
  await published()
  const before = await copies()
  let lost = 0
  const lose = n => {
    lost = 0
    bus.onServer = (link, bytes) => (lost < n && bytes.includes('"stream":"PW_EVENTS"') && bytes.includes('"seq":') && ++lost ? 'cut' : undefined)
  }
  lose(2)
  story.merge()
  await finished(story, w)
  await peace()
  assert.ok(lost > 0)
  assert.equal(await copies(), before, 'within its window NATS drops what it has')
  await stream('STREAM.UPDATE.PW_EVENTS', { ...config, duplicate_window: 100_000_000 })
  const second = await prepared(1)
  await published()
  lose(2)
  second.merge()
  await finished(second, w)
  await peace()
  assert.ok(lost > 0)
  assert.ok(await copies() > before, 'beyond its window there are copies, and the referee found them to be such')
  bus.mend()
  await stream('STREAM.UPDATE.PW_EVENTS', config)
  await world.retire(w)
})

test('F31: a consumer that never acknowledges and one that never reads are in nobody\'s way', async () => {
  const deaf = connect(Number(world.stack.ports.nats), '127.0.0.1')
  deaf.write('CONNECT {"verbose":false}\r\nSUB pw.> 1\r\n')
  deaf.pause()
  const silent = await NatsReader.open(world.at.nats)
  const seen = silent.subscribe('never.acknowledged')
  await stream('CONSUMER.DURABLE.CREATE.PW_EVENTS.never', {
    stream_name: 'PW_EVENTS', config: { durable_name: 'never', deliver_subject: 'never.acknowledged', ack_policy: 'explicit', max_ack_pending: 1, ack_wait: 1e9, deliver_policy: 'new' },
  })
  const story = await prepared(1)
  const w = world.worker()
  story.merge()
  await finished(story, w)
  await peace() // the referee reads the stream as one more consumer, to its end
  await until('it was given an event', () => seen.length > 0)
  const { num_pending } = await stream('CONSUMER.INFO.PW_EVENTS.never', {})
  assert.ok(num_pending > 0, 'the rest of what happened waits for it alone')
  await stream('CONSUMER.DELETE.PW_EVENTS.never', {})
  silent.close()
  deaf.destroy()
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

// The last one: the clock stays as it is then.
test('F28: the clock of the database jumps ten minutes ahead, and three seconds back', async () => {
  const story = await prepared(2)
  const workers = [world.worker(), world.worker()]
  await working(...workers)
  story.merge()
  await sleep(300)
  server.set('ahead', 600 * 1e6)
  await sleep(LONG ? 10_000 : 1500)
  server.set('ahead', 597 * 1e6)
  await finished(story, workers[0])
  await peace()
  for (const w of workers) await world.retire(w)
})
