// Processes that outlive or must not outlive us: started with a log, known again by pid and start time, stopped and
// waited for. Ports of loopback.
import { spawn } from 'node:child_process'
import { closeSync, existsSync, linkSync, mkdirSync, openSync, readFileSync, readdirSync, readlinkSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

// What the kernel says of a process after its name, from the state on; null when it is gone (a zombie is gone).
function status(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return 'ZX'.includes(fields[0]) ? null : fields
  } catch {
    return null
  }
}

// Ticks since boot at which the process began, or null when it is gone.
export const startTime = pid => status(pid)?.[19] ?? null

export const alive = p => Boolean(p?.pid) && p.start !== null && startTime(p.pid) === p.start

const others = () => readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && Number(pid) !== process.pid)

// Pids of the sessions that these processes lead or led, whatever they call themselves by now. A leader's number that another
// process has today is not of them.
export function sessions(parts) {
  const led = new Set(parts.filter(p => [null, p.start].includes(startTime(p.pid))).map(p => String(p.pid)))
  return others().filter(pid => led.has(status(pid)?.[3]))
}

// Pids of what a stack under DIR has left: whoever names the folder, works in it or in its cluster's, or is of these parts.
export function left(dir, parts = []) {
  const folders = [dir, join(dir, 'postgres')].filter(f => existsSync(f)).map(f => realpathSync(f))
  const names = pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(dir)
  const works = pid => folders.some(f => `${readlinkSync(`/proc/${pid}/cwd`)}/`.startsWith(`${f}/`))
  const holds = (question, pid) => { try { return question(pid) } catch { return false } } // gone, or not ours to look at
  const ours = others().filter(pid => (holds(names, pid) || holds(works, pid)) && startTime(pid) !== null)
  return [...new Set([...ours, ...sessions(parts)])]
}

// The parts that the pid files under DIR name and that run.
export function partsOf(dir) {
  const run = join(dir, 'run')
  return (existsSync(run) ? readdirSync(run) : []).map(f => recall(join(run, f))).filter(Boolean)
}

// A pid file names the process that wrote it, not whoever has the number now.
export function recall(file) {
  try {
    const p = JSON.parse(readFileSync(file, 'utf8'))
    return alive(p) ? p : null
  } catch {
    return null
  }
}

// Makes FILE name this process until it ends -> null, or the process that it names already.
export function claim(file) {
  const mine = `${file}.${process.pid}`, stale = `${mine}.stale`
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(mine, JSON.stringify({ pid: process.pid, start: startTime(process.pid) }))
  try {
    for (;;) {
      try {
        linkSync(mine, file)
        process.once('exit', () => rmSync(file, { force: true }))
        return null
      } catch (e) {
        if (e.code !== 'EEXIST') throw e
      }
      const other = recall(file)
      if (other) return other
      try { // of a process that is gone, unless another one has replaced it meanwhile
        renameSync(file, stale)
        if (recall(stale)) linkSync(stale, file)
      } catch (e) {
        if (e.code !== 'ENOENT' && e.code !== 'EEXIST') throw e
      }
      rmSync(stale, { force: true })
    }
  } finally {
    rmSync(mine, { force: true })
  }
}

// Once, when nobody reads what we say or its disk is full: act(code) with the exit status that shells know for it.
export function onUnheard(act) {
  let seen = false
  const lost = e => {
    if (seen) return
    seen = true
    if (e.code !== 'EPIPE') process.stderr.write(`patchwork: the output could not be written: ${e.code}\n`)
    act(e.code === 'EPIPE' ? 141 : 1)
  }
  for (const stream of [process.stdout, process.stderr]) stream.on('error', lost)
}

// Debian keeps nats-server in /usr/sbin, which is not in the PATH of anybody but root.
const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`

// argv in the background, output appended to log.
//   user       run as that user (only when we are root)
//   tied       ends with us, by that signal, however we end
export function launch({ argv, log, pidFile, env = {}, cwd = '/', user, tied }) {
  mkdirSync(dirname(log), { recursive: true })
  const out = openSync(log, 'a', 0o600)
  const wrap = []
  if (user) wrap.push(`--reuid=${user}`, `--regid=${user}`, '--init-groups')
  if (tied) wrap.push(`--pdeathsig=${tied}`)
  const [file, ...args] = wrap.length ? ['setpriv', ...wrap, '--', ...argv] : argv
  const child = spawn(file, args, { cwd, env: { ...process.env, PATH, ...env }, detached: true, stdio: ['ignore', out, out] })
  closeSync(out)
  const p = { pid: child.pid, start: child.pid ? startTime(child.pid) : null, program: basename(argv[0]) }
  const gone = new Promise(resolve => {
    child.once('exit', (code, signal) => resolve(signal ?? code))
    child.once('error', e => resolve(e.code))
  })
  child.unref() // a part never keeps its starter waiting
  if (p.pid && pidFile) {
    mkdirSync(dirname(pidFile), { recursive: true })
    writeFileSync(pidFile, JSON.stringify(p))
  }
  return { ...p, gone, pidFile }
}

export async function until(what, ask, { timeout = 60_000, every = 25 } = {}) {
  const end = Date.now() + timeout
  for (;;) {
    const got = await ask()
    if (got) return got
    if (Date.now() > end) throw new Error(`${what}: not within ${timeout / 1000} s`)
    await sleep(every)
  }
}

// Asks it to end, then makes it; returns when it is gone.
export async function stop(p, { signal = 'SIGTERM', patience = 60_000 } = {}) {
  if (alive(p)) {
    try {
      process.kill(p.pid, signal)
      await until(`${p.program} ${p.pid} ends`, () => !alive(p), { timeout: patience }).catch(() => process.kill(p.pid, 'SIGKILL'))
      await until(`${p.program} ${p.pid} is killed`, () => !alive(p), { timeout: 30_000 })
    } catch (e) {
      if (e.code !== 'ESRCH') throw e
    }
  }
  if (p?.pidFile) rmSync(p.pidFile, { force: true })
}

const given = new Set()

// A port nobody listens on, below the range from which the kernel numbers outgoing connections.
export async function freePort() {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 22_000)
    if (given.has(port)) continue
    given.add(port)
    const free = await new Promise(resolve => {
      const server = createServer()
      server.once('error', () => resolve(false))
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
}

export const answers = async (url, init) => {
  try {
    const resp = await fetch(url, { signal: AbortSignal.timeout(10_000), ...init })
    await resp.arrayBuffer()
    return resp.ok
  } catch {
    return false
  }
}

export const tail = (file, n = 15) => (existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n').slice(-n).join('\n') : '')
