// Sessions: what tokens are taken (A7), keys that follow each other, refresh tokens that are good once (A8), sessions that end.
import assert from 'node:assert/strict'
import { createHmac, createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { answers, freePort, launch, stop, until } from '../stack/proc.mjs'
import { sha256, startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const fresh = () => privateKeyToAccount(generatePrivateKey())
const b64 = o => Buffer.from(JSON.stringify(o)).toString('base64url')
const parse = part => JSON.parse(Buffer.from(part, 'base64url'))
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const ed25519 = seed => createPrivateKey({ key: Buffer.concat([PKCS8, Buffer.from(seed, 'hex')]), format: 'der', type: 'pkcs8' })

let api
before(async () => { api = await startApi() })
after(() => api.stop())

const me = token => api.get('/v1/me', { token })
const code = a => [a.status, a.body?.code]
const refresh = token => api.post('/v1/auth/refresh', { refresh_token: token })
const audited = action => api.sql(`select count(*) from audit.log where action = '${action}'`).then(Number)

test('A7: the token is a JWT of at most 15 minutes that node:crypto verifies with the published key of its kid', async () => {
  const { token } = await api.signIn(fresh())
  const [head, body, signature] = token.split('.')
  const { keys } = (await api.get('/.well-known/jwks.json')).body
  const key = keys.find(k => k.kid === parse(head).kid)
  assert.deepEqual([key.kty, key.crv, key.alg, key.use], ['OKP', 'Ed25519', 'EdDSA', 'sig'])
  assert.ok(verify(null, Buffer.from(`${head}.${body}`), createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url')))
  const claims = parse(body)
  assert.deepEqual(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sub'])
  assert.ok(claims.exp - claims.iat <= 900)
})

test('A7, F40: no algorithm, another one, another audience, an old token, an unknown kid: each 401', async () => {
  const { token } = await api.signIn(fresh())
  const [head, body, signature] = token.split('.')
  const key = ed25519(api.stack.secret('jwt-key'))
  const made = (h, c, by = key) => {
    const input = `${b64({ ...parse(head), ...h })}.${b64({ ...parse(body), ...c })}`
    return `${input}.${sign(null, Buffer.from(input), by).toString('base64url')}`
  }
  assert.equal((await me(made({}, {}))).status, 200, 'what is made here is taken but for the one change')
  const now = Math.floor(Date.now() / 1000)
  const { x } = (await api.get('/.well-known/jwks.json')).body.keys[0]
  const hs = secret => {
    const input = `${b64({ ...parse(head), alg: 'HS256' })}.${body}`
    return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
  }
  for (const [what, bad, expected] of [
    ['none', `${b64({ ...parse(head), alg: 'none' })}.${body}.`, 'auth.token_malformed'],
    ['none, signed', made({ alg: 'none' }, {}), 'auth.token_malformed'],
    ['HS256 with the public key', hs(Buffer.from(x, 'base64url')), 'auth.token_malformed'],
    ['HS256 with the key as it is published', hs(x), 'auth.token_malformed'],
    ['another audience', made({}, { aud: 'elsewhere' }), 'auth.token_audience'],
    ['another issuer', made({}, { iss: 'elsewhere' }), 'auth.token_audience'],
    ['expired', made({}, { iat: now - 901, exp: now - 1 }), 'auth.token_expired'],
    ['from the future', made({}, { iat: now + 600, exp: now + 900 }), 'auth.token_malformed'],
    ['an unknown kid', made({ kid: '0123456789abcdef' }, {}), 'auth.token_signature'],
    ['another key under our kid', made({}, {}, ed25519(randomBytes(32).toString('hex'))), 'auth.token_signature'],
    ['a member more', made({ jku: 'https://evil.example' }, {}), 'auth.token_malformed'],
    ['cut', token.slice(0, -4), 'auth.token_malformed'],
    ['another signature', `${head}.${b64({ ...parse(body), sub: parse(body).jti })}.${signature}`, 'auth.token_signature'],
  ]) assert.deepEqual(code(await me(bad)), [401, expected], what)
})

test('A8: a refresh token is good once, is stored as a hash alone, and its session goes on', async () => {
  const first = await api.signIn(fresh())
  assert.match(first.refresh_token, /^pwr_[A-Za-z0-9_-]{43}$/)
  assert.equal(await api.sql(`select session_id from core.refresh_token where sha256 = '\\x${sha256(first.refresh_token)}'`), first.session_id)
  const second = await refresh(first.refresh_token)
  assert.equal(second.status, 200, second.text)
  assert.equal(second.headers.get('cache-control'), 'no-store')
  assert.deepEqual([second.body.session_id, second.body.person_id], [first.session_id, first.person_id])
  assert.equal(second.body.session_expires_at, first.session_expires_at, 'refreshing does not prolong the session')
  assert.notEqual(second.body.refresh_token, first.refresh_token)
  assert.equal((await me(second.body.token)).status, 200)
  assert.equal((await me(first.token)).status, 200, 'the old token ends by itself')
  assert.equal((await refresh(second.body.refresh_token)).status, 200)
})

test('A8, F40: an old refresh token ends the session for everyone who holds it, and the audit log says so', async () => {
  const first = await api.signIn(fresh())
  const bystander = await api.signIn(fresh())
  const second = (await refresh(first.refresh_token)).body
  const n = await audited('auth.refresh_reused')
  assert.deepEqual(code(await refresh(first.refresh_token)), [401, 'auth.refresh_reused'])
  assert.equal(await audited('auth.refresh_reused'), n + 1)
  assert.equal(await api.sql(`select object_id || actor_id from audit.log where action = 'auth.refresh_reused' order by id desc limit 1`),
    first.session_id + first.person_id)
  assert.equal(await api.sql(`select count(*) from q.outbox where topic = 'session.revoked' and subject = 'session/${first.session_id}'`), '1')
  assert.deepEqual(code(await refresh(second.refresh_token)), [401, 'auth.session_ended'])
  assert.deepEqual(code(await me(second.token)), [401, 'auth.session_ended'])
  assert.deepEqual(code(await refresh(first.refresh_token)), [401, 'auth.session_ended'])
  assert.equal(await audited('auth.refresh_reused'), n + 1, 'once')
  assert.equal((await refresh(bystander.refresh_token)).status, 200)
})

const owner = async (account = fresh()) => {
  const session = { account, ...await api.signIn(account) }
  await api.stepUp(session, 'token.create', session.person_id)
  return session
}
const make = ({ token }) => api.post('/v1/tokens', { name: 'ci', scopes: 'me:read', expires_at: new Date(Date.now() + 3_600_000).toISOString() }, { token })

test('A8, A13: a session whose refresh token came twice takes the machine tokens it made with it, and no others', async () => {
  const one = await owner()
  const other = await owner(one.account)
  const [ended, first, second, kept] = [await make(one), await make(one), await make(one), await make(other)].map(a => a.body)
  assert.equal((await api.remove(`/v1/tokens/${ended.id}`, { token: other.token })).status, 200)
  assert.equal((await refresh(one.refresh_token)).status, 200)
  for (const t of [first, second, kept]) assert.equal((await me(t.token)).status, 200, 'a refresh ends none')
  assert.deepEqual(code(await refresh(one.refresh_token)), [401, 'auth.refresh_reused'])
  for (const t of [first, second]) {
    assert.deepEqual(code(await me(t.token)), [401, 'auth.session_ended'])
    assert.equal(await api.sql(`select revoked_reason from core.session where id = '${t.id}'`), 'refresh_reused')
    assert.equal(await api.sql(`select string_agg(concat_ws(' ', action, actor_id, detail::jsonb->>'by_session', detail::jsonb->>'reason'), ', ' order by id)
      from audit.log where object_id = '${t.id}'`),
    `token.created ${one.person_id} ${one.session_id}, session.ended ${one.person_id} ${one.session_id} refresh_reused`)
    assert.equal(await api.sql(`select body->>'reason' from q.outbox where topic = 'session.revoked' and subject = 'session/${t.id}'`), 'refresh_reused')
  }
  assert.equal(await api.sql(`select revoked_reason from core.session where id = '${ended.id}'`), 'ended by its owner', 'what was over stays as it was')
  assert.equal((await me(kept.token)).status, 200, 'made by another session of the same person')
  assert.equal((await api.post('/v1/auth/logout', undefined, { token: other.token })).status, 200)
  assert.equal((await me(kept.token)).status, 200, 'a logout ends none')
  await api.sql(`with gone as (delete from core.statement where session_id = '${other.session_id}'), token as (
    delete from core.refresh_token where session_id = '${other.session_id}') select; delete from core.session where id = '${other.session_id}'`)
  assert.equal((await me(kept.token)).status, 200, 'nor does its maker\'s row that went')
})

test('A8, A13: a machine token that is made while the session is revoked is revoked, or is not made', async () => {
  const waiting = async () => Number(await api.sql(`select count(*) from pg_stat_activity where usename = 'patchwork_api' and wait_event_type = 'Lock'`))
  for (const late of ['revocation', 'token']) {
    const session = await owner()
    assert.equal((await refresh(session.refresh_token)).status, 200)
    const held = assert.rejects(api.sql('begin; lock table audit.log in share mode; select pg_sleep(300)'), /canceling statement/)
    const holder = await until('the audit log is held', () => api.sql("select pid from pg_stat_activity where wait_event = 'PgSleep'"))
    const asks = { token: () => make(session), revocation: () => refresh(session.refresh_token) }
    const answers = {}
    for (const [n, which] of [late === 'token' ? 'revocation' : 'token', late].entries()) {
      answers[which] = asks[which]()
      await until(`${which} waits`, async () => await waiting() === n + 1)
    }
    await api.sql(`select pg_cancel_backend(${holder})`)
    await held
    const [made, reused] = [await answers.token, await answers.revocation]
    assert.deepEqual(code(reused), [401, 'auth.refresh_reused'])
    assert.deepEqual(code(late === 'token' ? made : await me(made.body.token)), [401, 'auth.session_ended'], late)
    assert.equal(await api.sql(`select count(*) from core.session where kind = 'machine' and person_id = '${session.person_id}' and revoked_at is null`), '0')
  }
})

test('A8, F40: of many at once with one refresh token at most one gets through, and the session is over', async () => {
  const { refresh_token: token, session_id: session } = await api.signIn(fresh())
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(token)))
  assert.ok(answers.filter(a => a.status === 200).length <= 1)
  assert.equal(answers.filter(a => a.body.code === 'auth.refresh_reused').length, 1)
  assert.equal(await api.sql(`select revoked_reason from core.session where id = '${session}'`), 'refresh_reused')
})

test('A8, F40: what is no refresh token, and one whose session is over', async () => {
  assert.deepEqual(code(await refresh('x')), [401, 'auth.refresh_unknown'])
  assert.deepEqual(code(await refresh(`pwr_${randomBytes(32).toString('base64url')}`)), [401, 'auth.refresh_unknown'])
  assert.deepEqual(code(await refresh('')), [422, 'json.range'])
  const old = await api.signIn(fresh())
  await api.sql(`update core.session set expires_at = now() where id = '${old.session_id}'`)
  assert.deepEqual(code(await refresh(old.refresh_token)), [401, 'auth.session_ended'])
  const barred = await api.signIn(fresh())
  await api.sql(`update core.person set status = 'suspended' where id = '${barred.person_id}'`)
  assert.deepEqual(code(await refresh(barred.refresh_token)), [403, 'auth.suspended'])
})

test('logout ends this session, and no other', async () => {
  const account = fresh()
  const [one, two] = [await api.signIn(account), await api.signIn(account)]
  const out = await api.post('/v1/auth/logout', undefined, { token: one.token })
  assert.deepEqual([out.status, out.body.id], [200, one.session_id], out.text)
  assert.deepEqual(code(await me(one.token)), [401, 'auth.session_ended'])
  assert.deepEqual(code(await refresh(one.refresh_token)), [401, 'auth.session_ended'])
  assert.deepEqual(code(await api.post('/v1/auth/logout', undefined, { token: one.token })), [401, 'auth.session_ended'])
  assert.equal((await me(two.token)).status, 200)
  assert.equal(await api.sql(`select count(*) from audit.log where action = 'session.ended' and object_id = '${one.session_id}'`), '1')
})

test('T9: one sees and ends one\'s own sessions; somebody else\'s is not there', async () => {
  const account = fresh()
  const [one, two, other] = [await api.signIn(account), await api.signIn(account), await api.signIn(fresh())]
  const { items } = (await api.get('/v1/sessions', { token: two.token })).body
  assert.deepEqual(items.map(s => [s.id, s.current]), [[two.session_id, true], [one.session_id, false]])
  assert.deepEqual(code(await api.remove(`/v1/sessions/${one.session_id}`, { token: other.token })), [404, 'session.not_found'])
  assert.deepEqual(code(await api.remove('/v1/sessions/x', { token: other.token })), [404, 'session.not_found'])
  assert.deepEqual(code(await api.remove(`/v1/sessions/${one.session_id}`)), [401, 'auth.missing'])
  assert.equal((await me(one.token)).status, 200)
  const gone = await api.remove(`/v1/sessions/${one.session_id}`, { token: two.token })
  assert.deepEqual([gone.status, gone.body.id], [200, one.session_id])
  assert.deepEqual(code(await me(one.token)), [401, 'auth.session_ended'])
  const again = await api.remove(`/v1/sessions/${one.session_id}`, { token: two.token })
  assert.deepEqual([again.status, again.body.revoked_at], [200, gone.body.revoked_at], 'a repeat changes nothing')
})

test('A7: keys follow each other with both accepted: no valid token is refused, and the new key signs', async () => {
  const own = await startApi({ conf: { 'api.workers': 1 } })
  const kid = token => parse(token.split('.')[0]).kid
  const kids = async () => (await own.get('/.well-known/jwks.json')).body.keys.map(k => k.kid)
  const set = async (key, other) => {
    writeFileSync(own.stack.path('secrets/jwt-key'), `${key}\n`, { mode: 0o600 })
    writeFileSync(own.stack.path('secrets/jwt-other'), `${other}\n`, { mode: 0o600 })
    own.stack.options.conf['auth.jwt_key_file_other'] = own.stack.path('secrets/jwt-other')
    own.stack.writeConfiguration()
    await own.stack.restart('api')
  }
  try {
    const before = own.stack.secret('jwt-key')
    const next = randomBytes(32).toString('hex')
    const people = []
    const all = async () => {
      people.push(await own.signIn(fresh()))
      for (const p of people) assert.equal((await own.get('/v1/me', { token: p.token })).status, 200)
      return kid(people.at(-1).token)
    }
    const old = await all()
    const page = (await own.get('/v1/sessions?limit=1', { token: people[0].token })).status
    assert.equal(page, 200)
    await set(before, next) // known everywhere before it signs
    assert.equal(await all(), old)
    assert.equal((await kids()).length, 2)
    await set(next, before)
    const now = await all()
    assert.notEqual(now, old)
    assert.deepEqual(await kids(), [now, old])
    await set(next, next) // the old one is gone, with it the tokens it signed; their sessions go on
    const late = await own.get('/v1/me', { token: people[0].token })
    assert.deepEqual([late.status, late.body.code], [401, 'auth.token_signature'])
    const again = await own.post('/v1/auth/refresh', { refresh_token: people[0].refresh_token })
    assert.equal((await own.get('/v1/me', { token: again.body.token })).status, 200)
  } finally {
    await own.stop()
  }
})

// People who sign in, renew and ask without pause, now here, now there; what a gateway that is just restarting does not answer counts
// for nothing. seen[GATEWAY + ' ' + KID]: tokens of that key that were taken there since it was last cleared.
function crowd(own, gateways, n) {
  const people = Array.from({ length: n }, () => ({ account: fresh(), tokens: [], session: null }))
  const state = { over: false, seen: {}, refused: [], kids: new Set() }
  const end = token => parse(token.split('.')[1]).exp * 1000
  const ask = async (where, method, path, { token, body } = {}) => {
    const resp = await fetch(gateways[where] + path, { method, body: body && JSON.stringify(body),
      headers: { ...(token && { authorization: `Bearer ${token}` }), ...(body && { 'content-type': 'application/json' }) } }).catch(() => null)
    const text = await resp?.text().catch(() => null)
    if (!resp || text === null || resp.status === 503) return null
    if (resp.status >= 400 && !(token && Date.now() >= end(token))) state.refused.push([where, path, resp.status, text])
    return resp.status < 400 ? JSON.parse(text) : null
  }
  const got = (p, session) => {
    p.session = session
    p.tokens.push(session.token)
    state.kids.add(parse(session.token.split('.')[0]).kid)
  }
  const enter = async (p, where) => {
    const made = await ask(where(), 'POST', '/v1/auth/challenge', { body: { address: p.account.address, chain_id: 338 } })
    const session = made && await ask(where(), 'POST', '/v1/auth/verify',
      { body: { message: made.message, signature: await p.account.signMessage({ message: made.message }) } })
    if (session) got(p, session)
  }
  const renew = async (p, where) => { // whose answer is lost may have been used
    const { refresh_token: old } = p.session
    p.session = null
    const session = await ask(where(), 'POST', '/v1/auth/refresh', { body: { refresh_token: old } })
    if (session) got(p, session)
  }
  const live = async p => {
    const names = Object.keys(gateways)
    let turn = people.indexOf(p)
    const where = () => names[turn++ % names.length]
    while (!state.over) {
      await (p.session ? renew(p, where) : enter(p, where))
      p.tokens = p.tokens.filter(t => end(t) > Date.now()).slice(-6)
      for (const token of p.tokens)
        for (const name of names) {
          const of = `${name} ${parse(token.split('.')[0]).kid}`
          if (await ask(name, 'GET', '/v1/me', { token })) state.seen[of] = (state.seen[of] ?? 0) + 1
        }
      await new Promise(wake => setTimeout(wake, 20))
    }
  }
  state.ended = Promise.all(people.map(live))
  state.ended.catch(() => {})
  return state
}

test('A7: two gateways change their keys one after the other while people sign in and ask: no token that has not ended is refused', { timeout: 300_000 }, async t => {
  const own = await startApi({ conf: { 'api.workers': 1, 'auth.session_ttl': '3s' } })
  const old = own.stack.secret('jwt-key')
  const next = randomBytes(32).toString('hex')
  const port = await freePort()
  const gateways = { one: own.url, two: `http://127.0.0.1:${port}` }
  let second, load
  const two = async () => {
    if (second) await stop(second)
    writeFileSync(own.stack.path('second.conf'), readFileSync(own.stack.path('patchwork-api.conf'), 'utf8')
      .replace(/^api\.listen.*$/m, `api.listen = 127.0.0.1:${port}`), { mode: 0o600 })
    second = launch({ argv: [own.stack.program('patchwork-api'), own.stack.path('second.conf')], env: own.stack.env('api'), log: own.stack.log('second'), tied: 'SIGKILL' })
    await until('the second gateway is up', () => answers(`${gateways.two}/readyz`))
  }
  const kidsAt = async name => (await (await fetch(`${gateways[name]}/.well-known/jwks.json`)).json()).keys.map(k => k.kid)
  // All that is good by then was taken by each gateway since it has its keys.
  const taken = async (...kids) => {
    load.seen = {}
    for (const name of Object.keys(gateways))
      for (const kid of kids) await until(`${name} takes what ${kid} signed`, () => load.seen[`${name} ${kid}`] >= 5 || load.refused.length)
    assert.deepEqual(load.refused, [])
  }
  const set = (key, other) => {
    writeFileSync(own.stack.path('secrets/jwt-key'), `${key}\n`, { mode: 0o600 })
    if (other) writeFileSync(own.stack.path('secrets/jwt-other'), `${other}\n`, { mode: 0o600 })
    own.stack.options.conf['auth.jwt_key_file_other'] = other && own.stack.path('secrets/jwt-other')
    own.stack.writeConfiguration()
  }
  try {
    await two()
    const [before] = await kidsAt('one')
    load = crowd(own, gateways, 6)
    await taken(before)
    set(old, next)
    await own.stack.restart('api')
    await two()
    await taken(before)
    const [, after] = await kidsAt('two')
    set(next, old)
    await own.stack.restart('api')
    await until('the new key signs', () => load.kids.has(after))
    await taken(before, after) // one signs with the new key, the other still with the old one
    await two()
    assert.deepEqual([await kidsAt('one'), await kidsAt('two')], [[after, before], [after, before]])
    await taken(after)
    const last = Date.now() + 4000 // what the old key signed has ended
    set(next)
    await until('the old key\'s tokens have ended', () => Date.now() > last)
    await own.stack.restart('api')
    await two()
    await taken(after)
    assert.deepEqual([await kidsAt('one'), await kidsAt('two')], [[after], [after]])
    assert.deepEqual([...load.kids].sort(), [before, after].sort())
  } finally {
    if (load) load.over = true
    await load?.ended
    if (second) await stop(second)
    await own.stop()
  }
  assert.deepEqual(load.refused, [], 'nobody was refused')
})

test('refused tokens are counted by address, valid ones go on', async () => {
  const own = await startApi({ conf: { 'api.workers': 1, 'limit.login_per_minute': 1, 'limit.login_burst': 4 } })
  try {
    const { token } = await own.signIn(fresh())
    const seen = []
    for (let i = 0; i < 6; i++) seen.push((await own.get('/v1/me', { token: 'x' })).status)
    assert.deepEqual(seen, [401, 401, 401, 401, 429, 429])
    assert.equal((await own.get('/v1/me', { token })).status, 200)
  } finally {
    await own.stop()
  }
})
