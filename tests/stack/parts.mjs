// Each part of the stack: how it is started on which ports, how it is asked whether it is ready, how it ends.
//   spec(c)   -> { argv, user, env, signal }   what to run; c is the stack (see stack.mjs)
//   ready(c)  -> true once it answers
//   urls(c)   -> addresses for stack.json
//   patience  longest start in ms          drain     longest end in ms, before it is killed
//   needs     what has to be ready before it is started: parts, or the steps `database` and `contracts`
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CHAIN_ID, chainReady, walletsWritten } from './evm.mjs'
import * as postgres from './postgres.mjs'
import { answers } from './proc.mjs'

const HERE = dirname(fileURLToPath(import.meta.url))
const ANVIL = join(HERE, 'node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil')

const http = port => `http://127.0.0.1:${port}`

// One line to a TCP server, the first line back.
const ask = (port, line) => new Promise(resolve => {
  const socket = createConnection({ host: '127.0.0.1', port, timeout: 1000 }, () => socket.write(line))
  const end = answer => { socket.destroy(); resolve(answer) }
  socket.once('data', data => end(String(data)))
  socket.once('error', () => end(null))
  socket.once('timeout', () => end(null))
})

const outside = {
  ipfs: {
    ports: ['ipfs'],
    spec: c => ({ argv: [process.execPath, join(HERE, 'ipfs.mjs'), c.path('ipfs'), c.port('ipfs')] }),
    ready: c => answers(`${http(c.port('ipfs'))}/api/v0/version`, { method: 'POST' }),
    urls: c => ({ ipfs: http(c.port('ipfs')) }),
    patience: 120_000,
  },
  postgres: {
    ports: ['postgres'],
    async spec(c) {
      const p = await postgres.prepare(c.dir, c.port('postgres'), { fsync: c.options.fsync })
      c.socket = p.socket
      return { argv: p.argv, user: p.user, signal: 'SIGINT' } // SIGINT: end sessions, then stop
    },
    ready: c => postgres.ready(c.socket, c.port('postgres')),
    urls: c => ({ database: c.database('patchwork_owner') }),
    again: /pre-existing shared memory block|lock file .* already exists/,
  },
  nats: {
    ports: ['nats', 'nats_monitor'],
    spec(c) {
      const file = c.path('nats.conf')
      if (c.fresh) rmSync(c.path('nats'), { recursive: true, force: true })
      writeFileSync(file, [
        `listen: "127.0.0.1:${c.port('nats')}"`, `http: "127.0.0.1:${c.port('nats_monitor')}"`,
        `jetstream { store_dir: ${JSON.stringify(c.path('nats'))}, max_mem: 64MB, max_file: 1GB }`, '',
      ].join('\n'))
      return { argv: ['nats-server', '-c', file] }
    },
    ready: c => answers(`${http(c.port('nats_monitor'))}/healthz`),
    urls: c => ({ nats: `nats://127.0.0.1:${c.port('nats')}`, nats_monitor: http(c.port('nats_monitor')) }),
  },
  redis: {
    ports: ['redis'],
    spec(c) {
      rmSync(c.path('redis.sock'), { force: true })
      const unix = c.path('redis.sock').length < 100 ? ['--unixsocket', c.path('redis.sock'), '--unixsocketperm', '700'] : []
      return {
        argv: ['redis-server', '--bind', '127.0.0.1', '--port', c.port('redis'), '--save', '', '--appendonly', 'no', '--dir', c.dir, ...unix],
      }
    },
    ready: async c => (await ask(c.port('redis'), 'PING\r\n'))?.startsWith('+PONG') ?? false,
    urls: c => ({ redis: `redis://127.0.0.1:${c.port('redis')}` }),
  },
  evm: {
    ports: ['evm'],
    spec(c) {
      if (!existsSync(ANVIL)) throw new Error(`no anvil at ${ANVIL}: run tests/stack/install.sh demo`)
      if (c.fresh) rmSync(c.path('evm-state.json'), { force: true })
      rmSync(c.path('evm-accounts.json'), { force: true }) // an earlier start's
      return {
        argv: [ANVIL, '--host', '127.0.0.1', '--port', c.port('evm'), '--chain-id', String(CHAIN_ID), '--config-out',
          c.path('evm-accounts.json'), '--state', c.path('evm-state.json')],
        env: { NO_COLOR: '1', HOME: c.dir }, // it keeps caches under HOME
        signal: 'SIGINT', // on which it writes its state
      }
    },
    ready: async c => await chainReady(http(c.port('evm'))) && walletsWritten(c.path('evm-accounts.json')),
    urls: c => ({ evm: http(c.port('evm')) }),
  },
  github: {
    ports: ['github'],
    spec: c => ({ argv: [process.execPath, join(HERE, '../fakes/github.mjs'), '--port', c.port('github')] }),
    ready: c => answers(`${http(c.port('github'))}/_control/log`),
    urls: c => ({ github: http(c.port('github')) }),
  },
}

// Our own programs. PATCHWORK_... of the environment comes from the stack's options.
const programs = {
  api: {
    ports: ['api'],
    needs: ['database', 'redis', 'contracts'],
    spec: c => ({ argv: [c.program('patchwork-api'), c.path('patchwork-api.conf')] }),
    ready: c => answers(`${http(c.port('api'))}/readyz`),
    urls: c => ({ api: http(c.port('api')) }),
  },
  relay: {
    needs: ['database', 'nats', 'contracts'],
    spec: c => ({ argv: command(c, 'relay'), env: c.as('patchwork_relay') }),
    async ready(c) { // it makes the stream before it publishes
      const said = await fetch(`${c.url('nats_monitor')}/jsz`).then(r => r.json(), () => ({}))
      return said.streams > 0
    },
  },
  work: {
    needs: ['database', 'evm', 'github', 'ipfs', 'contracts'],
    spec: c => ({ argv: command(c, 'work', 'sync', 'verify', 'prove', 'pay', 'score'), env: c.as('patchwork_worker') }),
    ready: async c => await c.sql(`select 1 from q.worker where stopped_at is null and started_at >= '${c.launched.work}'`) !== '',
    drain: 60_000,
  },
}

export const PARTS = { ...outside, ...programs }
export const OUTSIDE = Object.keys(outside)
export const PROGRAMS = Object.keys(programs)

export const command = (c, ...words) => [c.program('patchwork'), '--config', c.path('patchwork.conf'), ...words]

const OF_API = /^(api|auth|webhook|bounty|limit)\./
export const fileOf = key => (OF_API.test(key) ? 'patchwork-api.conf' : 'patchwork.conf')

// The files that our programs read: name -> key -> value; undefined is left out. Which role a process has is in its
// environment (Stack.as), so that one file serves them all.
export function configuration(c) {
  const { url } = c
  const secret = name => c.path(`secrets/${name}`)
  const at = port => (c.ports[port] ? `127.0.0.1:${c.ports[port]}` : undefined)
  const base = c.ports.postgres !== undefined
  return {
    'patchwork-api.conf': {
      'api.listen': at('api'),
      'api.database': base && c.database('patchwork_api', false),
      'api.database_password_file': base && secret('database-patchwork_api'),
      'api.redis': at('redis'),
      'api.domain': at('api'),
      'api.origin': c.ports.api && http(c.ports.api), // it has no url yet
      'auth.jwt_key_file': secret('jwt-key'),
      'auth.github_client_id': 'patchwork-local',
      'auth.github_authorize_url': url('github') && `${url('github')}/login/oauth/authorize`,
      'auth.github_callback': c.ports.api && `${http(c.ports.api)}/v1/auth/github/callback`,
      'seal.key_file': secret('seal-key'),
      'auth.chain_ids': CHAIN_ID,
      'webhook.secret_file': secret('webhook-secret'),
      'bounty.hold': '0s', // nobody who tries it waits a week
    },
    'patchwork.conf': {
      'db.url': base && c.database('patchwork_worker', false),
      'db.password_file': base && secret('database-patchwork_worker'),
      'nats.url': url('nats'),
      'github.rest_url': url('github'),
      'github.graphql_url': url('github') && `${url('github')}/graphql`,
      'github.token_file': secret('github-token'),
      'github.oauth_token_url': url('github') && `${url('github')}/login/oauth/access_token`,
      'github.oauth_client_id': 'patchwork-local',
      'github.oauth_secret_file': secret('oauth-secret'),
      'seal.key_file': secret('seal-key'),
      'ipfs.api_url': url('ipfs'),
      'evm.url': url('evm'),
      'evm.chain_id': c.contracts && CHAIN_ID,
      'evm.escrow': c.contracts?.escrow,
      'pay.key_file': c.contracts && secret('pay-key'),
      'proof.key_file': secret('proof-key'),
      'proof.public_key': c.proofKey,
      'worker.schedules': 'false', // tests say themselves when something is due
    },
  }
}

export function prepareFolder(dir) {
  for (const name of ['log', 'run', 'secrets']) mkdirSync(join(dir, name), { recursive: true, mode: 0o700 })
}
