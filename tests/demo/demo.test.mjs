// The demo as a person runs it: it ends well, twice, after a crash, when it is interrupted, against a stack that runs; and it
// says what was wrong when something is.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { left, partsOf, until } from '../stack/proc.mjs'
import { colour, Steps } from './steps.mjs'

const run = promisify(execFile)
const DEMO = fileURLToPath(new URL('demo.mjs', import.meta.url))
const STACK = fileURLToPath(new URL('../stack/stack.mjs', import.meta.url))
const dir = mkdtempSync(join(tmpdir(), 'patchwork-demo-'))
const node = (...words) => at({}, ...words)
const at = (env, ...words) => run(process.execPath, words, { env: { ...process.env, ...env } }).then(r => ({ code: 0, ...r }), e => ({ code: e.code, stdout: e.stdout, stderr: e.stderr }))
const demo = (...words) => node(DEMO, '--dir', dir, ...words)

after(() => run(process.execPath, [STACK, 'clean', '--dir', dir]))

// Every part that a pid file named while this file ran: some are not to be known by folder or command line afterwards.
const started = new Map()
const note = () => partsOf(dir).forEach(p => started.set(`${p.pid} ${p.start}`, p))
setInterval(note, 100).unref()
const remains = () => left(dir, [...started.values()])
const none = () => assert.deepEqual(remains(), [])
// What was being started when it was broken off ends with its starter, a moment later.
const soonNone = () => until('nothing is left', () => remains().length === 0, { timeout: 30_000 })

const STEPS = [
  'everything started', 'wallets log in', 'GitHub account linked', 'project registered', 'project verified', 'bounty created',
  'money locked in the escrow', 'deposit confirmed, bounty open', 'pull request opened', 'pull request is a submission',
  'merged on GitHub, webhook taken', 'merge verified', 'proof pinned on IPFS', 'paid', 'score on the leaderboard',
  'lineage told by the API', 'events on NATS', 'proof verified', 'the same proof with one byte changed is refused', 'everything stopped',
]

function complete({ code, stdout, stderr }) {
  assert.equal(code, 0, stdout + stderr)
  const lines = stdout.split('\n').filter(l => l.startsWith('✓'))
  assert.deepEqual(lines.map((l, i) => l.includes(`  ${STEPS[i]}`)), STEPS.map(() => true), stdout)
  for (const part of ['postgres', 'nats', 'redis', 'evm', 'github', 'ipfs', 'database made', 'contracts deployed', 'schema migrated', 'api', 'relay', 'work'])
    assert.equal(stdout.match(new RegExp(`^ +\\d+\\.\\d+ s  ${part}$`, 'gm'))?.length, 1, part)
  for (const l of lines) assert.match(l, /^✓ +\d+\.\d+ s {2}\S/)
  assert.ok(!stdout.includes('\x1b'), 'no colours where there is no terminal')
  for (const word of ['deliveries', 'pull_request opened', 'pull_request closed', 'verify.merge  done', 'V16  pass', 'proof  bafkrei',
    'flagged, which is told and stops nothing: V11, nobody else approved it', '250000000 of the asset\'s smallest units', 'transaction  0x', 'score  1 point for'])
    assert.ok(stdout.includes(word), word)
  none()
}

test('X7: it plays the whole contribution within a minute and leaves no process behind', async () => {
  const played = await demo()
  complete(played)
  const [, seconds] = played.stdout.match(/Every step happened: \d+ steps in (\d+\.\d+) s/)
  assert.ok(Number(seconds) < 60, `${seconds} s`)
  assert.ok(started.size >= 9, 'each part was noted, so each is looked for')
})

test('colours and lines that are rewritten are for terminals, without NO_COLOR', async () => {
  const colours = { env: {}, none: { NO_COLOR: '1' }, empty: { NO_COLOR: '' }, dumb: { TERM: 'dumb' } }
  const asked = isTTY => Object.values(colours).map(env => colour({ isTTY }, env))
  assert.deepEqual([asked(true), asked(undefined)], [[true, false, true, false], [false, false, false, false]])
  const written = async paint => {
    let text = ''
    const steps = new Steps({ stream: { write: more => { text += more } }, paint })
    await steps.step('one', async () => 'done')
    await assert.rejects(steps.step('two', async () => { throw new Error('no') }), /no/)
    return text.replace(/\d+\.\d+/g, '0')
  }
  assert.equal(await written(false), '✓  0 s  one  done\n✗  0 s  two\n  no\n')
  assert.equal((await written(true)).replaceAll('\x1b', '^').split('\r').at(1), '^[K^[32m✓^[0m ^[2m 0 s^[0m  one  ^[36mdone^[0m\n  ^[2m 0 s^[0m  two ...')
  let text = ''
  const steps = new Steps({ stream: { write: more => { text += more } }, paint: true })
  await steps.step('three', async () => {
    steps.awaits(['ipfs', 'api'])
    await until('its clock runs', () => text.split('for ipfs, api').length > 3)
  })
  const times = [...text.replaceAll('\x1b', '^').matchAll(/(\d+\.\d+) s\^\[0m  three \.\.\.\^\[2m for ipfs, api/g)].map(m => Number(m[1]))
  assert.ok(times.length >= 3 && times.at(-1) > 0, String(times))
  const before = text
  steps.end()
  steps.say('late')
  assert.equal(text.slice(before.length).replaceAll('\x1b', '^'), '\r^[K')
})

test('it may be interrupted, and stops everything', async () => {
  const child = spawn(process.execPath, [DEMO, '--dir', dir], { stdio: ['ignore', 'pipe', 'ignore'] })
  const end = new Promise(done => child.once('exit', (code, signal) => done(code ?? signal)))
  let said = ''
  await new Promise(go => child.stdout.on('data', data => (said += data).includes('wallets log in') && go()))
  child.kill('SIGSTOP')
  const second = await demo()
  note()
  assert.equal(partsOf(dir).length, 9)
  child.kill('SIGCONT')
  assert.equal(second.code, 1, 'two in one folder would stop each other\'s parts')
  assert.match(second.stderr, new RegExp(`a demo runs in \\S+ already, process ${child.pid}`))
  child.kill('SIGINT')
  assert.equal(await end, 130)
  assert.doesNotMatch(said, /✗/, 'a step that was broken off has not failed')
  await soonNone()
})

test('it ends quietly, and leaves nothing, when its reader goes or its disk is full', async () => {
  for (const [to, code, said] of [['| head -n 3 >/dev/null', 141, ''], ['>/dev/full', 1, 'patchwork: the output could not be written: ENOSPC\n']]) {
    const { stdout, stderr } = await run('bash', ['-c', `"$NODE" "$DEMO" --dir "$DIR" ${to}; echo $PIPESTATUS`], {
      env: { ...process.env, NODE: process.execPath, DEMO, DIR: dir },
    })
    assert.deepEqual([stdout, stderr], [`${code}\n`, said])
    await soonNone()
  }
})

test('it works after a kill -9 of everything', async () => {
  const child = spawn(process.execPath, [DEMO, '--dir', dir], { stdio: ['ignore', 'pipe', 'ignore'] })
  const end = new Promise(done => child.once('exit', done))
  await new Promise(go => child.stdout.on('data', data => String(data).includes('bounty created') && go()))
  child.kill('SIGKILL')
  for (const p of partsOf(dir)) process.kill(p.pid, 'SIGKILL')
  await end
  complete(await demo())
})

// The first that a command says which would go on.
async function first(command) {
  const child = spawn('bash', ['-c', `exec ${command}`], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [stdout] = await once(child.stdout, 'data')
  child.kill()
  return { stdout: String(stdout) }
}

// Each line that `make up` says to try, as a shell has it; what waits for a person gets what it waits for.
async function pasted({ stdout }, info) {
  const lines = stdout.split('\nTry next:\n')[1].split('\n').filter(l => l.startsWith('    ')).map(l => l.trim())
  const setting = lines.find(l => l.startsWith('export ')), tried = []
  let answer
  for (const line of lines) {
    if (line === setting || line === 'make down' || /demo\.mjs --against \S+$/.test(line)) continue // these are run elsewhere in this file
    if (/^\S+\/(console)?$|^\S+stack\.json$/.test(line)) {
      assert.ok(line.startsWith('http') ? (await fetch(line)).ok : existsSync(line), line)
      continue
    }
    const command = line.replace(/^curl -s /, 'curl -sf ').replace('0x...', info.wallets.funder.address).replace(/^psql .*/, '$& -Atc "select 1"')
    tried.push(command.split(' ')[0])
    const paste = () => run('bash', ['-c', `${setting}\n${command}`])
    if (line.includes('/v1/lineage/delivery/')) { // what the lines before set going takes a moment
      answer = await until('the merge is read', () => paste().then(({ stdout: a }) => JSON.parse(a)).then(a => a.pulls?.[0]?.state === 'merged' && a, () => false))
      continue
    }
    const { stdout: said } = await (/nats\.mjs/.test(line) ? first(command) : paste()).catch(e => assert.fail(`${line}\n${e.stdout}${e.stderr}`))
    assert.ok(said.trim().length > 0, line)
    if (line.includes('_control/deliver')) assert.match(said, /"status":20[02]/)
    if (line === 'build/patchwork doctor') assert.doesNotMatch(said, /pg_monitor/, 'the stack grants what the operator needs')
  }
  assert.ok(tried.length >= 15, tried.join(' '))
  assert.deepEqual([answer.project.full_name, answer.pulls[0].title, answer.pulls[0].state], ['ada/engine', 'Keep it turning', 'merged'])
  const { stdout: schemas } = await run('psql', ['-Atc', "select string_agg(distinct schemaname, ', ' order by schemaname) from pg_tables where schemaname !~ '^(pg_|information_schema)'", info.database])
  assert.ok(stdout.includes(schemas.trim()), schemas)
}

test('it plays against a stack that runs, again and again, and says what is wrong', async () => {
  await run(process.execPath, [STACK, 'up', '--dir', dir])
  const file = join(dir, 'stack.json')
  const bin = join(dir, 'bin') // of a machine that permits no namespace
  mkdirSync(bin)
  writeFileSync(join(bin, 'unshare'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  for (const [env, cut] of [[{}, '(the network|sockets)'], [{ PATH: `${bin}:${process.env.PATH}` }, 'sockets']]) {
    const { code, stdout, stderr } = await at(env, DEMO, '--against', file)
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, new RegExp(`proof verified with ${cut} away`))
    assert.match(stdout, /Every step happened: 18 steps/)
    const [lineage] = stdout.match(/http\S*\/v1\/lineage\/submission\/\S+/)
    assert.equal((await (await fetch(lineage)).json()).payouts[0].state, 'paid', 'what it says to try works')
  }
  const wrong = join(dir, 'wrong.json')
  writeFileSync(wrong, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), webhook_secret: 'another' }))
  const { code, stdout, stderr } = await node(DEMO, '--against', wrong)
  assert.equal(code, 1)
  assert.match(stdout, /✗ +\d+\.\d+ s {2}project verified\n {2}the webhook ping was answered 401/)
  assert.match(stderr, /expected {2}200\ngot {7}401\n/)
  assert.match(stderr, /the end of \S*api\.log/)
  await pasted(await run(process.execPath, [STACK, 'up', '--dir', dir]), JSON.parse(readFileSync(file, 'utf8')))
  note()
  assert.ok(remains().length >= 9, 'what runs is seen')
  assert.match((await run(process.execPath, [STACK, 'down', '--dir', dir])).stdout, /^stopped .*\nThe next make up begins with an empty world/)
  none()
})
