// POST /v1/webhooks/github with a new delivery each, and GET /v1/bounties/{id}: patchwork-api beside Fastify + pg on the same
// database, and the floor, which is a bare INSERT of the same bytes by pgbench. All in turn, ROUNDS times; medians.
import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { answers, freePort, launch, stop, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'
import { grouped, note, quantile, ratio, round, ROUNDS, say, SECONDS, summary, table, withCpu } from './measure.mjs'
import { seedBounty } from './seed.mjs'

const run = promisify(execFile)
const here = name => fileURLToPath(new URL(name, import.meta.url))
const CONNECTIONS = 64
const RATE = 1000 // per second, in the open loop
const WARMUP = 1 // seconds
const WARM = 10 // seconds of flood before the first round: V8 goes on compiling for some
const API = { workers: 2, connections: 8 } // the API's defaults

// GitHub's published example of that event that is nearest to 20 kB.
function deliveryBody() {
  const examples = createRequire(here('../stack/package.json'))('@octokit/webhooks-examples')
  const all = examples.find(e => e.name === 'pull_request').examples.map(e => Buffer.from(JSON.stringify(e)))
  return all.sort((a, b) => Math.abs(a.length - 20_000) - Math.abs(b.length - 20_000))[0]
}

export const requestFile = (dir, name, head, body = '') => {
  writeFileSync(join(dir, name), Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body)]))
  return join(dir, name)
}

export function webhookRequest(dir, secret, body, event = 'pull_request', name = 'webhook.http') {
  return requestFile(dir, name, [
    'POST /v1/webhooks/github HTTP/1.1', 'Host: 127.0.0.1', 'User-Agent: GitHub-Hookshot/44dbaf5', 'Accept: */*',
    'Content-Type: application/json', `X-GitHub-Event: ${event}`, 'X-GitHub-Delivery: {uuid}', 'X-GitHub-Hook-ID: 292430182',
    `X-Hub-Signature-256: sha256=${createHmac('sha256', secret).update(body).digest('hex')}`, `Content-Length: ${body.length}`,
  ], body)
}

const bountyRequest = (dir, id) => requestFile(dir, 'bounty.http', [
  `GET /v1/bounties/${id} HTTP/1.1`, 'Host: 127.0.0.1', 'Accept: application/json',
])

// As the default of `api.database`: by the Unix socket.
const bySocket = (stack, who) =>
  `postgresql://${who}@/patchwork?host=${encodeURIComponent(stack.path('postgres/socket'))}&port=${stack.port('postgres')}`

export async function startFastify(stack) {
  const port = await freePort()
  const server = launch({
    argv: [process.execPath, here('fastify.mjs')], log: stack.log('fastify'), tied: 'SIGTERM',
    env: {
      NODE_ENV: 'production', PORT: port, WORKERS: API.workers, CONNECTIONS: API.connections, DATABASE: bySocket(stack, 'patchwork_api'),
      WEBHOOK_SECRET: stack.secret('webhook-secret'),
    },
  })
  await until('Fastify', () => answers(`http://127.0.0.1:${port}/v1/bounties/${stack.bounty}`))
  return { port, pid: server.pid, end: () => stop(server) }
}

// Both servers answer the same before they are compared: all members, all values, times to the millisecond.
async function compareAnswers(servers, path) {
  const plain = value => JSON.stringify(value, (_, v) => {
    if (typeof v === 'string' && /^\d{4}-\d\d-\d\dT/.test(v)) return new Date(v).toISOString()
    if (typeof v === 'string' && v.startsWith('0x')) return v.toLowerCase()
    return v && typeof v === 'object' && !Array.isArray(v) ? Object.fromEntries(Object.entries(v).sort()) : v
  })
  const [ours, theirs] = await Promise.all(servers.map(async s => plain(await (await fetch(`http://127.0.0.1:${s.port}${path}`)).json())))
  if (ours !== theirs) throw new Error(`the servers answer ${path} differently:\n${ours}\n${theirs}`)
}

export async function load(server, request, rate, seconds = SECONDS) {
  const args = ['--port', server.port, ...[request].flat().flatMap(file => ['--request', file]), '--connections', CONNECTIONS, '--seconds', seconds, '--warmup', WARMUP]
  if (rate) args.push('--rate', rate)
  const { stdout } = await run(here('../../build/tests/bench/load'), args.map(String))
  return JSON.parse(stdout)
}

// Deliveries are gone and what earlier loads left dirty is on the disk, not on its way there: each measurement begins alike.
export async function clean(stack) {
  await stack.sql('truncate ingest.delivery, ingest.delivery_key, q.job, q.job_key, q.ready, public.bench_floor; checkpoint')
  await run('sync')
}

export async function cell(stack, what, server, rate, n) {
  await clean(stack)
  const roots = { server: server.pid, postgres: stack.running.postgres.pid, redis: stack.running.redis.pid }
  const { result, used } = await withCpu(roots, () => load(server, what.request, rate))
  const good = [what.status].flat().reduce((sum, s) => sum + (result.status[s] ?? 0), 0)
  const each = name => round(used[name] / Math.max(good, 1))
  const line = {
    bench: what.name, server: server.name, round: n, ...result, server_us: each('server'), postgres_us: each('postgres'),
    redis_us: each('redis'),
  }
  say(line)
  if (what.rows) await what.rows(good)
  if (good !== result.sent - result.unanswered)
    throw new Error(`${server.name} did not answer all with ${what.status}: ${JSON.stringify(result)}`)
  return line
}

// What was acknowledged is there, once each, with its job.
export async function storedRows(stack, good) {
  const there = await stack.sql(`
    select (select count(*) from ingest.delivery), (select count(*) from q.job), (select count(*) from q.ready)`)
  const counts = there.split('|').map(Number)
  if (counts.some(n => n < good)) throw new Error(`${good} deliveries were acknowledged, the tables have ${there}`)
}

// pgbench over the unix socket, where no password costs time; what ended in its first second is left out, as with the servers.
// Its own CPU time is the floor of what it costs to hand a row to PostgreSQL.
async function floor(stack, dir, body, rate, n) {
  await clean(stack)
  const script = join(dir, 'floor.sql')
  const logs = mkdtempSync(join(dir, 'floor-'))
  writeFileSync(script, 'insert into public.bench_floor (body) values (:body);\n')
  const args = ['-h', stack.socket, '-p', stack.port('postgres'), '-U', 'patchwork_owner', '-n', '-M', 'prepared', '-f', script,
    '-D', `body=${body}`, '-c', CONNECTIONS, '-j', 1, '-T', SECONDS + WARMUP, '-l', `--log-prefix=${logs}/t`,
    ...(rate ? ['-R', rate] : []), 'patchwork']
  const timed = ['-c', '"$@" >/dev/null && times', 'pgbench', '/usr/lib/postgresql/15/bin/pgbench', ...args.map(String)]
  const { used, result } = await withCpu({ postgres: stack.running.postgres.pid },
    () => run('sh', timed).catch(e => { throw new Error(`pgbench: ${e.stderr}`) }))
  const client = [...result.stdout.trim().split('\n').at(-1).matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m, s]) => sum + m * 60 + Number(s), 0)
  // client, transaction, us, script, and the second and microsecond at which it ended
  const ended = readdirSync(logs).flatMap(f => readFileSync(join(logs, f), 'utf8').trim().split('\n'))
    .map(line => line.split(' ').map(Number)).map(([, , us, , s, part]) => ({ us, at: s + part / 1e6 }))
  rmSync(logs, { recursive: true })
  const last = ended.reduce((latest, { at }) => Math.max(latest, at), 0)
  const times = ended.filter(({ at }) => at > last - SECONDS).map(({ us }) => us).sort((a, b) => a - b)
  const ms = share => round(quantile(times, share) / 1000, 3)
  const line = {
    bench: 'webhook', server: 'insert', round: n, mode: rate ? 'open' : 'closed', connections: CONNECTIONS, seconds: SECONDS,
    due_per_s: rate ?? 0, per_s: round(times.length / SECONDS), p50_ms: ms(0.5), p90_ms: ms(0.9), p99_ms: ms(0.99), p999_ms: ms(0.999),
    max_ms: ms(1), server_us: round(client * 1e6 / ended.length), postgres_us: round(used.postgres / ended.length),
  }
  say(line)
  return line
}

const FIELDS = ['per_s', 'p50_ms', 'p99_ms', 'p999_ms', 'server_us', 'postgres_us', 'redis_us']
function report(lines) {
  const sums = grouped(lines, l => `${l.bench} ${l.mode} ${l.server}`).map(group => {
    const { bench, mode, server, connections, due_per_s } = group[0]
    return { bench: `${bench}.median`, mode, server, connections, due_per_s, rounds: group.length, ...summary(group, FIELDS) }
  })
  sums.forEach(say)
  const head = ['', 'requests/s', 'p50 ms', 'p99 ms', 'p999 ms', 'server us', 'postgres us', 'redis us']
  const rows = sums.map(s => [`${s.bench.split('.')[0]} ${s.mode === 'open' ? `at ${s.due_per_s}/s` : 'closed loop'}: ${s.server}`,
    ...FIELDS.map(f => (s[f] === undefined ? null : round(s[f], f.endsWith('_ms') ? 2 : 0)))])
  table(`API, ${CONNECTIONS} connections, median of ${ROUNDS} rounds of ${SECONDS} s`, head, rows)
  const of = (bench, mode, server) => sums.find(s => s.bench === `${bench}.median` && s.mode === mode && s.server === server)
  const ours = of('webhook', 'open', 'patchwork'), theirs = of('webhook', 'open', 'fastify'), bare = of('webhook', 'open', 'insert')
  return [
    { what: `a new delivery at ${RATE}/s, p99 ms`, measured: round(ours.p99_ms, 2), floor: round(bare.p99_ms, 2),
      peer: round(theirs.p99_ms, 2), ratio: ratio(ours.p99_ms, theirs.p99_ms), bar: '< 10', met: ours.p99_ms < 10 },
    { what: 'the same, CPU of the server per request, us', measured: ours.server_us, floor: bare.server_us, peer: theirs.server_us,
      ratio: ratio(ours.server_us, theirs.server_us), bar: '< 1/4 of the peer', met: ours.server_us < theirs.server_us / 4 },
  ]
}

export async function webhook() {
  const dir = mkdtempSync(join(tmpdir(), 'patchwork-bench-'))
  const conf = {
    ...Object.fromEntries(['read_per_minute', 'read_burst'].map(key => [`limit.${key}`, 1_000_000])),
    'api.database': c => bySocket(c, 'patchwork_api'),
  }
  const stack = await startStack({ dir: join(dir, 'stack'), parts: ['postgres', 'redis', 'api'], programs: 'rel', conf })
  let fastify
  try {
    const body = deliveryBody()
    stack.bounty = await seedBounty(stack)
    await stack.sql(`create table public.bench_floor (id bigint generated always as identity primary key, body text compression lz4);
      alter table public.bench_floor owner to patchwork_owner`)
    fastify = { name: 'fastify', ...await startFastify(stack) }
    const servers = [{ name: 'patchwork', port: stack.ports.api, pid: stack.running.api.pid }, fastify]
    await compareAnswers(servers, `/v1/bounties/${stack.bounty}`)
    const whats = [
      {
        name: 'webhook', status: 202, request: webhookRequest(dir, stack.secret('webhook-secret'), body),
        rows: good => storedRows(stack, good),
      },
      { name: 'bounty', status: 200, request: bountyRequest(dir, stack.bounty) },
    ]
    note(`API: a delivery of ${body.length} bytes, ${CONNECTIONS} connections, fsync and synchronous_commit on`)
    for (const server of servers) // connections are opened, caches filled, JavaScript compiled
      for (const what of whats) await load(server, what.request, undefined, WARM)
    const lines = []
    for (let n = 1; n <= ROUNDS; n++) {
      note(`  round ${n} of ${ROUNDS}`)
      for (const rate of [RATE, undefined]) { // the flood last: its writes would slow the others down
        for (const what of whats)
          for (const server of n % 2 ? servers : [...servers].reverse()) lines.push(await cell(stack, what, server, rate, n))
        lines.push(await floor(stack, dir, body, rate, n))
      }
    }
    return report(lines)
  } finally {
    await fastify?.end()
    await stack.stop({ remove: true })
    rmSync(dir, { recursive: true, force: true })
  }
}
