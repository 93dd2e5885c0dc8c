#!/usr/bin/env node
// stack.mjs up|down|status|clean [--dir var] [--outside]: Patchwork and the outside world it runs against, on free ports
// of loopback, everything kept under one folder. Tests: const stack = await startStack({ dir, parts, ... }).
// Each start begins with an empty world: the chain and GitHub live in memory, so the database that speaks of them and
// the streams are emptied too. PostgreSQL's cluster, IPFS blocks and secrets stay.
import { execFile } from 'node:child_process'
import { createPrivateKey, createPublicKey, randomBytes, randomUUID } from 'node:crypto'
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, realpathSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { deploy, wallets } from './evm.mjs'
import { command, configuration, fileOf, OUTSIDE, PARTS, prepareFolder, PROGRAMS } from './parts.mjs'
import { DATABASE, home, provision, psql, purge, ROLES } from './postgres.mjs'
import { alive, claim, freePort, launch, onUnheard, recall, stop, tail, until } from './proc.mjs'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const BUILD = join(ROOT, 'build')

class Stack {
  constructor(options) {
    mkdirSync(options.dir, { recursive: true, mode: 0o700 })
    this.dir = realpathSync(options.dir)
    this.options = options
    this.fresh = options.fresh ?? true
    this.ports = {}
    this.urls = {}
    this.running = {}
    this.launched = {} // name -> when, RFC 3339
    prepareFolder(this.dir)
  }

  path = name => join(this.dir, name)
  port = name => String(this.ports[name])
  url = name => this.urls[name]
  log = name => this.path(`log/${name}.log`)
  pidFile = name => this.path(`run/${name}.pid`)

  program(name) {
    const { programs } = this.options
    const file = join({ rel: BUILD, san: join(BUILD, 'san') }[programs] ?? programs, name)
    if (!existsSync(file)) throw new Error(`${file} is not built: make programs programs-san`)
    return file
  }

  // A secret is made once and kept, readable by its owner alone; a given value replaces it.
  secret(name, value) {
    const file = this.path(`secrets/${name}`)
    if (value === undefined && existsSync(file)) return readFileSync(file, 'utf8').trim()
    const text = value ?? randomBytes(32).toString('hex')
    writeFileSync(file, `${text}\n`, { mode: 0o600 })
    return text
  }

  // How a role reaches the database; without its password for a file that others may read.
  database(role, password = true) {
    const who = password ? `${role}:${this.secret(`database-${role}`)}` : role
    return `postgresql://${who}@127.0.0.1:${this.port('postgres')}/${DATABASE}`
  }

  // The environment that makes one of our programs that role.
  as(role) {
    return { PATCHWORK_DB_URL: this.database(role, false), PATCHWORK_DB_PASSWORD_FILE: this.path(`secrets/database-${role}`) }
  }

  env(name) {
    const { env = {} } = this.options
    return { ...env.all, ...env[name] }
  }

  // Starts a part and waits for it. A port taken meanwhile, or remains of a crash, are worth another try.
  async start(name) {
    const part = PARTS[name]
    for (let attempt = 1; ; attempt++) {
      for (const port of part.ports ?? []) this.ports[port] ??= await freePort()
      Object.assign(this.urls, part.urls?.(this))
      const { argv, user, env, signal = 'SIGTERM' } = await part.spec(this)
      this.options.halt?.throwIfAborted()
      const from = existsSync(this.log(name)) ? readFileSync(this.log(name)).length : 0
      this.launched[name] = new Date().toISOString()
      const p = launch({
        argv, user, env: { ...env, ...this.env(name) }, log: this.log(name), pidFile: this.pidFile(name),
        tied: this.options.tied ? signal : undefined,
      })
      this.running[name] = { ...p, signal }
      const over = p.gone.then(code => ({ code }))
      const up = until(name, () => part.ready(this), { timeout: part.patience ?? 60_000 }).then(() => null)
      const ended = await Promise.race([up, over]).catch(e => {
        throw new Error(`${e.message}\n${tail(this.log(name))}`)
      })
      if (!ended) return
      up.catch(() => {})
      const said = readFileSync(this.log(name)).subarray(from).toString()
      const taken = /address already in use|EADDRINUSE|Address in use/i.test(said)
      if (attempt > 20 || !(taken || part.again?.test(said)))
        throw new Error(`${name} ended with ${ended.code} while starting\n${tail(this.log(name))}`)
      if (taken) for (const port of part.ports) delete this.ports[port]
      else await new Promise(wake => setTimeout(wake, 100))
    }
  }

  async prepareDatabase() {
    await provision(this.socket, this.port('postgres'), Object.fromEntries(ROLES.map(r => [r, this.secret(`database-${r}`)])), this.fresh)
  }

  async deployContracts() {
    this.wallets = wallets(this.path('evm-accounts.json'))
    this.secret('pay-key', this.wallets.operator.key.replace(/^0x/, ''))
    this.contracts = await deploy(this.urls.evm, BUILD, this.wallets)
  }

  writeConfiguration() {
    for (const name of ['jwt-key', 'webhook-secret', 'github-token', 'oauth-secret', 'seal-key']) this.secret(name)
    this.proofKey = ed25519Public(this.secret('proof-key'))
    const given = Object.entries(this.options.conf ?? {})
    for (const [file, keys] of Object.entries(configuration(this))) {
      const mine = given.filter(([key]) => fileOf(key) === file)
      const lines = Object.entries({ ...keys, ...Object.fromEntries(mine) }).filter(([k, v]) => v !== undefined && v !== false && (this.options.knows?.(k) ?? true))
      writeFileSync(this.path(file), lines.map(([k, v]) => `${k} = ${typeof v === 'function' ? v(this) : v}\n`).join(''), { mode: 0o600 })
    }
  }

  // One run of `patchwork`; its output is the answer, a failure carries what it said.
  async run(role, ...words) {
    const [file, ...args] = command(this, ...words)
    try {
      const env = { ...process.env, ...this.as(role), ...this.env(words[0]) }
      const { stdout, stderr } = await promisify(execFile)(file, args, { env })
      appendFileSync(this.log('patchwork'), stdout + stderr)
      return stdout
    } catch (e) {
      throw new Error(`patchwork ${words.join(' ')} failed\n${e.stdout ?? ''}${e.stderr ?? e.message}`)
    }
  }

  async migrateDatabase() {
    await this.run('patchwork_owner', 'migrate')
    if (this.contracts)
      await this.run('patchwork_owner', 'chain', 'add', '--token', this.contracts.token, '--symbol', 'PTD', '--decimals', '6')
  }

  // Everything at once; each waits only for what it needs.
  async up() {
    const parts = this.options.parts
    for (const name of parts) for (const port of PARTS[name].ports ?? []) this.ports[port] = await freePort()
    if (this.fresh) for (const name of [...parts, 'patchwork']) rmSync(this.log(name), { force: true })
    const done = {}
    const has = name => parts.includes(name)
    const going = new Set()
    const goes = () => this.options.awaits?.([...going])
    const step = (name, needs, act, what = name) => {
      done[name] = Promise.all(needs.map(n => done[n])).then(async () => {
        const from = performance.now()
        going.add(name)
        goes()
        const did = await act()
        going.delete(name)
        goes()
        if (did !== false) this.options.told?.(what, performance.now() - from)
      })
      done[name].catch(() => {})
    }
    for (const name of OUTSIDE.filter(has)) step(name, [], () => this.start(name))
    step('cluster', ['postgres'], () => has('postgres') && this.prepareDatabase(), 'database made')
    step('contracts', ['evm'], async () => {
      if (has('evm')) await this.deployContracts()
      this.writeConfiguration()
      return has('evm')
    }, 'contracts deployed')
    const ours = PROGRAMS.some(has) || Boolean(this.options.migrate)
    step('database', ['cluster', 'contracts'], () => has('postgres') && ours && this.migrateDatabase(), 'schema migrated')
    for (const name of PROGRAMS.filter(has)) step(name, PARTS[name].needs, () => this.start(name))
    const failed = (await Promise.allSettled(Object.values(done))).find(r => r.status === 'rejected')
    if (failed) {
      await this.stop().catch(e => { failed.reason.message += `\n${e.message}` })
      throw failed.reason
    }
    this.describe()
    return this
  }

  describe() {
    const pids = Object.fromEntries(Object.entries(this.running).map(([name, p]) => [name, p.pid]))
    const { api, database, nats, redis, github, ipfs, evm } = this.urls
    this.info = {
      api, database, nats, redis, github, ipfs, evm, nats_monitor: this.urls.nats_monitor, contracts: this.contracts,
      wallets: this.wallets, databases: this.ports.postgres && Object.fromEntries(ROLES.map(r => [r, this.database(r)])),
      webhook_secret: this.secret('webhook-secret'), dir: this.dir, logs: this.path('log'), socket: this.socket, pids,
    }
    writeFileSync(this.path('stack.json'), `${JSON.stringify(this.info, null, 2)}\n`, { mode: 0o600 })
  }

  // SIGSTOP and SIGCONT leave it there; with any other signal it is gone on return.
  async kill(name, signal = 'SIGKILL') {
    const p = this.running[name]
    process.kill(p.pid, signal)
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') await until(`${name} ends`, () => !alive(p))
  }

  // The same part on the same ports, with what it had kept on disk.
  async restart(name) {
    await stop(this.running[name], { signal: this.running[name].signal, patience: PARTS[name].drain })
    this.fresh = false
    await this.start(name)
    this.describe()
  }

  sql = (text, database = DATABASE) => psql(this.socket, this.port('postgres'), database, text)

  // Our programs end well when they are asked to, and no log holds what a sanitizer found.
  async stop({ remove = false } = {}) {
    const asked = PROGRAMS.filter(name => alive(this.running[name]))
    await stopParts(this.dir, name => this.running[name]?.signal)
    const ends = await Promise.all(asked.map(async name => [name, await this.running[name].gone]))
    const found = [...ends.filter(([, code]) => code !== 0).map(([name, code]) => `${name} ended with ${code}\n${tail(this.log(name))}`), ...findings(this.dir)]
    if (remove) {
      await purge(this.dir)
      rmSync(this.dir, { recursive: true, force: true })
    }
    if (found.length) throw new Error(found.join('\n'))
  }
}

// What the sanitizers said in any log: the first of each, with what follows.
function findings(dir) {
  const folder = join(dir, 'log')
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap(file => {
    const said = readFileSync(join(folder, file), 'utf8')
    const at = said.search(/runtime error: |ERROR: \w+Sanitizer/)
    return at < 0 ? [] : [`${file}: ${said.slice(at, at + 4000)}`]
  })
}

// The public key of an Ed25519 seed, both in hex.
function ed25519Public(seed) {
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.from(seed, 'hex')])
  const { x } = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' })
  return Buffer.from(x, 'base64url').toString('hex')
}

const SIGNALS = { postgres: 'SIGINT', evm: 'SIGINT' }

// Programs first, so that none sees its database go; then the rest together.
async function stopParts(dir, signalOf = () => undefined) {
  const run = join(dir, 'run')
  if (!existsSync(run)) return []
  const there = readdirSync(run).filter(f => f.endsWith('.pid')).map(f => f.slice(0, -4))
  const end = async name => {
    const pidFile = join(run, `${name}.pid`)
    const p = recall(pidFile)
    if (p) await stop({ ...p, pidFile }, { signal: signalOf(name) ?? SIGNALS[name], patience: PARTS[name]?.drain })
    rmSync(pidFile, { force: true })
    return p && name
  }
  const stopped = await Promise.all(there.filter(n => PROGRAMS.includes(n)).map(end))
  stopped.push(...await Promise.all(there.filter(n => !PROGRAMS.includes(n)).map(end)))
  rmSync(join(dir, 'stack.json'), { force: true })
  return stopped.filter(Boolean)
}

const MB = 2 ** 20
const ROOM = 400 * MB // an empty cluster and its log take a quarter of it

// A part that finds no room says so late, and each in its own way.
function wantRoom(dir, least = ROOM) {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  for (const folder of new Set([dir, home(dir)])) {
    const { bavail, bsize } = statfsSync(folder)
    const free = bavail * bsize
    if (free < least) throw new Error(`${folder} has ${Math.floor(free / MB)} MB free, a stack wants ${Math.ceil(least / MB)}: make room, then try again`)
  }
}

// parts     names of parts.mjs (default: all)         programs  'rel' (build/), 'san' (build/san/) or a folder
// conf      { key: value } over the configuration     env       { all: {..}, api: {..}, ... } for our programs and others
// knows     key => whether the configuration may have it (default: any)
// tied      end with this process (default)           fresh     empty database, streams, chain (default)
// fsync     false is faster; a crash of the machine then loses data        migrate   also without our programs
// told      (name, ms) => what is up, and what it took                     room      bytes that it wants free (default ROOM)
// halt      an AbortSignal: once aborted, no part is started any more     awaits    names => what is being started
export async function startStack(options) {
  const dir = resolve(options.dir)
  await stopParts(dir)
  wantRoom(dir, options.room)
  return new Stack({ tied: true, programs: 'rel', fsync: true, parts: [...OUTSIDE, ...PROGRAMS], ...options, dir }).up()
}

export async function stopStack(dir) {
  return stopParts(resolve(dir))
}

// A signal stops what runs under the folder, then ends this process as shells count it; told(signal) comes first.
// -> { halt, end(code) }: the AbortSignal that startStack() has to know, and the same end for another reason
export function stopOnSignal(dir, told) {
  const control = new AbortController()
  const end = code => {
    if (control.signal.aborted) return
    control.abort()
    stopStack(dir).then(() => process.exit(code), e => {
      process.stderr.write(`patchwork: ${e.message}\n`)
      process.exit(1)
    })
  }
  for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'])
    process.on(signal, () => {
      if (!control.signal.aborted) told(signal)
      end(128 + constants.signals[signal])
    })
  return { halt: control.signal, end }
}

export function readStack(dir) {
  const run = join(dir, 'run')
  if (!existsSync(run)) return []
  return readdirSync(run).filter(f => f.endsWith('.pid')).map(f => {
    const name = f.slice(0, -4)
    return { name, process: recall(join(run, f)) }
  })
}

const SCHEMAS = ['audit', 'core', 'ingest', 'ledger', 'proof', 'q', 'rep']

// What a person may try next; every line can be pasted as it stands.
function page(info) {
  const file = relative(process.cwd(), join(info.dir, 'stack.json')) || 'stack.json'
  const rows = ['api', 'database', 'nats', 'redis', 'github', 'ipfs', 'evm'].filter(n => info[n])
    .map(n => `  ${n.padEnd(10)}${info[n].replace(/:[0-9a-f]{64}@/, ':...@')}`)
  const secret = relative(process.cwd(), join(info.dir, 'secrets/webhook-secret'))
  const delivery = randomUUID()
  const control = ([verb, body]) => `curl -s ${info.github}/_control/${verb} -d '${JSON.stringify(body)}'`
  const tries = [
    info.api && ['the page: leaderboard, open bounties, a contribution as it moves', `${info.api}/`],
    info.api && info.github && ['one contribution, from the login to the score, played on this stack: the page fills',
      `node tests/demo/demo.mjs --against ${file}`],
    info.api && ['what the API offers, and whether all it needs is there', `curl -s ${info.api}/openapi.json`, `curl -s ${info.api}/readyz`],
    info.api && ['what it did: jobs with their runs, money, points', `curl -s ${info.api}/v1/jobs`, `curl -s ${info.api}/v1/bounties`,
      `curl -s ${info.api}/v1/leaderboard`],
    info.api && info.database && ['the operators\' console: sign in there with a browser\'s wallet on chain 338, then give that wallet the role',
      `${info.api}/console`,
      `PATCHWORK_DB_URL="$(node -p 'require("./${file}").database')" build/patchwork role grant operator --address 0x... --reason demo`],
    info.nats && ['its events, as they come (Ctrl-C ends it)', `node tests/stack/nats.mjs ${info.nats}`],
    info.github && ['a repository, an issue and a pull request on the stand-in for GitHub',
      ...[
        ['repo', { owner: 'ada', name: 'engine' }],
        ['issue', { repo: 'ada/engine', user: 'grace', title: 'It stalls' }],
        ['pull', { repo: 'ada/engine', user: 'linus', title: 'Keep it turning', body: 'Fixes #1' }],
      ].map(control)],
    info.api && info.github && ['the repository as a project, by the maintainer\'s wallet and a signed ping: webhooks of others are ignored',
      `node tests/demo/demo.mjs --against ${file} --register ada/engine`],
    info.github && ['the merge', control(['merge', { repo: 'ada/engine', number: 2, method: 'squash', by: 'ada' }]),
      `curl -s ${info.github}/repos/ada/engine/pulls/2`],
    info.api && info.github && [`its webhook, signed, to the API (the secret is in ${secret}), and what came of it`,
      control(['deliver', {
        url: `${info.api}/v1/webhooks/github`, event: 'pull_request', action: 'closed', repo: 'ada/engine', number: 2, delivery, secret: '@',
      }]).replace('"@"', `"'"$(cat ${secret})"'"`),
      `curl -sf --retry 9 --retry-all-errors ${info.api}/v1/lineage/delivery/${delivery}`],
    info.api && info.database && ['an operator\'s commands (docs/operating.md): what is wrong, what ran, a contribution from any of its ids',
      `export PATCHWORK_CONF=${relative(process.cwd(), join(info.dir, 'patchwork.conf'))} PATCHWORK_DB_URL="$(node -p 'require("./${file}").databases.patchwork_operator')"`,
      'build/patchwork doctor', 'build/patchwork history list', 'build/patchwork help'],
    info.database && [`the database, as the owner of its tables: \\dt core.* lists some, there are ${SCHEMAS.join(', ')}`, `psql "$(node -p 'require("./${file}").database')"`],
    info.evm && ['addresses and keys of the wallets on the chain', `node -p 'require("./${file}").wallets'`],
    ['everything at once', file],
    ['the logs', `${relative(process.cwd(), info.logs)}/`],
    ['to end it', 'make down'],
  ].filter(Boolean)
  return [...rows, '', 'Try next:', ...tries.map(([what, ...how]) => `\n  ${what}\n${how.map(h => `    ${h}`).join('\n')}`)].join('\n')
}

const starting = dir => join(dir, 'up.pid')
const there = dir => relative(process.cwd(), dir) || '.'

async function up(dir, parts) {
  const other = claim(starting(dir))
  if (other) {
    console.error(`patchwork: a stack is being started in ${there(dir)} already, process ${other.pid}: wait for it, or make down`)
    return 1
  }
  const seen = readStack(dir)
  if (seen.length && seen.every(p => p.process) && existsSync(join(dir, 'stack.json'))) {
    console.log(`already running\n${page(JSON.parse(readFileSync(join(dir, 'stack.json'), 'utf8')))}`)
    return 0
  }
  const { halt } = stopOnSignal(dir, signal => console.error(`\n${signal}: stopping what was started`))
  const from = Date.now()
  const told = (name, ms) => halt.aborted || console.log(`${(ms / 1000).toFixed(2).padStart(7)} s  ${name}`)
  try {
    const stack = await startStack({ dir, parts, tied: false, conf: { 'worker.schedules': 'true' }, told, halt })
    console.log(`ready in ${((Date.now() - from) / 1000).toFixed(1)} s\n${page(stack.info)}`)
    return 0
  } catch (e) {
    if (halt.aborted) return new Promise(() => {}) // the signal's end is ours
    throw e
  }
}

async function down(dir) {
  const other = recall(starting(dir))
  if (other) await stop(other)
  const stopped = await stopStack(dir)
  if (!stopped.length) {
    console.log(other ? 'stopped while it was being started' : 'nothing was running')
    return 0
  }
  console.log(`stopped ${stopped.join(', ')}\nThe next make up begins with an empty world: its database, chain, GitHub and events are made anew; IPFS blocks and secrets stay.`)
  return 0
}

async function status(dir) {
  const other = recall(starting(dir))
  if (other) console.log(`being started by process ${other.pid}`)
  const seen = readStack(dir)
  for (const { name, process: p } of seen) console.log(`${name.padEnd(12)}${p ? `running, pid ${p.pid}` : 'gone'}`)
  if (!seen.length) console.log('nothing is running')
  return seen.length && seen.every(p => p.process) ? 0 : 1
}

async function clean(dir) {
  const other = recall(starting(dir))
  if (other) await stop(other)
  await stopStack(dir)
  await purge(dir)
  rmSync(dir, { recursive: true, force: true })
  return 0
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { dir: { type: 'string', default: join(ROOT, 'var') }, outside: { type: 'boolean', default: false } },
  })
  const dir = resolve(values.dir)
  onUnheard(() => {}) // whoever reads of it, it is started or stopped
  switch (positionals[0]) {
  case 'up': return up(dir, values.outside ? OUTSIDE : [...OUTSIDE, ...PROGRAMS])
  case 'down': return down(dir)
  case 'status': return status(dir)
  case 'clean': return clean(dir)
  }
  console.error('usage: stack.mjs up|down|status|clean [--dir DIR] [--outside]')
  return 2
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url))
  main().then(code => setImmediate(() => process.exit(code)), e => { // what could not be written is heard of only then
    console.error(`patchwork: ${e.message}`)
    process.exit(1)
  })
