// POST /v1/webhooks/github with every payload that GitHub publishes as an example, 329 of 58 events, in turn, a new delivery each:
// patchwork-api beside Fastify + pg on the same database (webhook.mjs). What was acknowledged is there, event by event.
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startStack } from '../stack/stack.mjs'
import { grouped, note, ratio, round, ROUNDS, say, summary, table } from './measure.mjs'
import { seedBounty } from './seed.mjs'
import { cell, load, startFastify, storedRows, webhookRequest } from './webhook.mjs'

const RATE = 1000

function requests(dir, secret) {
  const examples = createRequire(fileURLToPath(new URL('../stack/package.json', import.meta.url)))('@octokit/webhooks-examples')
  const all = examples.flatMap(({ name, examples: list }) => list.map(e => [name, Buffer.from(JSON.stringify(e))]))
  note(`webhook-mix: ${all.length} payloads of ${examples.length} events, ${Math.min(...all.map(([, b]) => b.length))} to ${Math.max(...all.map(([, b]) => b.length))} bytes`)
  return { files: all.map(([event, body], i) => webhookRequest(dir, secret, body, event, `${i}.http`)), events: examples.length, bytes: all.reduce((n, [, b]) => n + b.length, 0) / all.length }
}

// Each event came: a load takes the payloads in turn.
async function eventsStored(stack, events, good) {
  await storedRows(stack, good)
  const kinds = Number(await stack.sql('select count(distinct event) from ingest.delivery'))
  if (kinds !== events) throw new Error(`${kinds} of ${events} events are there`)
}

async function webhookMix() {
  const dir = mkdtempSync(join(tmpdir(), 'patchwork-bench-'))
  const stack = await startStack({ dir: join(dir, 'stack'), parts: ['postgres', 'redis', 'api'], programs: 'rel' })
  let fastify
  try {
    stack.bounty = await seedBounty(stack)
    await stack.sql('create table public.bench_floor (id int)')
    fastify = { name: 'fastify', ...await startFastify(stack) }
    const servers = [{ name: 'patchwork', port: stack.ports.api, pid: stack.running.api.pid }, fastify]
    const { files, events, bytes } = requests(dir, stack.secret('webhook-secret'))
    const what = { name: 'webhook-mix', status: [200, 202], request: files, rows: good => eventsStored(stack, events, good) }
    for (const server of servers) await load(server, files, undefined, 3)
    const lines = []
    for (let n = 1; n <= ROUNDS; n++)
      for (const rate of [RATE, undefined])
        for (const server of n % 2 ? servers : [...servers].reverse()) lines.push(await cell(stack, what, server, rate, n))
    const fields = ['per_s', 'p50_ms', 'p99_ms', 'p999_ms', 'server_us', 'postgres_us']
    const sums = grouped(lines, l => `${l.mode} ${l.server}`).map(group => ({
      bench: 'webhook-mix.median', mode: group[0].mode, server: group[0].server, rounds: group.length, bytes: round(bytes, 0), ...summary(group, fields),
    }))
    sums.forEach(say)
    table(`all events, median of ${ROUNDS} rounds`, ['', 'requests/s', 'p50 ms', 'p99 ms', 'p999 ms', 'server us', 'postgres us'],
      sums.map(s => [`${s.mode === 'open' ? `at ${RATE}/s` : 'closed loop'}: ${s.server}`, ...fields.map(f => round(s[f], f.endsWith('_ms') ? 2 : 0))]))
    const of = (mode, server) => sums.find(s => s.mode === mode && s.server === server)
    const [ours, theirs] = [of('open', 'patchwork'), of('open', 'fastify')]
    return [
      { what: `all events at ${RATE}/s, p99 ms`, measured: round(ours.p99_ms, 2), peer: round(theirs.p99_ms, 2), ratio: ratio(ours.p99_ms, theirs.p99_ms), bar: '< 10', met: ours.p99_ms < 10 },
      { what: 'the same, CPU of the server per request, us', measured: ours.server_us, peer: theirs.server_us, ratio: ratio(ours.server_us, theirs.server_us) },
      { what: 'all events in the closed loop, requests/s', measured: of('closed', 'patchwork').per_s, peer: of('closed', 'fastify').per_s,
        ratio: ratio(of('closed', 'patchwork').per_s, of('closed', 'fastify').per_s) },
    ]
  } finally {
    await fastify?.end()
    await stack.stop({ remove: true })
    rmSync(dir, { recursive: true, force: true })
  }
}
export { webhookMix as 'webhook-mix' }
