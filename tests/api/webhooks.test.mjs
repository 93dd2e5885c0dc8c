// GitHub's deliveries: signed by GitHub's own library, each kept once.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { after, before, test } from 'node:test'
import { GITHUB_SECRET, sha256, startApi } from './api.mjs'
import { load } from '../peers/load.mjs'
import { until } from '../stack/proc.mjs'

const { sign } = await load('@octokit/webhooks-methods')
const NEXT = GITHUB_SECRET

let api
// A connection is waited for as long as it is by default.
before(async () => { api = await startApi({ conf: { 'webhook.secret_next': NEXT, 'api.connect_wait': undefined } }) })
after(() => api.stop())

const rows = () => Promise.all(['ingest.delivery', 'ingest.delivery_key', 'q.job', 'q.ready'].map(api.rows))
const metric = async outcome => {
  const { text } = await api.get('/metrics')
  return Number(new RegExp(`patchwork_webhook_deliveries_total\\{outcome="${outcome}"\\} (\\d+)`).exec(text)[1])
}

test('I2: a new delivery is stored as it came, with its job; a copy changes nothing', async () => {
  const guid = randomUUID()
  const body = `{"action":"closed", "n":"${'x'.repeat(20_000)}"}`
  const before = await rows()
  const headers = { 'x-hub-signature-256': await sign(api.secret, body) }
  const first = await api.deliver(body, { event: 'pull_request', guid, headers })
  assert.equal(first.status, 202, first.text)
  assert.equal(first.body.duplicate, false)
  assert.equal(first.body.outcome, 'new')
  const stored = await api.sql(`select event, hook_id, secret_no, encode(signature, 'hex'), encode(sha256(body), 'hex'), length(body), state
    from ingest.delivery where guid = '${guid}'`)
  assert.equal(stored, `pull_request|42|1|${headers['x-hub-signature-256'].slice(7)}|${sha256(body)}|${body.length}|queued`)
  const job = await api.get(`/v1/jobs/${first.body.job_id}`)
  assert.deepEqual([job.body.queue, job.body.kind, job.body.key, job.body.args.delivery_id],
    ['sync', 'sync.delivery', `delivery:${guid}`, first.body.delivery_id])
  const again = await api.deliver(body, { event: 'pull_request', guid })
  assert.equal(again.status, 200)
  assert.deepEqual([again.body.duplicate, again.body.delivery_id], [true, first.body.delivery_id])
  assert.deepEqual((await rows()).map((n, i) => n - before[i]), [1, 1, 1, 1])
})

test('I3, F3: a hundred copies at once are one row and one job', async () => {
  const guid = randomUUID()
  const before = await rows()
  const answers = await Promise.all(Array.from({ length: 100 }, () => api.deliver({ n: 1 }, { guid })))
  assert.deepEqual(answers.map(a => a.status).sort(), [...Array(99).fill(200), 202])
  assert.equal(new Set(answers.map(a => a.body.delivery_id)).size, 1)
  assert.deepEqual((await rows()).map((n, i) => n - before[i]), [1, 1, 1, 1])
})

test('I4, F4: a known GUID with another body is kept as a conflict and never processed', async () => {
  const guid = randomUUID()
  const first = await api.deliver({ n: 1 }, { guid })
  const before = await rows()
  const other = await api.deliver({ n: 2 }, { guid })
  assert.equal(other.status, 202)
  assert.equal(other.body.outcome, 'conflict')
  assert.notEqual(other.body.delivery_id, first.body.delivery_id)
  assert.equal(await api.sql(`select state, reason from ingest.delivery where id = ${other.body.delivery_id}`), 'conflict|webhook.conflict')
  assert.deepEqual((await rows()).map((n, i) => n - before[i]), [1, 0, 0, 0])
  assert.ok(await metric('conflict') >= 1)
})

test('a copy that the other secret signed is a copy; so is one of a row from before signatures were kept', async () => {
  const guid = randomUUID()
  const first = await api.deliver({ n: 7 }, { guid })
  const again = await api.deliver({ n: 7 }, { guid, secret: NEXT })
  assert.deepEqual([again.status, again.body.duplicate, again.body.delivery_id], [200, true, first.body.delivery_id])
  await api.sql(`update ingest.delivery_key set signature = null, body_sha256 = sha256('{"n":7}') where guid = '${guid}'`)
  assert.equal((await api.deliver({ n: 7 }, { guid })).body.outcome, 'duplicate')
  assert.equal((await api.deliver({ n: 8 }, { guid })).body.outcome, 'conflict')
})

test('ping is answered with 200, unless its GUID is known with another body', async () => {
  const guid = randomUUID()
  const a = await api.deliver({ zen: 'Keep it logically awesome.', hook_id: 42 }, { event: 'ping', guid })
  assert.deepEqual([a.status, a.body.outcome], [200, 'new'])
  const other = await api.deliver({ zen: 'Speak like a human.', hook_id: 42 }, { event: 'ping', guid })
  assert.deepEqual([other.status, other.body.outcome], [202, 'conflict'])
})

test('I6: every event that GitHub has by name is taken', async () => {
  const page = readFileSync(new URL('../../docs/stages.md', import.meta.url), 'utf8')
  const names = [...page.matchAll(/^\| `(\w+)` \| [^|]*\| (?:ignored|handled) \|/gm)].map(m => m[1])
  assert.ok(names.length >= 55 && names.includes('projects_v2_item'))
  for (const event of names) {
    const a = await api.deliver({ event }, { event })
    assert.equal(a.status, event === 'ping' ? 200 : 202, event)
  }
})

test('either of two secrets passes while they change, and which one is recorded', async () => {
  const a = await api.deliver({ n: 3 }, { secret: NEXT })
  assert.equal(a.status, 202)
  assert.equal(await api.sql(`select secret_no from ingest.delivery where id = ${a.body.delivery_id}`), '2')
})

test('I1: the example of GitHub\'s documentation passes', async () => {
  const a = await api.deliver('Hello, World!', { headers: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' } })
  assert.equal(a.status, 202, a.text)
  const b = await api.deliver('Hello, world!', { headers: { 'x-hub-signature-256': 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17' } })
  assert.equal(b.status, 401)
})

test('I1: what GitHub did not sign, or not as GitHub does, is refused and not stored', async () => {
  const body = '{"n":4}'
  const good = await sign(api.secret, body)
  const before = await rows()
  const bad = await metric('bad_signature')
  const refuse = async (options, status, code, text = body) => {
    const a = await api.deliver(text, options)
    assert.deepEqual([a.status, a.body.code], [status, code], JSON.stringify(options))
  }
  await refuse({ secret: 'another secret' }, 401, 'webhook.signature')
  await refuse({ headers: { 'x-hub-signature-256': good } }, 401, 'webhook.signature', '{"n":5}')
  await refuse({ headers: { 'x-hub-signature-256': good.slice(7) } }, 401, 'webhook.signature')
  await refuse({ headers: { 'x-hub-signature-256': good.replace('sha256=', 'sha1=') } }, 401, 'webhook.signature')
  await refuse({ headers: { 'x-hub-signature-256': good.slice(0, -2) } }, 401, 'webhook.signature')
  await refuse({ headers: { 'x-hub-signature-256': '' } }, 401, 'webhook.signature')
  await refuse({ guid: 'not-a-guid' }, 400, 'webhook.header')
  await refuse({ guid: '' }, 400, 'webhook.header')
  await refuse({ event: 'Pull Request' }, 400, 'webhook.header')
  await refuse({ event: '' }, 400, 'webhook.header')
  await refuse({ headers: { 'x-github-hook-id': '4x' } }, 400, 'webhook.header')
  await refuse({ headers: { 'content-type': 'application/x-www-form-urlencoded' } }, 415, 'api.media_type')
  assert.deepEqual(await rows(), before, 'writes nothing')
  assert.equal(await metric('bad_signature'), bad + 6)
})

test('I5, F5: headers that are missing or there twice', async () => {
  const body = '{"n":6}'
  const before = await rows()
  const headers = {
    'content-type': 'application/json', 'x-github-delivery': randomUUID(), 'x-github-event': 'push',
    'x-hub-signature-256': await sign(api.secret, body), 'content-length': String(body.length),
  }
  const ask = list => new Promise((resolve, reject) => {
    const r = request(`${api.url}/v1/webhooks/github`, { method: 'POST', headers: list }, resp => {
      let text = ''
      resp.on('data', d => { text += d })
      resp.on('end', () => resolve([resp.statusCode, JSON.parse(text).code]))
    })
    r.on('error', reject)
    r.end(body)
  })
  const without = name => Object.fromEntries(Object.entries(headers).filter(([k]) => k !== name))
  assert.deepEqual(await ask(without('x-hub-signature-256')), [401, 'webhook.signature'])
  assert.deepEqual(await ask(without('x-github-delivery')), [400, 'webhook.header'])
  assert.deepEqual(await ask(without('x-github-event')), [400, 'webhook.header'])
  for (const name of ['x-hub-signature-256', 'x-github-delivery', 'x-github-event'])
    assert.deepEqual(await ask({ ...headers, [name]: [headers[name], headers[name]] }), [400, 'api.duplicate_header'])
  assert.deepEqual(await rows(), before)
})

test('I5, F5: a body over the limit, told by the head alone: 25 MiB for deliveries, one for any other path', async () => {
  const before = await rows()
  const announce = (path, size) => new Promise((resolve, reject) => {
    const r = request(`${api.url}${path}`, {
      method: 'POST', headers: { 'content-type': 'application/json', 'content-length': String(size) },
    }, resp => resolve(resp.statusCode))
    r.on('error', e => (e.code === 'ECONNRESET' || e.code === 'EPIPE' ? undefined : reject(e)))
    r.write('{')
  })
  assert.equal(await announce('/v1/webhooks/github', 26 * 1024 * 1024 + 1), 413)
  for (const path of ['/v1/bounties', '/v1/auth/verify', '/v1/webhooks/githubs', '/v1/webhooks/github/a/b', '/v1/webhooks/github/', '/nothing', '/']) assert.equal(await announce(path, 1024 * 1024 + 1), 413, path)
  assert.deepEqual(await rows(), before)
})

test('workers hear of a new job within moments', async () => {
  const child = spawn('psql', ['-X', api.stack.database('patchwork_owner')])
  let out = ''
  child.stdout.on('data', d => { out += d })
  child.stderr.on('data', d => { out += d })
  child.stdin.write("listen patchwork_ready;\nselect 'it listens';\n")
  await until('psql listens', () => out.includes('it listens'))
  await api.deliver({ n: 8 })
  await until('it is told', () => { // psql looks after each statement
    child.stdin.write('select 2;\n')
    return /notification "patchwork_ready" with payload "sync"/.test(out)
  }, { every: 100 })
  child.stdin.end()
  await new Promise(done => child.once('exit', done))
})

test('PostgreSQL down is told at once, and passes', async () => {
  await api.stack.kill('postgres', 'SIGINT')
  assert.equal((await api.deliver({ n: 9 })).status, 503)
  const waits = []
  for (let i = 0; i < 3; i++) {
    const from = Date.now()
    const a = await api.deliver({ n: 9 })
    waits.push(Date.now() - from)
    assert.deepEqual([a.status, a.body.code], [503, 'api.database_down'], a.text)
    assert.ok(Number(a.headers.get('retry-after')) >= 1)
  }
  assert.ok(Math.min(...waits) < 1000, `${waits} ms`)
  assert.equal((await api.get('/readyz')).status, 503)
  assert.equal((await api.get('/livez')).status, 200)
  assert.equal((await api.get('/metrics')).status, 200)
  await api.stack.start('postgres')
  const end = Date.now() + 60_000
  let up
  do up = (await api.deliver({ n: 10 })).status
  while (up !== 202 && Date.now() < end)
  assert.equal(up, 202)
})
