#!/usr/bin/env node
// demo.mjs [--dir var/demo]             start a stack, play one contribution, prove it offline, stop everything
// demo.mjs --against var/stack.json     play one on a stack that runs; it goes on running
//   --register OWNER/NAME               only a repository of its GitHub as a project
// Exits 0 only when every step truly happened.
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { claim, onUnheard, sessions, tail } from '../stack/proc.mjs'
import { createProject, login, nodeWallet, play, verifyProject } from '../stack/scenario.mjs'
import { startStack, stopOnSignal, stopStack } from '../stack/stack.mjs'
import { lineageLines } from './lineage.mjs'
import { Steps } from './steps.mjs'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const PROGRAM = join(ROOT, 'build/patchwork')
const run = promisify(execFile)
const here = file => relative(process.cwd(), file)
const steps = new Steps()

// One line with what came of it; the value goes on.
async function step(name, act, text = () => undefined) {
  let value
  await steps.step(name, async () => text(value = await act()))
  return value
}

// A namespace of its own without any interface: as far as it can see there is no network. Where this machine permits none,
// the program's own word has to do that the kernel gave it no socket.
async function isolation() {
  for (const way of [['unshare', '-n', '--'], ['unshare', '-rn', '--']]) {
    const works = await run(way[0], [...way.slice(1), 'true']).then(() => true, () => false)
    if (works) return way
  }
  return []
}

const verify = (at, way, file) => run([...way, PROGRAM][0], [...way.slice(1), ...(way.length ? [PROGRAM] : []),
  '--config', join(at.dir, 'patchwork.conf'), 'proof', 'verify', file])

async function verifyOffline(at, file) {
  const way = await isolation()
  const said = await step(`proof verified with ${way.length ? 'the network away' : 'sockets away'}`, async () => {
    const { stdout } = await verify(at, way, file).catch(e => { throw new Error(e.stderr || e.message) })
    if (!way.length && !/^ {2}network +none/m.test(stdout))
      throw new Error('it is valid, but was not cut off from the network: this machine permits neither a namespace nor a filter of system calls')
    return stdout
  }, () => here(file))
  for (const line of said.trimEnd().split('\n').slice(1)) steps.say(`            ${line}`)
  await step('the same proof with one byte changed is refused', async () => {
    const envelope = JSON.parse(readFileSync(file, 'utf8'))
    const payload = Buffer.from(envelope.payload, 'base64')
    payload[payload.indexOf('"amount":"') + 10] ^= 1
    const other = join(dirname(file), 'changed.json')
    writeFileSync(other, JSON.stringify({ ...envelope, payload: payload.toString('base64') }))
    const refused = await verify(at, way, other).then(() => null, e => e)
    if (refused?.code !== 1) throw new Error(`exit ${refused?.code ?? 0}, not 1: a forged proof would be believed`)
    return refused.stderr.trim()
  }, refusal => refusal)
}

async function contribution(at) {
  const folder = join(at.dir, 'proof')
  mkdirSync(folder, { recursive: true })
  steps.title('One contribution')
  const c = await play(at, { step, proofFile: join(folder, 'proof.json') })
  steps.title('Its lineage')
  for (const line of lineageLines(c.lineage, text => steps.paint(2, text))) steps.say(line)
  steps.title('Its proof, by itself')
  await verifyOffline(at, c.proof.file)
  return c
}

async function stopAll(stack) {
  const parts = Object.values(stack.running)
  await stack.stop()
  const left = sessions(parts) // children that outlived them, too
  if (left.length) throw new Error(`still running: ${left.join(', ')}`)
}

function explain(e, logs) {
  const text = value => {
    const said = typeof value === 'string' ? value : JSON.stringify(value, (k, v) => (typeof v === 'bigint' ? String(v) : v))
    return said?.length > 1500 ? `${said.slice(0, 1500)}...` : said
  }
  const say = line => process.stderr.write(`${line}\n`)
  if (e.expected !== undefined) say(`\nexpected  ${text(e.expected)}\ngot       ${text(e.got)}`)
  const part = e.part && logs && tail(join(logs, `${e.part}.log`), 20)
  if (part) say(`\nthe end of ${here(join(logs, `${e.part}.log`))}\n${part.replace(/^/gm, '    ')}`)
  if (process.env.PATCHWORK_DEBUG) say(e.stack)
}

// Two in one folder would stop each other's parts: the later one does not begin.
async function alone(dir) {
  const other = claim(join(dir, 'demo.pid'))
  if (other) {
    process.stderr.write(`patchwork: a demo runs in ${here(dir)} already, process ${other.pid}: wait for its end, or name another --dir\n`)
    return 1
  }
  let stack
  const { halt, end } = stopOnSignal(dir, signal => {
    steps.end()
    process.stderr.write(`\n${signal}: stopping everything\n`)
  })
  onUnheard(end)
  try {
    steps.title('Patchwork and its outside world')
    stack = await step('everything started', () => startStack({ dir, halt, told: (name, ms) => steps.part(name, ms), awaits: names => steps.awaits(names) }),
      s => Object.keys(s.running).join(', '))
    const c = await contribution(stack.info)
    steps.title('The end')
    await step('everything stopped', () => stopAll(stack), () => 'no process is left')
    steps.say(`\n${steps.paint(32, 'Every step happened:')} ${steps.total()}; from the merge's webhook to its confirmed payment ${(c.paid_after / 1000).toFixed(2)} s`)
    steps.say('The proof is kept; make up starts the same and leaves it running. To look at the proof again:')
    steps.say(`  ${here(PROGRAM)} --config ${here(join(dir, 'patchwork.conf'))} proof verify ${here(c.proof.file)}`)
  } catch (e) {
    if (halt.aborted) return new Promise(() => {}) // the signal's end is ours
    explain(e, join(dir, 'log'))
    await stopStack(dir)
    return 1
  }
  return 0
}

async function register(at, fullName) {
  const maintainer = await login(at, nodeWallet(at, 'maintainer'))
  const project = await step('project registered', () => createProject(at, maintainer, fullName), p => `${p.full_name}, repository ${p.repo_id}`)
  await step('project verified', () => verifyProject(at, project), () => 'by a signed ping from GitHub')
  steps.say(`  it is  curl -s ${at.api}/v1/projects/${project.id}`)
}

async function against(file, repository) {
  if (!existsSync(file)) {
    process.stderr.write(`patchwork: there is no ${file}: no stack runs there, make up starts one\n`)
    return 1
  }
  const at = JSON.parse(readFileSync(file, 'utf8'))
  onUnheard(code => process.exit(code))
  try {
    if (repository) {
      await register(at, repository)
      return 0
    }
    const c = await contribution(at)
    steps.say(`\n${steps.paint(32, 'Every step happened:')} ${steps.total()}`)
    steps.table([
      ['the page', `${at.api}/`], ['its lineage', `curl -s ${at.api}/v1/lineage/submission/${c.submission.id}`],
      ['its payout', `curl -s ${at.api}/v1/payouts/${c.payout.id}`], ['its proof', `curl -s ${at.api}/v1/proofs/${c.proof.cid}`],
      ['its block', `curl -s ${at.api}/ipfs/${c.proof.cid}`], ['its events', `node tests/stack/nats.mjs ${at.nats} '${c.events[0].nats_subject.split('.').slice(0, 3).join('.')}.>'`],
    ])
    return 0
  } catch (e) {
    explain(e, at.logs)
    return 1
  }
}

async function main() {
  const { values } = parseArgs({
    options: { dir: { type: 'string', default: join(ROOT, 'var/demo') }, against: { type: 'string' }, register: { type: 'string' } },
  })
  return values.against ? against(values.against, values.register) : alone(resolve(values.dir))
}

main().then(code => process.exit(code), e => {
  process.stderr.write(`patchwork: ${e.message}\n`)
  process.exit(1)
})
