// The stack's own promises: several side by side, nothing left behind, a crash survived, no foreign process harmed.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { purge, socketFolder } from '../stack/postgres.mjs'
import { left, partsOf, startTime, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'

const run = promisify(execFile)
const CLI = fileURLToPath(new URL('../stack/stack.mjs', import.meta.url))
const folder = () => mkdtempSync(join(tmpdir(), 'patchwork-stack-'))
const cli = (dir, ...words) => run(process.execPath, [CLI, ...words, '--dir', dir])

test('a disk that is too full is told of before anything starts', async () => {
  const dir = folder()
  await assert.rejects(startStack({ dir, parts: ['redis'], room: Number.MAX_SAFE_INTEGER }), /^Error: \S+ has \d+ MB free, a stack wants \d+: make room/)
  assert.deepEqual(readdirSync(dir), [])
})

test('a checkout that lies too deep for a Unix socket has it in a short private folder, or is told why not', async () => {
  const dir = folder(), deep = join(dir, 'd'.repeat(100))
  assert.equal(socketFolder(join(dir, 'postgres'), dir), join(dir, 'postgres/socket'))
  const short = socketFolder(deep, deep)
  try {
    assert.ok(short.length < 90 && (statSync(short).mode & 0o777) === 0o700, short)
    assert.equal(socketFolder(deep, deep), short)
    const other = join(deep, 'other')
    assert.notEqual(socketFolder(deep, other), short)
    chmodSync(short, 0o755)
    assert.throws(() => socketFolder(deep, deep), /is not a private folder of ours: remove it/)
  } finally {
    for (const d of [deep, join(deep, 'other')]) await purge(d)
  }
  assert.equal(existsSync(short), false)
  rmSync(dir, { recursive: true })
})

test('two stacks side by side share nothing, and each ends without a trace', async () => {
  const options = { parts: ['postgres', 'nats', 'redis', 'evm', 'github'], fsync: false }
  const stacks = await Promise.all([1, 2].map(() => startStack({ ...options, dir: folder() })))
  const [a, b] = stacks
  await a.sql('create table mine (n int)')
  assert.equal(await a.sql("select count(*) from pg_tables where tablename = 'mine'"), '1')
  assert.equal(await b.sql("select count(*) from pg_tables where tablename = 'mine'"), '0')
  assert.equal(new Set(stacks.flatMap(s => Object.values(s.ports))).size, 2 * Object.keys(a.ports).length)
  const pids = stacks.flatMap(s => Object.values(s.running))
  await Promise.all(stacks.map(s => s.stop({ remove: true })))
  for (const s of stacks) assert.deepEqual(left(s.dir, pids), [])
})

test('a part may be killed and comes back on its port with what it had kept', async () => {
  const s = await startStack({ dir: folder(), parts: ['postgres', 'evm'], fsync: false })
  await s.sql('create table kept (n int); insert into kept values (7)')
  await s.kill('postgres')
  await s.restart('postgres')
  assert.equal(await s.sql('select n from kept'), '7')
  const block = async () => (await (await fetch(s.url('evm'), {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}',
  })).json()).result
  const height = await block()
  await s.restart('evm')
  assert.equal(await block(), height)
  await s.stop({ remove: true })
})

test('passwords count over TCP, and secrets are for their owner alone', async () => {
  const s = await startStack({ dir: folder(), parts: ['postgres'], fsync: false })
  const ask = url => run('/usr/lib/postgresql/15/bin/psql', ['-w', '-X', '-t', '-A', '-c', 'select current_user', url])
  assert.equal((await ask(s.info.databases.patchwork_relay)).stdout.trim(), 'patchwork_relay')
  const wrong = new URL(s.info.database)
  wrong.password = 'guess'
  await assert.rejects(ask(wrong.href), /password authentication failed/)
  wrong.username = 'postgres'
  await assert.rejects(ask(wrong.href), /password authentication failed/)
  for (const name of readdirSync(s.path('secrets'))) assert.equal(statSync(s.path(`secrets/${name}`)).mode & 0o777, 0o600, name)
  assert.equal(statSync(s.path('stack.json')).mode & 0o777, 0o600)
  await s.stop({ remove: true })
})

test('up, a kill -9 of everything, up again, down: nothing is left', async () => {
  const dir = folder()
  try {
    await cli(dir, 'up', '--outside')
    const first = JSON.parse(readFileSync(join(dir, 'stack.json')))
    assert.match((await cli(dir, 'up', '--outside')).stdout, /^already running/)
    for (const pid of Object.values(first.pids)) process.kill(pid, 'SIGKILL')
    await until('all killed', () => Object.values(first.pids).every(pid => startTime(pid) === null))
    await assert.rejects(cli(dir, 'status'), /Command failed/)
    await cli(dir, 'up', '--outside')
    const { stdout } = await cli(dir, 'status')
    assert.equal(stdout.match(/running/g).length, 6)
    const second = JSON.parse(readFileSync(join(dir, 'stack.json')))
    for (const name of ['database', 'nats', 'redis', 'github', 'ipfs', 'evm']) assert.ok(new URL(second[name]).port, name)
    for (const name of ['funder', 'contributor', 'maintainer', 'operator']) assert.match(second.wallets[name].key, /^0x[0-9a-f]{64}$/)
    const parts = partsOf(dir)
    assert.equal(parts.length, 6)
    await cli(dir, 'down')
    assert.deepEqual(left(dir, parts), [])
    assert.match((await cli(dir, 'down')).stdout, /nothing was running/)
  } finally {
    await cli(dir, 'clean')
  }
  assert.deepEqual(left(dir), [])
})

test('a second up while one goes on is refused, a signal or down stops the first, and nothing is left', async () => {
  const dir = folder()
  const begin = async () => {
    const child = spawn(process.execPath, [CLI, 'up', '--outside', '--dir', dir], { stdio: ['ignore', 'pipe', 'pipe'] })
    const end = new Promise(done => child.once('exit', (code, signal) => done(code ?? signal)))
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', data => { said += data })
    await until('a part runs', () => existsSync(join(dir, 'run')) && readdirSync(join(dir, 'run')).some(f => f.endsWith('.pid')))
    return { child, end, said: () => said, parts: () => partsOf(dir) }
  }
  const none = parts => until('nothing is left', () => left(dir, parts).length === 0, { timeout: 30_000 }) // initdb ends with its starter
  try {
    const first = await begin()
    first.child.kill('SIGSTOP')
    const second = await cli(dir, 'up', '--outside').catch(e => e)
    assert.equal(second.code, 1)
    assert.match(second.stderr, new RegExp(`being started in \\S+ already, process ${first.child.pid}: `))
    assert.match((await cli(dir, 'status').catch(e => e)).stdout, /being started by process/)
    const parts = first.parts()
    assert.ok(parts.length > 0)
    first.child.kill('SIGCONT')
    first.child.kill('SIGINT')
    assert.equal(await first.end, 130, first.said())
    assert.match(first.said(), /SIGINT: stopping what was started\n$/)
    await none(parts)
    const third = await begin()
    const started = third.parts()
    await cli(dir, 'down')
    assert.equal(await third.end, 143, third.said())
    await none(started)
    assert.equal(existsSync(join(dir, 'up.pid')), false)
  } finally {
    await cli(dir, 'clean')
  }
  assert.deepEqual(left(dir), [])
})

test('an end without readers is a quiet one: no stack trace, and what was asked for is done', async () => {
  const dir = folder()
  const shell = text => run('bash', ['-c', text], { env: { ...process.env, CLI, DIR: dir, NODE: process.execPath } })
  const { stdout, stderr } = await shell('"$NODE" "$CLI" status --dir "$DIR" >/dev/full || true; { "$NODE" "$CLI" down --dir "$DIR"; echo $? >&2; } | true')
  assert.equal(stdout, '')
  assert.equal(stderr, 'patchwork: the output could not be written: ENOSPC\n0\n')
  rmSync(dir, { recursive: true })
})

test('down ends only what it started: a pid that is now another process is left alone', async () => {
  const dir = folder()
  const other = spawn('sleep', ['60'])
  const born = startTime(other.pid)
  const s = await startStack({ dir, parts: ['redis'] })
  const pidFile = s.path('run/redis.pid')
  const real = JSON.parse(readFileSync(pidFile, 'utf8'))
  writeFileSync(pidFile, JSON.stringify({ ...real, pid: other.pid, start: String(born - 1) }))
  await cli(dir, 'down')
  const there = startTime(other.pid)
  other.kill()
  assert.equal(there, born)
  writeFileSync(pidFile, JSON.stringify(real))
  await s.stop({ remove: true })
  assert.equal(startTime(real.pid), null)
})

test('a tied stack ends with the process that started it, however that ends', async () => {
  const dir = folder()
  const script = `import { startStack } from ${JSON.stringify(CLI)}
    const s = await startStack({ dir: ${JSON.stringify(dir)}, parts: ['postgres', 'redis', 'github'], fsync: false })
    console.log(JSON.stringify(Object.values(s.running).map(p => p.pid)))
    process.kill(process.pid, 'SIGKILL')`
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]).catch(e => e)
  const pids = JSON.parse(stdout)
  assert.equal(pids.length, 3)
  await until('its parts are gone', () => pids.every(pid => startTime(pid) === null))
  await cli(dir, 'clean')
})

test('packages that cannot be had are named, with how to go on; the same command does', async () => {
  const dir = folder(), at = (...words) => join(dir, ...words)
  for (const name of ['bin', 'tests/stack', 'tests/tree']) mkdirSync(at(name), { recursive: true })
  copyFileSync(new URL('../stack/install.sh', import.meta.url), at('tests/stack/install.sh'))
  writeFileSync(at('tests/tree/package-lock.json'), '{}')
  const install = npm => {
    writeFileSync(at('bin/npm'), `#!/bin/sh\n${npm}\n`, { mode: 0o755 })
    return run('bash', [at('tests/stack/install.sh'), 'npm', 'tree'], { env: { ...process.env, PATH: `${at('bin')}:${process.env.PATH}` } })
  }
  await assert.rejects(install('exit 1'), e => {
    assert.deepEqual([e.code, existsSync(at('tests/tree/node_modules/.installed'))], [1, false])
    return /tests\/tree\/package-lock\.json names\n.*run the same command again/.test(e.stderr)
  })
  writeFileSync(at('bin/npm'), `#!/bin/bash\ntrap '' INT TERM\necho $$ > ${at('npm.pid')}\nwhile :; do sleep 1; done\n`, { mode: 0o755 })
  const broken = spawn('bash', [at('tests/stack/install.sh'), 'npm', 'tree'], { detached: true, env: { ...process.env, PATH: `${at('bin')}:${process.env.PATH}` } })
  let said = ''
  broken.stderr.on('data', data => { said += data })
  const end = new Promise(done => broken.once('close', done))
  await until('npm runs', () => existsSync(at('npm.pid')) && readFileSync(at('npm.pid'), 'utf8').trim())
  process.kill(-broken.pid, 'SIGINT') // as a terminal does: the whole group
  assert.equal(await end, 130)
  assert.equal(said, 'patchwork: interrupted; the same command goes on from here\n')
  const npm = Number(readFileSync(at('npm.pid'), 'utf8'))
  await until('npm is gone', () => startTime(npm) === null)
  assert.match((await install('mkdir tests/tree/node_modules')).stdout, /installing npm packages of tests\/tree/)
  assert.equal((await install('exit 1')).stdout, '', 'nothing is missing')
  rmSync(dir, { recursive: true })
})

test('Debian packages that cannot be had are named, with how to go on; the same command does', async () => {
  const dir = folder(), at = (...words) => join(dir, ...words)
  for (const name of ['bin', 'etc', 'tests/stack/node_modules']) mkdirSync(at(name), { recursive: true })
  const script = readFileSync(new URL('../stack/install.sh', import.meta.url), 'utf8')
  assert.match(script, /\/etc\/postgresql-common/)
  assert.match(script, /\/usr\/sbin\/policy-rc\.d/)
  // What it writes outside its checkout is written inside; it is told that it is root.
  writeFileSync(at('tests/stack/install.sh'), script.replaceAll('/etc/postgresql-common', at('etc')).replaceAll('/usr/sbin/policy-rc.d', at('etc/policy-rc.d'))
    .replaceAll('EUID', 'AS_USER'))
  writeFileSync(at('tests/stack/packages.txt'), '# LIST\nbuild first-dev there-dev\nrun second never|sh other|no-such-command\ncheck third\n')
  writeFileSync(at('tests/stack/package-lock.json'), '{}')
  const program = (name, text) => writeFileSync(at('bin', name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  program('npm', ':')
  // dpkg-query -W -f FORMAT NAME
  program('dpkg-query', `[ "$*" = "-W -f \\\${db:Status-Status} $4" ] && [ -e "${at('etc/installed')}/$4" ] && printf installed`)
  const apt = text => program('apt-get', `echo "$*" >> ${at('apt.said')}\n${text}`)
  const said = () => existsSync(at('apt.said')) ? readFileSync(at('apt.said'), 'utf8').trim().split('\n') : []
  const install = user => run('bash', [at('tests/stack/install.sh'), 'demo'], { env: { ...process.env, AS_USER: user, PATH: `${at('bin')}:${process.env.PATH}` } })
  mkdirSync(at('etc/installed'))
  writeFileSync(at('etc/installed/there-dev'), '')
  const lack = 'first-dev other second', command = `apt-get install -y --no-install-recommends ${lack}`

  apt('exit 1')
  await assert.rejects(install('1000'), { code: 1, stderr: `patchwork: these Debian packages are missing; run this as root, then try again:\npatchwork:   ${command}\n` })
  assert.deepEqual(said(), [], 'who may not install asks nobody')

  apt('echo "E: Unable to locate package first-dev" >&2; exit 100')
  await assert.rejects(install('0'), e => {
    assert.equal(e.code, 1)
    assert.match(e.stdout, new RegExp(`^installing Debian packages \\(.*\\): ${lack}\n$`))
    assert.match(e.stderr, new RegExp(`E: Unable to locate package first-dev\npatchwork: apt-get could not install: ${lack}\npatchwork: check the network .*, ` +
      'then run the same command again; what is installed stays\n$'))
    return true
  })
  assert.deepEqual(said().map(line => line.split(' ')[0]), ['install', 'update', 'install'], 'lists that are too old are fetched anew')
  assert.equal(existsSync(at('etc/policy-rc.d')), false, 'servers of others may start again')

  writeFileSync(at('etc/installed/second'), '') // that much had come
  apt('case $* in *--simulate*) ;; *) ls "$(dirname "$0")/../etc/policy-rc.d";; esac')
  rmSync(at('apt.said'))
  assert.match((await install('0')).stdout, /: first-dev other\n/)
  assert.deepEqual(said(), ['install -y --no-install-recommends first-dev other --simulate',
    'install -y --no-install-recommends first-dev other -q -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0'])
  assert.match(readFileSync(at('var/log/apt.log'), 'utf8'), /etc\/policy-rc\.d\n$/, 'while it installs, Debian\'s servers are not started')
  for (const name of ['first-dev', 'other']) writeFileSync(at('etc/installed', name), '')
  rmSync(at('apt.said'))
  assert.equal((await install('1000')).stdout, '', 'nothing is missing')
  assert.deepEqual(said(), [])
  rmSync(dir, { recursive: true })
})
