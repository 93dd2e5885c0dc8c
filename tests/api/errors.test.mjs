// Bad input of every kind, what each answer's headers say, and limits.
import assert from 'node:assert/strict'
import { readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { until } from '../stack/proc.mjs'
import { startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')

let api, me
before(async () => {
  api = await startApi()
  me = await api.signIn(privateKeyToAccount(generatePrivateKey()))
})
after(() => api.stop())

const TABLES = ['core.person', 'core.session', 'core.auth_nonce', 'core.project', 'core.bounty', 'core.idempotency', 'ingest.delivery', 'q.job', 'q.outbox']
const rows = () => Promise.all(TABLES.map(api.rows))

async function refuse(answer, status, code) {
  const a = await answer
  assert.deepEqual([a.status, a.body?.code], [status, code], a.text)
  return a
}

test('a problem has all its members, and its id is in the header', async () => {
  const a = await refuse(api.get('/v1/nothing'), 404, 'api.not_found')
  assert.equal(a.headers.get('content-type'), 'application/problem+json')
  assert.deepEqual(Object.keys(a.body), ['type', 'title', 'status', 'detail', 'instance', 'code', 'request_id'])
  assert.deepEqual([a.body.status, a.body.instance, a.body.type], [404, '/v1/nothing', 'urn:patchwork:problem:api.not_found'])
  assert.equal(a.headers.get('x-request-id'), a.body.request_id)
  assert.match(a.body.request_id, /^[0-9a-f]{8}-[0-9a-f]{4}-7/)
  assert.equal(a.headers.get('cache-control'), 'no-store')
})

test('paths and methods', async () => {
  for (const path of ['/v1', '/v1/me/', '//v1/me', '/v1/bounties/', '/V1/me', '/v1/me/x', '/index.html', '/v1/%6de', '/a/b/c/d/e/f/g/h/i/j'])
    await refuse(api.get(path), 404, 'api.not_found')
  const a = await refuse(api.ask('DELETE', '/v1/projects'), 405, 'api.method_not_allowed')
  assert.equal(a.headers.get('allow'), 'POST, GET, HEAD, OPTIONS')
  assert.equal((await refuse(api.post('/v1/me', {}), 405, 'api.method_not_allowed')).headers.get('allow'), 'GET, HEAD, OPTIONS')
  await refuse(api.get('/v1/webhooks/github'), 405, 'api.method_not_allowed')
})

test('ids that can name nothing', async () => {
  for (const [path, code] of [['bounties', 'bounty.not_found'], ['projects', 'project.not_found'], ['submissions', 'submission.not_found'], ['payouts', 'payout.not_found']])
    for (const id of ['1', 'x', '%00', `${me.person_id}0`, '{id}', me.person_id])
      await refuse(api.get(`/v1/${path}/${id}`), 404, code)
  await refuse(api.post('/v1/projects/x/hook', undefined, { token: me.token }), 404, 'hook.not_found')
  for (const id of ['0', '-1', '1.0', 'abc', '99999999999999999999', '12345678'])
    await refuse(api.get(`/v1/jobs/${id}`), 404, 'job.not_found')
  await refuse(api.get('/ipfs/bafkreihhu6otw3dqh2xyml5xe3rvn4ldqqews2zm5tjfooicojmsdcxm5m'), 404, 'block.not_found')
  await refuse(api.get('/v1/proofs/x'), 404, 'proof.not_found')
})

test('query strings', async () => {
  for (const [query, code] of [['x=1', 'query.unknown'], ['state=open&x=', 'query.unknown'], ['state', 'query.malformed'], ['state=%zz', 'query.malformed'],
    ['state=%ff', 'query.malformed'], ['state=open&state=paid', 'query.duplicate'], ['state=Open', 'query.value'], ['limit=0', 'query.value'], ['limit=201', 'query.value'],
    ['limit=ten', 'query.value'], ['limit=1e1', 'query.value'], ['limit=+5', 'query.value'], ['project_id=7', 'query.value'], ['cursor=abc', 'query.cursor'],
    [`state=${'x'.repeat(500)}`, 'query.value']])
    await refuse(api.get(`/v1/bounties?${query}`), 400, code)
  await refuse(api.get('/v1/me?x=1', { token: me.token }), 400, 'query.unknown')
  await refuse(api.get('/v1/jobs?parked=yes'), 400, 'query.value')
  assert.equal((await api.get('/v1/bounties?state=in%5Fprogress&limit=200')).status, 200)
})

test('bodies that are not the JSON that is asked for', async () => {
  const before = await rows()
  const post = (body, headers = {}) => api.ask('POST', '/v1/projects', { body, token: me.token, headers })
  for (const text of ['', '{', '{"full_name":"a/b"', '{"full_name":"a/b"}x', "{'full_name':'a/b'}", '\u0000', '{"full_name":"\\ud800"}', '{"full_name":"a/b",}', 'nul'])
    await refuse(post(text), 400, 'json.malformed')
  await refuse(api.ask('POST', '/v1/projects', { raw: Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), token: me.token, headers: { 'content-type': 'application/json' } }), 400, 'json.malformed')
  await refuse(post('{"full_name":"a/b","full_name":"c/d"}'), 400, 'json.duplicate_key')
  await refuse(post('['.repeat(100) + ']'.repeat(100)), 400, 'json.too_deep')
  await refuse(post('[]'), 422, 'json.type')
  await refuse(post('"a/b"'), 422, 'json.type')
  await refuse(post('{}'), 422, 'json.missing')
  await refuse(post('{"full_name":null}'), 422, 'json.missing')
  await refuse(post('{"full_name":7}'), 422, 'json.type')
  await refuse(post('{"full_name":["a/b"]}'), 422, 'json.type')
  await refuse(post('{"full_name":"a/b","private":true}'), 422, 'json.unknown')
  await refuse(post(`{"full_name":"${'a'.repeat(171)}"}`), 422, 'json.range')
  await refuse(post(`{"full_name":"${'a'.repeat(70_000)}"}`), 413, 'api.body_too_large')
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'multipart/form-data; boundary=x', ''])
    await refuse(post('{"full_name":"a/b"}', { 'content-type': type }), 415, 'api.media_type')
  assert.deepEqual(await rows(), before, 'writes nothing')
  const fine = await post('{"full_name":"a/typed"}', { 'content-type': 'Application/JSON; charset=utf-8' })
  assert.equal(fine.status, 201)
})

// One request on a socket of its own, as it is written here.
const raw = text => new Promise((resolve, reject) => {
  let got = ''
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1', () => socket.write(text))
  socket.on('data', d => { got += d })
  socket.on('close', () => resolve({ status: Number(got.split(' ')[1]), body: JSON.parse(got.slice(got.indexOf('\r\n\r\n') + 4) || 'null'), text: got }))
  socket.on('error', reject)
})

// What is not given back is found by the leak check when the API stops.
test('clients that leave about the moment of their answer', async () => {
  const text = path => `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${me.token}\r\n\r\n`
  const leave = (path, after) => new Promise(gone => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1', () => socket.write(text(path), () => setTimeout(() => socket.destroy(), after)))
    socket.on('close', gone).on('error', () => {})
  })
  for (let i = 0; i < 40; i++)
    await Promise.all(Array.from({ length: 16 }, (_, n) => leave(n % 2 ? '/v1/bounties' : '/v1/roles', n % 8)))
  assert.equal((await api.get('/livez')).status, 200)
})

test('a target that is no path', async () => {
  for (const target of ['livez', 'http://x/livez', '*'])
    await refuse(raw(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`), 404, 'api.not_found')
})

test('headers that are there twice', async () => {
  const before = await rows()
  const ask = (path, method, extra, body = '') => raw([`${method} ${path} HTTP/1.1`, 'host: x', 'connection: close', ...extra,
    ...(body ? [`content-length: ${body.length}`] : []), '', body].join('\r\n'))
  const bearer = `authorization: Bearer ${me.token}`
  await refuse(ask('/v1/me', 'GET', [bearer, bearer]), 400, 'api.duplicate_header')
  const body = '{"full_name":"a/twice"}'
  const json = 'content-type: application/json'
  await refuse(ask('/v1/projects', 'POST', [bearer, json, json], body), 400, 'api.duplicate_header')
  await refuse(ask('/v1/projects', 'POST', [bearer, json, 'traceparent: a', 'traceparent: b'], body), 400, 'api.duplicate_header')
  await refuse(ask('/v1/bounties', 'POST', [bearer, json, 'idempotency-key: a', 'idempotency-key: b'], '{}'), 400, 'api.duplicate_header')
  assert.deepEqual(await rows(), before)
  assert.equal((await ask('/v1/me', 'GET', [bearer])).status, 200)
})

test('what the HTTP parser refuses is a problem, too', async () => {
  const a = await raw('GET /v1/me HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello')
  assert.deepEqual([a.status, a.body.code], [400, 'api.malformed_request'])
  assert.match(a.body.request_id, /-7/)
})

test('security headers, and who may read from a browser', async () => {
  const a = await api.get('/v1/projects')
  for (const [name, value] of [['x-content-type-options', 'nosniff'], ['referrer-policy', 'no-referrer'],
    ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"]]) assert.equal(a.headers.get(name), value)
  assert.equal(a.headers.get('access-control-allow-origin'), null)
  const listed = await api.get('/v1/projects', { headers: { origin: 'https://app.example' } })
  assert.equal(listed.headers.get('access-control-allow-origin'), 'https://app.example')
  assert.match(listed.headers.get('vary'), /origin/)
  assert.match(listed.headers.get('access-control-expose-headers'), /x-request-id/)
  for (const origin of ['https://evil.example', 'https://app.example.evil', 'null', 'http://app.example'])
    assert.equal((await api.get('/v1/projects', { headers: { origin } })).headers.get('access-control-allow-origin'), null)
  const preflight = await api.ask('OPTIONS', '/v1/bounties', { headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' } })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers.get('access-control-allow-methods'), 'POST, GET, HEAD')
  assert.match(preflight.headers.get('access-control-allow-headers'), /idempotency-key/)
  const foreign = await api.ask('OPTIONS', '/v1/bounties', { headers: { origin: 'https://evil.example' } })
  assert.deepEqual([foreign.status, foreign.headers.get('access-control-allow-methods')], [204, null])
})

test('rate windows, with Redis, without it, and while it restarts under load; and no delivery where no secret is set', async () => {
  const small = await startApi({ conf: { 'limit.login_per_minute': 1, 'limit.login_burst': 3, 'limit.read_per_minute': 0, 'api.workers': 1,
    'webhook.secret_file': undefined } })
  try {
    const address = privateKeyToAccount(generatePrivateKey()).address
    const ask = () => small.post('/v1/auth/challenge', { address, chain_id: 338 })
    const answers = [await ask(), await ask(), await ask(), await ask()]
    assert.deepEqual(answers.map(a => a.status), [201, 201, 201, 429])
    assert.equal(answers[0].headers.get('ratelimit-policy'), '"login";q=3;w=180')
    assert.match(answers[0].headers.get('ratelimit'), /^"login";r=2;t=\d+$/)
    assert.equal(answers[3].body.code, 'api.rate_limited')
    assert.ok(Number(answers[3].headers.get('retry-after')) >= 1)
    assert.equal(await small.rows('core.auth_nonce'), 3)
    assert.equal((await small.get('/v1/projects')).headers.get('ratelimit'), null, 'no limit, no header')
    await refuse(small.deliver({ n: 1 }), 503, 'webhook.unconfigured')
    await refuse(small.deliver({ n: 1 }, { secret: '' }), 503, 'webhook.unconfigured')
    assert.equal(await small.rows('ingest.delivery'), 0)
    await small.stack.kill('redis', 'SIGTERM')
    const end = Date.now() + 60_000
    let ready
    do ready = await small.get('/readyz')
    while (ready.body.status !== 'degraded' && Date.now() < end)
    assert.deepEqual([ready.status, ready.body.status, ready.body.warnings.length], [200, 'degraded', 1])
    assert.deepEqual([(await ask()).status, (await ask()).status, (await ask()).status, (await ask()).status], [201, 201, 201, 429])
    let asking = true
    const seen = new Map()
    const askers = Array.from({ length: 8 }, async (_, n) => {
      while (asking) {
        const { status } = await (n % 2 ? small.get('/v1/projects') : ask())
        seen.set(status, (seen.get(status) ?? 0) + 1)
      }
    })
    for (let i = 0; i < 3; i++) {
      await small.stack.restart('redis')
      const before = seen.get(200) ?? 0
      await until('answers go on', () => seen.get(200) > before + 20)
    }
    await until('windows are in Redis again', async () => (await small.get('/readyz')).body.status === 'ready')
    asking = false
    await Promise.all(askers)
    assert.deepEqual([...seen.keys()].filter(s => ![200, 201, 429].includes(s)), [], 'Redis restarts under load: nobody is told')
  } finally {
    await small.stop()
  }
})

// What PostgreSQL may say to a statement: a trigger says it, by the name of the project.
async function met(broken) {
  const { token } = await broken.signIn(privateKeyToAccount(generatePrivateKey()))
  const says = [['met', '40001', 503, 'db.conflict'], ['locked', '40P01', 503, 'db.conflict'], ['gone', '57P01', 503, 'db.unreachable'],
    ['full', '53100', 503, 'db.busy'], ['bounty.transition', 'PW001', 409, 'bounty.transition']]
  await broken.sql(`create function public.says() returns trigger language plpgsql as $$ begin
      perform pg_sleep(60) where new.full_name = 'a/lost';
      ${says.map(([name, state]) => `if new.full_name = 'a/${name}' then raise exception '${name}' using errcode = '${state}'; end if;`).join('\n')}
      return new;
    end $$;
    create trigger says before insert on core.project for each row execute function public.says()`)
  for (const [name, , status, code] of says) {
    const a = await refuse(broken.post('/v1/projects', { full_name: `a/${name}` }, { token }), status, code)
    if (status === 503) assert.ok(Number(a.headers.get('retry-after')) >= 1, code)
  }
  const lost = refuse(broken.post('/v1/projects', { full_name: 'a/lost' }, { token }), 503, 'api.outcome_unknown')
  const pid = await until('it is in the statement', () => broken.sql(`select pid from pg_stat_activity where wait_event = 'PgSleep'`))
  process.kill(Number(pid), 'SIGKILL')
  assert.ok(Number((await lost).headers.get('retry-after')) >= 1)
}

// An API of its own: what goes wrong inside is an error in its log, which the others may not have.
test('what goes wrong inside is told by its id alone, and the log has the reason under it', async () => {
  const broken = await startApi({ conf: { 'api.workers': 1 } })
  try {
    const logged = async (answer, code) => {
      const { body, text } = await refuse(answer, 500, 'api.internal')
      assert.doesNotMatch(text, new RegExp(`${code}|permission|core\\.`))
      const line = readFileSync(`${broken.dir}/log/api.log`, 'utf8').split('\n').find(l => l.includes(body.request_id) && l.includes('api.problem'))
      assert.match(line ?? '', new RegExp(`level=error .*code=${code} `))
    }
    await broken.sql('revoke select on core.project from patchwork_api')
    await logged(broken.get('/v1/projects'), 'db.statement')
    await broken.sql('grant select on core.project to patchwork_api')
    assert.equal((await broken.get('/v1/projects')).status, 200)
    const person = '00000000-0000-7000-8000-000000000001'
    await broken.sql(`insert into core.person (id) values ('${person}');
      drop index core.project_full_name;
      insert into core.project (full_name, repo_id, created_by) values ('a/' || repeat('b', 17 << 20), 1, '${person}')`)
    await logged(broken.get('/v1/projects'), 'api.reply_too_large')
    await met(broken)
  } finally {
    await broken.stack.stop({ remove: true })
    rmSync(broken.dir, { recursive: true, force: true })
  }
})

test('O12: a schema that is older than the program is told by readyz; a newer one is served, with a warning', async () => {
  await api.sql('delete from core.migration where number = 45')
  await refuse(api.get('/readyz'), 503, 'api.schema')
  await api.sql(`insert into core.migration (number, name, sha256) values (45, 'vitals', sha256('x')), (9999, 'later', sha256('x'))`)
  const newer = await api.get('/readyz')
  assert.deepEqual([newer.status, newer.body.status, newer.body.migration, newer.body.warnings], [200, 'ready', 9999, ['schema: newer than this program']])
  await api.sql('delete from core.migration where number = 9999')
  assert.deepEqual((await api.get('/readyz')).body.warnings, [])
})

test('requests are counted by route', async () => {
  const { text } = await api.get('/metrics')
  assert.match(text, /patchwork_http_requests_total\{method="POST",route="\/v1\/projects",class="2xx"\} \d+/)
  assert.match(text, /patchwork_http_requests_total\{method="-",route="none",class="4xx"\} \d+/)
  assert.match(text, /patchwork_http_request_seconds_bucket\{method="GET",route="\/v1\/bounties",le="\+Inf"\} \d+/)
  assert.match(text, /patchwork_queue_jobs\{queue="sync",state="ready"\} \d+/)
})

// What needs a fault inside to be provoked from outside: tests/api/kore does.
const INSIDE = ['api.busy']

test('every other code of the table is provoked by a test', () => {
  const codes = [...readFileSync(new URL('../../api/problem.c', import.meta.url), 'utf8').matchAll(/^\s*\{ ?"([a-z_.]+)", \d{3}/gm)].map(m => m[1])
  assert.ok(codes.length > 60)
  assert.deepEqual(codes, [...codes].sort(), 'sorted: they are searched by halving')
  const tests = ['auth', 'sessions', 'roles', 'operators', 'wallets', 'contract', 'link', '../replay/projects', '../replay/faults', 'projects', 'bounties', 'webhooks', 'errors'].map(t => readFileSync(new URL(`${t}.test.mjs`, import.meta.url), 'utf8')).join('')
    .replace(/const INSIDE = [^\]]*\]/, '')
  assert.deepEqual(codes.filter(c => !INSIDE.includes(c) && !tests.includes(`'${c}'`)), [])
})
