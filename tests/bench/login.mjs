// Sign-ins of wallets: a challenge, and its signed text for a session; patchwork-api beside Fastify with siwe and viem (siwe.mjs) on the
// same database. What wallets do (signing) is done between the two, while nothing is measured. In turn, ROUNDS times; medians.
import { Agent, request } from 'node:http'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { freePort, launch, stop, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'
import { grouped, note, quantile, ratio, round, ROUNDS, say, summary, table, withCpu } from './measure.mjs'

const LOGINS = Number(process.env.LOGINS || 1000) // of each round
const CONNECTIONS = 32
const API = { workers: 2, connections: 8 } // the API's defaults
const CHAIN = 338

const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
const post = (port, path, body) => new Promise((done, fail) => {
  const text = JSON.stringify(body)
  const from = performance.now()
  const r = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) } }, resp => {
    const parts = []
    resp.on('data', d => parts.push(d)).on('error', fail).on('end', () => {
      const answer = Buffer.concat(parts).toString()
      if (resp.statusCode >= 300) return fail(new Error(`${path}: ${resp.statusCode} ${answer}`))
      done({ ms: performance.now() - from, ...JSON.parse(answer) })
    })
  })
  r.on('error', fail).end(text)
})

// As many at once as there are connections; -> answers in the order of the items
async function each(items, act) {
  const out = []
  let next = 0
  await Promise.all(Array.from({ length: CONNECTIONS }, async () => {
    while (next < items.length) {
      const i = next++
      out[i] = await act(items[i])
    }
  }))
  return out
}

async function timed(stack, server, act) {
  const from = performance.now()
  const { result, used } = await withCpu({ server: server.pid, postgres: stack.running.postgres.pid }, act)
  const times = result.map(a => a.ms).sort((a, b) => a - b)
  return { result, ms: performance.now() - from, p50: quantile(times, 0.5), p99: quantile(times, 0.99), ...used }
}

async function once(stack, server, accounts, n) {
  const asked = await timed(stack, server, () => each(accounts, a => post(server.port, '/v1/auth/challenge', { address: a.address, chain_id: CHAIN })))
  const signed = []
  for (const [i, a] of accounts.entries()) signed.push({ message: asked.result[i].message, signature: await a.signMessage({ message: asked.result[i].message }) })
  const verified = await timed(stack, server, () => each(signed, s => post(server.port, '/v1/auth/verify', s)))
  if (new Set(verified.result.map(v => v.session_id)).size !== accounts.length) throw new Error(`${server.name} opened fewer sessions than it said`)
  const line = {
    bench: 'login', server: server.name, round: n, logins: accounts.length, connections: CONNECTIONS,
    per_s: round(accounts.length / (asked.ms + verified.ms) * 1000), challenge_p99_ms: round(asked.p99, 2), verify_p50_ms: round(verified.p50, 2),
    verify_p99_ms: round(verified.p99, 2), server_us: round((asked.server + verified.server) / accounts.length),
    postgres_us: round((asked.postgres + verified.postgres) / accounts.length),
  }
  say(line)
  return line
}

async function startPeer(stack) {
  const port = await freePort()
  await stack.sql(`create table bench_nonce (nonce text primary key, address bytea not null, message text not null, expires_at timestamptz not null, consumed_at timestamptz);
    create table bench_person (id uuid primary key default gen_random_uuid(), address bytea not null unique);
    create table bench_session (id uuid primary key, person_id uuid not null references bench_person, refresh_sha256 bytea not null unique, expires_at timestamptz not null);
    create index on bench_session (person_id);
    grant select, insert, update on bench_nonce, bench_person, bench_session to patchwork_api`)
  const server = launch({
    argv: [process.execPath, fileURLToPath(new URL('siwe.mjs', import.meta.url))], log: stack.log('siwe'), tied: 'SIGTERM',
    env: { NODE_ENV: 'production', PORT: port, WORKERS: API.workers, CONNECTIONS: API.connections, DATABASE: stack.database('patchwork_api'), DOMAIN: 'localhost' },
  })
  const account = privateKeyToAccount(generatePrivateKey())
  await until('the peer', () => post(port, '/v1/auth/challenge', { address: account.address }).then(() => true, () => false))
  return { name: 'siwe + viem', port, pid: server.pid, end: () => stop(server) }
}

export async function login() {
  const dir = mkdtempSync(join(tmpdir(), 'patchwork-bench-'))
  const limits = { 'limit.login_per_minute': 1_000_000, 'limit.login_burst': 1_000_000 }
  const stack = await startStack({ dir: join(dir, 'stack'), parts: ['postgres', 'redis', 'api'], programs: 'rel', conf: limits })
  let peer
  try {
    peer = await startPeer(stack)
    const servers = [{ name: 'patchwork', port: stack.ports.api, pid: stack.running.api.pid }, peer]
    const accounts = Array.from({ length: LOGINS }, () => privateKeyToAccount(generatePrivateKey()))
    note(`login: ${LOGINS} wallets, ${CONNECTIONS} connections`)
    for (const server of servers) await once(stack, server, accounts.slice(0, Math.ceil(LOGINS / 5)), 0)
    const lines = []
    for (let n = 1; n <= ROUNDS; n++)
      for (const server of n % 2 ? servers : [...servers].reverse()) lines.push(await once(stack, server, accounts, n))
    const fields = ['per_s', 'challenge_p99_ms', 'verify_p50_ms', 'verify_p99_ms', 'server_us', 'postgres_us']
    const sums = grouped(lines, l => l.server).map(group => ({ bench: 'login.median', server: group[0].server, rounds: group.length, ...summary(group, fields) }))
    sums.forEach(say)
    table(`sign-ins, ${CONNECTIONS} connections, median of ${ROUNDS} rounds of ${LOGINS}`, ['', 'logins/s', 'challenge p99 ms', 'verify p50 ms', 'verify p99 ms', 'server us', 'postgres us'],
      sums.map(s => [s.server, ...fields.map(f => round(s[f], f.endsWith('_ms') ? 2 : 0))]))
    const [ours, theirs] = ['patchwork', peer.name].map(name => sums.find(s => s.server === name))
    return [
      { what: 'sign-ins of wallets per second', measured: ours.per_s, peer: theirs.per_s, ratio: ratio(ours.per_s, theirs.per_s) },
      { what: 'the same, CPU of the server per sign-in, us', measured: ours.server_us, peer: theirs.server_us, ratio: ratio(ours.server_us, theirs.server_us) },
    ]
  } finally {
    agent.destroy()
    await peer?.end()
    await stack.stop({ remove: true })
    rmSync(dir, { recursive: true, force: true })
  }
}
