// openapi.json and the tables of routes are one: what the document says, each route does; replies conform by Prism's judgement.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { freePort, until } from '../stack/proc.mjs'
import { contribution, startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const PRISM = fileURLToPath(new URL('../peers/node_modules/@stoplight/prism-cli/dist/index.js', import.meta.url))

let api, document, me
before(async () => {
  api = await startApi()
  me = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  document = (await api.get('/openapi.json')).body
})
after(() => api.stop())

const isPrivate = ({ op }) => op.security.length === 1
const operations = () => Object.entries(document.paths).flatMap(([path, item]) => Object.entries(item).map(([method, op]) => ({ path, method, op })))

test('it says OpenAPI 3.1.0, names each operation once, and each reference leads somewhere', () => {
  assert.equal(document.openapi, '3.1.0')
  const ids = operations().map(o => o.op.operationId)
  assert.equal(new Set(ids).size, ids.length)
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#([^"]+)"/g)].map(m => m[1])
  for (const ref of refs) assert.ok(ref.slice(1).split('/').reduce((at, key) => at?.[key], document), ref)
})

test('it has exactly the routes of the tables', () => {
  const api = new URL('../../api/', import.meta.url)
  const tables = readdirSync(api).filter(f => /^routes_\w+\.c$/.test(f)).map(f => readFileSync(new URL(f, api), 'utf8')).join('\n')
  const routes = [...tables.matchAll(/\b(READ|WRITE|REMOVE|OWN|SCRIPT)\(\s*"([^"]+)"/g)].map(([, kind, path]) => `${{ WRITE: 'post', REMOVE: 'delete' }[kind] ?? 'get'} ${path}`)
  assert.ok(routes.length >= 27)
  assert.deepEqual(operations().map(o => `${o.method} ${o.path}`).sort(), routes.sort())
})

test('each route is served: no 404 of the router and no 405', async () => {
  for (const { path, method } of operations()) {
    const a = await api.ask(method.toUpperCase(), path.replaceAll(/\{[a-z_]+\}/g, 'x'), method === 'post' ? { body: {} } : {})
    assert.ok(a.status !== 405 && a.body?.code !== 'api.not_found', `${method} ${path}: ${a.status} ${a.text}`)
    assert.ok(a.status < 500, `${method} ${path}: ${a.text}`)
  }
})

test('what a path names is a parameter, what is private says so', () => {
  for (const { path, op } of operations()) {
    const inPath = op.parameters.filter(p => p.in === 'path').map(p => p.name)
    assert.deepEqual(inPath, [...path.matchAll(/\{([a-z_]+)\}/g)].map(m => m[1]), path)
  }
  const secured = operations().filter(isPrivate).map(o => `${o.method} ${o.path}`)
  assert.deepEqual(secured.sort(), ['delete /v1/me/github', 'delete /v1/projects/{id}/accounts/{account}', 'delete /v1/projects/{id}/roles/{grant}', 'delete /v1/roles/{id}', 'delete /v1/sessions/{id}',
    'delete /v1/tokens/{id}', 'delete /v1/wallets/{id}', 'get /v1/audit', 'get /v1/auth/checks/{id}', 'get /v1/explain/{kind}/{id}', 'get /v1/me', 'get /v1/me/github', 'get /v1/me/github/{id}', 'get /v1/pauses', 'get /v1/projects/{id}/accounts', 'get /v1/projects/{id}/checks', 'get /v1/projects/{id}/roles', 'get /v1/replays', 'get /v1/roles', 'get /v1/runs', 'get /v1/sessions', 'get /v1/stages', 'get /v1/tokens',
    'get /v1/wallets', 'post /v1/auth/logout', 'post /v1/auth/step-up', 'post /v1/auth/step-up/contract', 'post /v1/auth/step-up/verify', 'post /v1/bounties', 'post /v1/bounties/{id}/fund', 'post /v1/jobs/{id}/cancel', 'post /v1/jobs/{id}/retry', 'post /v1/me/github', 'post /v1/me/github/confirm', 'post /v1/pauses', 'post /v1/pauses/end', 'post /v1/payouts/{id}/retry', 'post /v1/projects', 'post /v1/projects/{id}/accounts', 'post /v1/projects/{id}/accounts/challenge', 'post /v1/projects/{id}/accounts/contract', 'post /v1/projects/{id}/checks', 'post /v1/projects/{id}/hook', 'post /v1/projects/{id}/hook/rotate',
    'post /v1/projects/{id}/roles', 'post /v1/replays', 'post /v1/replays/preview', 'post /v1/replays/{id}/stop', 'post /v1/roles', 'post /v1/tokens', 'post /v1/wallets',
    'post /v1/wallets/challenge', 'post /v1/wallets/contract', 'post /v1/wallets/{id}/payout'])
})

test('security, without it: every private route answers 401 and nothing else', async () => {
  for (const { path, method } of operations().filter(isPrivate)) {
    const a = await api.ask(method.toUpperCase(), path.replaceAll(/\{[a-z_]+\}/g, me.person_id), method === 'post' ? { body: {} } : {})
    assert.deepEqual([a.status, a.body.code], [401, 'auth.missing'], path)
  }
})

test('every reply conforms, by a proxy that compares', { timeout: 300_000 }, async () => {
  assert.ok(existsSync(PRISM), 'Prism is part of tests/peers')
  const port = await freePort()
  const prism = spawn(process.execPath, [PRISM, 'proxy', '--errors', '-h', '127.0.0.1', '-p', String(port), `${api.url}/openapi.json`, api.url],
    { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  prism.stdout.on('data', d => { said += d })
  prism.stderr.on('data', d => { said += d })
  try {
    await until('prism', () => said.includes('Prism is listening'), { timeout: 60_000 })
    const direct = api.url
    const project = await api.verifiedProject(me.token, 'ada/engine', 5)
    api.url = `http://127.0.0.1:${port}`
    const fine = async (answer, status) => {
      const a = await answer
      assert.equal(a.status, status, `${a.text}\n${said.slice(-2000)}`)
      return a.body
    }
    const account = privateKeyToAccount(generatePrivateKey())
    const { message } = await fine(api.post('/v1/auth/challenge', { address: account.address, chain_id: 338 }), 201)
    await fine(api.post('/v1/auth/verify', { message, signature: await account.signMessage({ message }) }), 200)
    await fine(api.get('/v1/me', { token: me.token }), 200)
    await fine(api.post('/v1/projects', { full_name: 'ada/notes' }, { token: me.token }), 201)
    await fine(api.post('/v1/projects', { full_name: 'ada/notes' }, { token: me.token }), 200)
    const b = await fine(api.bounty(me.token, project), 201)
    const fund = await fine(api.post(`/v1/bounties/${b.id}/fund`, { tx_hash: `0x${'ab'.repeat(32)}` }, { token: me.token }), 202)
    await fine(api.deliver({ n: 1 }), 202)
    await fine(api.deliver({ n: 1 }, { event: 'ping' }), 200)
    const c = await contribution(api, { project, bounty: b.id, person: me.person_id })
    for (const path of ['/v1/projects', `/v1/projects/${project}`, '/v1/bounties?limit=1', `/v1/bounties/${b.id}`, `/v1/submissions/${c.submission}`,
      `/v1/payouts/${c.payout}`, `/v1/proofs/${c.cid}`, `/ipfs/${c.cid}`, '/v1/leaderboard', `/v1/lineage/pull/${c.pull}`, '/v1/jobs?parked=false',
      `/v1/jobs/${fund.job_id}`, '/livez', '/readyz', '/metrics', '/openapi.json', '/', '/style.css', '/page.js', '/icon.svg'])
      await fine(api.get(path), 200)
    await api.sql(`insert into core.role_grant (person_id, role, granted_by) values ('${me.person_id}', 'operator', 'test')`)
    const mine = { token: me.token }, reason = 'the test of replies'
    await fine(api.post('/v1/pauses', { what: 'stage', name: 'pay', reason }, mine), 201)
    for (const path of ['/v1/stages', '/v1/pauses', '/v1/audit?limit=1', `/v1/explain/job/${fund.job_id}`]) await fine(api.get(path, mine), 200)
    await fine(api.post(`/v1/jobs/${fund.job_id}/cancel`, { reason }, mine), 202)
    await fine(api.post('/v1/replays/preview', { ids: [fund.job_id] }, mine), 200)
    await fine(api.post('/v1/replays', { ids: [fund.job_id], reason }, mine), 202)
    await fine(api.get('/v1/replays', mine), 200)
    await fine(api.get(`/v1/bounties/${me.person_id}`), 404)
    api.url = direct
  } finally {
    api.url = api.stack.url('api')
    prism.kill('SIGKILL')
  }
})
