// An own PostgreSQL 15 cluster: initialised once, its database made anew for each start, a login role per program.
// Trust only inside a socket folder that nobody else can enter; over TCP scram with generated passwords.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chownSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { alive, startTime, stop, until } from './proc.mjs'

const run = promisify(execFile)
const BIN = '/usr/lib/postgresql/15/bin'
const AS_ROOT = process.getuid() === 0
export const ROLES = ['patchwork_owner', 'patchwork_api', 'patchwork_worker', 'patchwork_relay', 'patchwork_auditor',
  'patchwork_operator', 'patchwork_producer']
export const DATABASE = 'patchwork'

async function postgresUser() {
  const { stdout } = await run('getent', ['passwd', 'postgres'])
  const [, , uid, gid] = stdout.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

// Where the cluster's folder is made.
export const home = dir => (AS_ROOT ? '/var/tmp' : dir)

// PostgreSQL refuses root, and its user may be unable to enter the checkout: then the cluster lies in a folder of that
// user's under /var/tmp and DIR/postgres is a link to it.
async function place(dir) {
  const link = join(dir, 'postgres')
  if (!AS_ROOT) {
    mkdirSync(link, { recursive: true, mode: 0o700 })
    return { base: link, wrap: [] }
  }
  const base = `${home(dir)}/patchwork-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`
  const { uid, gid } = await postgresUser()
  if (!existsSync(base)) {
    mkdirSync(base, { mode: 0o700 })
    chownSync(base, uid, gid)
  }
  const s = lstatSync(base)
  if (!s.isDirectory() || s.uid !== uid || (s.mode & 0o077) !== 0)
    throw new Error(`${base} is not a private folder of user postgres: remove it and try again`)
  rmSync(link, { force: true })
  symlinkSync(base, link)
  return { base, user: 'postgres', wrap: ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--pdeathsig', 'KILL', '--'] }
}

// A path to a Unix socket is 107 bytes at most. Where the checkout lies too deep, the socket has a private folder of its own.
const fits = socket => Buffer.byteLength(socket) <= 90
const shortFolder = dir => `/var/tmp/patchwork-socket-${createHash('sha256').update(dir).digest('hex').slice(0, 12)}`

export function socketFolder(base, dir) {
  const plain = join(base, 'socket')
  if (fits(plain)) return plain
  const short = shortFolder(dir)
  mkdirSync(short, { recursive: true, mode: 0o700 })
  const s = lstatSync(short)
  if (!s.isDirectory() || s.uid !== process.getuid() || (s.mode & 0o077) !== 0)
    throw new Error(`${short} is not a private folder of ours: remove it and try again`)
  return short
}

// An initdb that was broken off is killed with its parent, but what it had started writes until it notices: known by its environment.
function makes(pid, data) {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`PGDATA=${data}`)
  } catch {
    return false // gone, or not ours to look at
  }
}
const vacated = base => until(`${base} is left by an initdb that was broken off`, () => !readdirSync('/proc').some(pid => makes(pid, join(base, 'data'))))

async function initialise({ base, wrap }) {
  const data = join(base, 'data')
  if (existsSync(join(data, 'patchwork-ready'))) return data
  const sh = (...argv) => run([...wrap, ...argv][0], [...wrap, ...argv].slice(1), { cwd: '/', env: { ...process.env, PGDATA: data } })
  await vacated(base)
  await sh('rm', '-rf', data)
  await sh(`${BIN}/initdb`, '-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync', '-A', 'trust')
  const hba = 'local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n'
  await sh('sh', '-c', `printf '${hba.replaceAll('\n', '\\n')}' > '${data}/pg_hba.conf' && mkdir -p -m 700 '${base}/socket'`)
  await sh('touch', join(data, 'patchwork-ready'))
  return data
}

// A postmaster.pid that survived a crash: remove it, but stop first what still runs on this data.
async function clear(data) {
  const file = join(data, 'postmaster.pid')
  if (!existsSync(file)) return
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0])
  const p = { pid, start: startTime(pid), program: 'postgres' }
  let line = ''
  try {
    line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    // gone
  }
  if (alive(p) && line.includes(data)) await stop(p, { signal: 'SIGINT' })
  rmSync(file, { force: true })
}

// -> what launch() needs, and the socket folder
export async function prepare(dir, port, { fsync = true } = {}) {
  const where = await place(dir)
  const data = await initialise(where)
  await clear(data)
  const socket = socketFolder(where.base, dir)
  const settings = {
    listen_addresses: '127.0.0.1', port, unix_socket_directories: socket, max_connections: 200, max_prepared_transactions: 2, cluster_name: 'patchwork',
    log_line_prefix: '%m [%p] %u@%d ', fsync: fsync ? 'on' : 'off', timezone: 'UTC', log_timezone: 'UTC', wal_compression: 'lz4',
  }
  const options = Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])
  return { argv: [`${BIN}/postgres`, '-D', data, ...options], user: where.user, socket }
}

export const ready = (socket, port) =>
  run(`${BIN}/pg_isready`, ['-q', '-h', socket, '-p', String(port)]).then(() => true, () => false)

export async function psql(socket, port, database, text) {
  const child = run(`${BIN}/psql`, ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', socket, '-p', String(port), '-U', 'postgres', '-d', database])
  child.child.stdin.end(text)
  return (await child).stdout.trim()
}

// passwords: role -> password. A fresh database is empty and owned by patchwork_owner, who migrates it.
export async function provision(socket, port, passwords, fresh) {
  const roles = Object.entries(passwords).map(([role, password]) => `
    select 'create role ${role}' where not exists (select from pg_roles where rolname = '${role}') \\gexec
    alter role ${role} login password '${password}';`)
  const others = 'grant pg_monitor to patchwork_operator;' // the doctor looks at the sessions of others
  await psql(socket, port, 'postgres', [...roles, others].join('\n'))
  const there = await psql(socket, port, 'postgres', `select 1 from pg_database where datname = '${DATABASE}'`)
  if (fresh && there) await psql(socket, port, 'postgres', `drop database ${DATABASE} with (force)`)
  if (fresh || !there)
    await psql(socket, port, 'postgres', `create database ${DATABASE} owner patchwork_owner;
      revoke all on database ${DATABASE} from public;
      grant connect, temporary on database ${DATABASE} to ${ROLES.join(', ')};`)
}

export async function purge(dir) {
  const link = join(dir, 'postgres')
  let target = null
  try {
    target = readlinkSync(link)
  } catch {
    // a folder, or nothing
  }
  await vacated(target ?? link)
  if (target?.startsWith('/var/tmp/patchwork-')) rmSync(target, { recursive: true, force: true })
  rmSync(link, { recursive: true, force: true })
  const real = existsSync(dir) ? realpathSync(dir) : dir
  if (!fits(join(real, 'postgres/socket'))) rmSync(shortFolder(real), { recursive: true, force: true })
}

