// The queue: `patchwork bench queue` with its floors, and Graphile Worker (graphile.mjs), in turn on one cluster, each in a new
// database of its own every time.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { startStack } from '../stack/stack.mjs'
import { grouped, JOBS, median, note, ratio, round, ROUNDS, say, table } from './measure.mjs'

const PEER_DATABASE = 'peer'

// Runs argv and passes its lines on, with the round that they are of.
async function lines(argv, env, n) {
  const child = spawn(argv[0], argv.slice(1), { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve, reject) => child.once('error', reject).once('close', code => resolve(code)))
  const all = []
  for await (const text of createInterface({ input: child.stdout })) {
    const line = { ...JSON.parse(text), run: n }
    say(line)
    if (large(line)) all.push(line)
  }
  const code = await ended
  if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}`)
  return all
}

// As the owner of the schema, who alone may make the floor's table.
export async function ours(stack, n, ...options) {
  await stack.prepareDatabase()
  await stack.migrateDatabase()
  await stack.sql('grant all on schema public to patchwork_owner; grant pg_checkpoint to patchwork_owner')
  const argv = [stack.program('patchwork'), '--config', stack.path('patchwork.conf'), 'bench', 'queue', '--jobs', String(JOBS), ...options]
  return lines(argv, stack.as('patchwork_owner'), n)
}

async function peer(stack, n) {
  await stack.sql(`drop database if exists ${PEER_DATABASE} with (force)`, 'postgres')
  await stack.sql(`create database ${PEER_DATABASE} owner patchwork_owner`, 'postgres')
  const url = new URL(stack.database('patchwork_owner'))
  url.pathname = `/${PEER_DATABASE}`
  return lines([process.execPath, fileURLToPath(new URL('graphile.mjs', import.meta.url)), url.href, String(JOBS)], {}, n)
}

// What is drained one by one is too little to say how fast a bulk is enqueued.
const large = line => line.bench !== 'queue.enqueue_bulk' || line.jobs === JOBS
const settings = line => `${line.bench} ${line.peer ?? ''} ${line.batch ?? ''} ${line.concurrentJobs ?? ''}`

// The best setting's median of each measurement: { bench: value }
function best(all, field, better) {
  const found = {}
  for (const group of grouped(all.filter(l => l[field] !== undefined), settings)) {
    const value = median(group.map(l => l[field]))
    const name = group[0].bench
    found[name] = round(found[name] === undefined ? value : better(found[name], value), 2)
  }
  return found
}

function wal(mine, theirs) {
  const of = all => best(all.filter(l => l.bench === 'queue.drain'), 'wal_per_job', Math.min)['queue.drain']
  return { measured: of(mine), peer: of(theirs), ratio: ratio(of(mine), of(theirs)) }
}

function report(mine, theirs) {
  const rate = { us: best(mine, 'per_s', Math.max), them: best(theirs, 'per_s', Math.max) }
  const row = (what, bench, floor) => {
    const bare = floor && rate.us[floor]
    return { what, measured: rate.us[bench], floor: bare, peer: rate.them[bench], ratio: ratio(rate.us[bench], rate.them[bench]) }
  }
  const wait = field => ({ us: best(mine, field, Math.min)['queue.start'], them: best(theirs, field, Math.min)['queue.start'] })
  const rows = [
    { ...row('queue, drained jobs/s', 'queue.drain', 'floor.delete_skip_locked'), bar: '>= 2 of the peer' },
    row('queue, enqueued one by one, jobs/s', 'queue.enqueue', 'floor.insert_commit'),
    { ...row('queue, enqueued in bulk, jobs/s', 'queue.enqueue_bulk'), bar: '>= 3 of the peer' },
    ...['p50', 'p99'].map(p => {
      const { us, them } = wait(`${p}_ms`)
      return { what: `queue, enqueue to start ${p}, ms`, measured: us, floor: null, peer: them, ratio: ratio(us, them), bar: '<= 1/3 of the peer',
        met: us <= them / 3 }
    }),
    { what: 'queue, WAL per job from enqueue to its end, bytes', ...wal(mine, theirs), floor: null, bar: '< 750' },
  ]
  rows[0].met = rows[0].ratio >= 2
  rows[2].met = rows[2].ratio >= 3
  rows[5].met = rows[5].measured < 750
  const drained = batch => median(mine.filter(l => l.bench === 'queue.drain' && l.batch === batch).map(l => l.per_s))
  const plain = drained(100), batched = rate.us['queue.drain']
  const idle = wait('p99_ms').us
  rows.push({ what: 'queue, drained one by one, jobs/s', measured: drained(1) },
    { what: 'queue, O10: drained in batches of 100, jobs/s', measured: plain, bar: '>= 20000', met: plain >= 20_000 },
    { what: 'queue, O10: drained in the largest batches, jobs/s', measured: batched, bar: '>= 150000', met: batched >= 150_000 },
    { what: 'queue, O9: enqueue to start p99 on an idle queue, ms', measured: idle, bar: '<= 15', met: idle <= 15 })
  rows.forEach(r => say({ bench: 'queue.median', ...r }))
  table(`queue, ${JOBS} jobs, best setting of each, medians over ${ROUNDS} runs`, ['', 'settings', 'median', 'least', 'greatest'],
    grouped([...mine, ...theirs].filter(l => l.per_s !== undefined), settings).map(group => {
      const values = group.map(l => l.per_s)
      const { bench, batch, concurrentJobs, peer: name } = group[0]
      const setting = batch ? `batch ${batch}` : concurrentJobs ? `${concurrentJobs} at once` : ''
      const spread = [median(values), Math.min(...values), Math.max(...values)]
      return [`${bench}${name ? `, ${name}` : ''}`, setting, ...spread.map(v => round(v, 0))]
    }))
  return rows
}

export async function queue() {
  const dir = mkdtempSync(join(tmpdir(), 'patchwork-bench-'))
  const stack = await startStack({ dir: join(dir, 'stack'), parts: ['postgres'], programs: 'rel', migrate: true })
  try {
    const mine = [], theirs = []
    for (let n = 1; n <= ROUNDS; n++) {
      note(`queue: run ${n} of ${ROUNDS}, ${JOBS} jobs`)
      const both = [async () => mine.push(...await ours(stack, n)), async () => theirs.push(...await peer(stack, n))]
      for (const one of n % 2 ? both : both.reverse()) await one()
    }
    return report(mine, theirs)
  } finally {
    await stack.stop({ remove: true })
    rmSync(dir, { recursive: true, force: true })
  }
}
