// The example files of conf/ are read by the programs that they are for, and say what holds without them.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const PROGRAM = 'build/san/patchwork', API = 'build/san/patchwork-api'
const dir = mkdtempSync('/var/tmp/patchwork-conf-test.')
after(() => rmSync(dir, { recursive: true }))

const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PATCHWORK_')))
// The file with each line in force that has a value: "#key = value" is a setting, "# text" is not.
const inForce = (path, to, more = '') => {
  const file = join(dir, to)
  writeFileSync(file, readFileSync(path, 'utf8').replace(/^#(?=\S.* = \S)/gm, '') + more)
  return file
}
const show = file => run(PROGRAM, ['--config', file, 'config', 'show'], { env: clean }).then(r => r.stdout)

test('conf/patchwork.conf changes nothing, as it is and with every line in force', async () => {
  const none = join(dir, 'none.conf')
  writeFileSync(none, '')
  const defaults = await show(none)
  assert.match(defaults, /^worker\.poll = 1s/m)
  assert.equal(await show('conf/patchwork.conf'), defaults)
  assert.equal(await show(inForce('conf/patchwork.conf', 'patchwork.conf')), defaults)
})

test('a line that is wrong is named', async () => {
  const file = inForce('conf/patchwork.conf', 'wrong.conf', 'worker.polls = 1s\n')
  await assert.rejects(show(file), error => error.code === 1 && /conf\.unknown_key: .*wrong\.conf:\d+.*worker\.polls/.test(error.stderr))
})

test('patchwork-api starts with conf/patchwork-api.conf, every line in force', async () => {
  const file = inForce('conf/patchwork-api.conf', 'api.conf')
  const api = spawn(API, [file], { env: { ...clean, PATCHWORK_API_LISTEN: '127.0.0.1:0', LSAN_OPTIONS: `suppressions=tests/api/lsan.txt:print_suppressions=0` } })
  let log = ''
  const port = new Promise((done, failed) => {
    for (const stream of [api.stdout, api.stderr]) stream.on('data', text => {
      const said = /api\.listening .*port=(\d+)/.exec(log += text)
      if (said) done(said[1])
    })
    api.on('exit', code => failed(new Error(`exit ${code}: ${log}`)))
  })
  const live = async url => (await fetch(url).catch(() => null))?.status === 200
  const url = `http://127.0.0.1:${await port}/livez`
  for (const until = Date.now() + 20_000; !await live(url); await setTimeout(50)) assert.ok(Date.now() < until, log)
  const ended = once(api, 'exit')
  api.kill('SIGTERM')
  assert.deepEqual(await ended, [0, null], log)
  assert.doesNotMatch(log, /api\.configuration|conf\./)
})

test('patchwork-api refuses a file with a key that it does not know', async () => {
  const file = inForce('conf/patchwork-api.conf', 'api-wrong.conf', 'api.worker = 2\n')
  await assert.rejects(run(API, [file], { env: clean }), error => error.code === 2 && /conf\.unknown_key/.test(error.stdout + error.stderr))
})

test('a key whose field has no text, or an empty one, is refused by make lint-docs', async () => {
  const tree = join(dir, 'tree'), source = join(tree, 'stages/conf.c')
  mkdirSync(tree)
  for (const name of readdirSync('.').filter(n => !['stages', 'build', 'var'].includes(n))) symlinkSync(resolve(name), join(tree, name))
  cpSync('stages', join(tree, 'stages'), { recursive: true })
  const lint = () => run(process.execPath, [resolve('tests/lint/docs.mjs')], { cwd: tree }).catch(e => e)
  assert.match((await lint()).stdout, /^ok \d+ - each key says what it is for$/m)
  const told = readFileSync(source, 'utf8')
  for (const doc of ['', ', .doc = ""']) {
    const silent = told.replace(/("worker\.poll".*?),\s*\.doc = (?:"[^"]*"\s*)+\),/s, `$1${doc}),`)
    assert.notEqual(silent, told)
    writeFileSync(source, silent)
    const { code, stdout } = await lint()
    assert.equal(code, 1)
    assert.match(stdout, /^not ok \d+ - each key says what it is for\n# {3}stages\/conf\.c: worker\.poll has no \.doc$/m)
  }
})
