// Signing in: a wallet that was not written here, and everything that must not pass for one.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { after, before, test } from 'node:test'
import { CHAIN, startApi } from './api.mjs'
import { require } from '../peers/load.mjs'
import { eachSeed } from '../seed.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const { createSiweMessage, parseSiweMessage } = require('viem/siwe')
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

const account = privateKeyToAccount(generatePrivateKey())
let api
before(async () => { api = await startApi({ conf: { 'auth.chain_ids': '338,25' } }) })
after(() => api.stop())

const tables = () => Promise.all(['core.person', 'core.wallet', 'core.session'].map(api.rows))
const spent = () => api.sql('select count(*) from core.auth_nonce where consumed_at is not null')

async function refused(body, status, code) {
  const [rows, nonces] = [await tables(), await spent()]
  const answer = await api.post('/v1/auth/verify', body)
  assert.equal(answer.status, status, answer.text)
  assert.equal(answer.body.code, code)
  assert.equal(answer.headers.get('content-type'), 'application/problem+json')
  assert.deepEqual([await tables(), await spent()], [rows, nonces], 'writes nothing')
}

const signed = async (message, by = account) => ({ message, signature: await by.signMessage({ message }) })

test('a challenge is a sign-in message that others can read, and is kept', async () => {
  const { status, body, headers } = await api.post('/v1/auth/challenge', { address: account.address, chain_id: CHAIN })
  assert.equal(status, 201)
  assert.equal(headers.get('cache-control'), 'no-store')
  assert.match(body.nonce, /^[a-z2-7]{26}$/)
  const m = parseSiweMessage(body.message)
  assert.equal(m.address, account.address)
  assert.equal(m.chainId, CHAIN)
  assert.equal(m.nonce, body.nonce)
  assert.equal(m.domain, new URL(api.url).host)
  assert.equal(m.expirationTime.toISOString(), new Date(body.expires_at).toISOString())
  assert.equal(await api.sql(`select message from core.auth_nonce where nonce = '${body.nonce}'`), body.message)
})

test('A1, A8: a nonce lives for five minutes, a session for thirty days, unless it is configured otherwise', async () => {
  const { body } = await api.post('/v1/auth/challenge', { address: account.address, chain_id: CHAIN })
  const { issuedAt, expirationTime } = parseSiweMessage(body.message)
  assert.equal(expirationTime - issuedAt, 300_000)
  assert.equal(await api.sql(`select expires_at = '${body.expires_at}' from core.auth_nonce where nonce = '${body.nonce}'`), 't')
  const { session_id: session } = await api.signIn(account)
  assert.equal(await api.sql(`select expires_at - created_at between interval '30 days' - interval '1 minute' and interval '30 days' + interval '1 minute'
    from core.session where id = '${session}'`), 't')
})

test('a signed challenge opens a session, and the person behind a wallet stays the same', async () => {
  const { message } = await api.challenge(account)
  const answer = await api.post('/v1/auth/verify', await signed(message))
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.token_type, 'Bearer')
  assert.equal(answer.body.address, account.address)
  const [head, claims] = answer.body.token.split('.').map(p => p.length && Buffer.from(p, 'base64url').toString())
  assert.equal(JSON.parse(head).alg, 'EdDSA')
  assert.equal(JSON.parse(claims).sub, answer.body.person_id)
  assert.ok(JSON.parse(claims).exp - JSON.parse(claims).iat <= 900)
  const me = await api.get('/v1/me', { token: answer.body.token })
  assert.equal(me.status, 200)
  assert.equal(me.body.person_id, answer.body.person_id)
  assert.equal(me.body.wallets[0].address, account.address)
  assert.equal(me.headers.get('cache-control'), 'no-store')
  const again = await api.signIn(account)
  assert.equal(again.person_id, answer.body.person_id)
  assert.notEqual(again.token, answer.body.token)
  const other = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  assert.notEqual(other.person_id, answer.body.person_id)
})

test('A1, F40: a challenge passes once, also when it comes many times at once', async () => {
  const { message } = await api.challenge(account)
  const body = await signed(message)
  const sessions = await api.rows('core.session')
  const answers = await Promise.all(Array.from({ length: 20 }, () => api.post('/v1/auth/verify', body)))
  assert.equal(answers.filter(a => a.status === 200).length, 1)
  for (const a of answers.filter(x => x.status !== 200)) assert.deepEqual([a.status, a.body.code], [401, 'auth.nonce_used'])
  assert.equal(await api.rows('core.session'), sessions + 1)
  await refused(body, 401, 'auth.nonce_used')
})

test('a new wallet that signs in twice at once is one person', async () => {
  const fresh = privateKeyToAccount(generatePrivateKey())
  const people = await api.rows('core.person')
  const answers = await Promise.all(Array.from({ length: 8 }, () => api.signIn(fresh)))
  assert.equal(new Set(answers.map(a => a.person_id)).size, 1)
  assert.equal(await api.rows('core.person'), people + 1)
})

test('A2, F40: every text of the vectors: one that is no EIP-4361 text is refused as such, one that is as another site\'s', async () => {
  const { cases } = JSON.parse(readFileSync(new URL('../vectors/siwe.json', import.meta.url), 'utf8'))
  for (const c of cases) {
    const message = c.in.message ?? c.out.message
    const answer = await api.post('/v1/auth/verify', await signed(message))
    const expected = c.kind !== 'reject_parse' ? [401, 'auth.domain'] : message ? [400, 'auth.message_malformed'] : [422, 'json.range']
    assert.deepEqual([answer.status, answer.body.code], expected, c.id)
  }
})

test('refused challenges', async () => {
  const nonces = await api.rows('core.auth_nonce')
  const ask = async (body, status, code) => {
    const a = await api.post('/v1/auth/challenge', body)
    assert.deepEqual([a.status, a.body.code], [status, code], JSON.stringify(body))
  }
  await ask({ address: account.address, chain_id: 1 }, 401, 'auth.chain')
  await ask({ address: `0x${'g'.repeat(40)}`, chain_id: CHAIN }, 422, 'auth.address')
  await ask({ address: account.address.replace(/[a-fA-F]/, c => (c < 'a' ? c.toLowerCase() : c.toUpperCase())), chain_id: CHAIN }, 422, 'auth.address')
  await ask({ address: account.address.slice(2), chain_id: CHAIN }, 422, 'json.range')
  await ask({ address: account.address, chain_id: '338' }, 422, 'json.type')
  assert.equal(await api.rows('core.auth_nonce'), nonces)
})

test('A2, F40: a signature that is not the wallet\'s', t => eachSeed(t, 1, async ({ below }) => {
  const { message } = await api.challenge(account)
  const { signature } = await signed(message)
  const s = BigInt(`0x${signature.slice(66, 130)}`)
  const high = `${signature.slice(0, 66)}${(N - s).toString(16).padStart(64, '0')}${signature.endsWith('1b') ? '1c' : '1b'}`
  await refused({ message, signature: high }, 401, 'auth.signature_high_s')
  await refused(await signed(message, privateKeyToAccount(generatePrivateKey())), 401, 'auth.signature')
  await refused({ message, signature: `${signature.slice(0, -2)}05` }, 401, 'auth.signature')
  await refused({ message, signature: `0x${'00'.repeat(64)}1b` }, 401, 'auth.signature')
  await refused({ message, signature: signature.slice(0, -2) }, 422, 'auth.signature_format')
  await refused({ message, signature: signature.slice(0, 100) }, 422, 'json.range')
  await refused({ message, signature: `0x${'zz'.repeat(65)}` }, 422, 'auth.signature_format')
  await refused({ message, signature: 7 }, 422, 'json.type')
  for (let i = 0; i < 40; i++) { // one bit of r or s
    const bytes = Buffer.from(signature.slice(2), 'hex')
    const at = below(512)
    bytes[at >> 3] ^= 1 << (at & 7)
    const a = await api.post('/v1/auth/verify', { message, signature: `0x${bytes.toString('hex')}` })
    assert.equal(a.status, 401, `bit ${at}`)
    assert.match(a.body.code, /^auth\.signature(_high_s)?$/)
  }
  assert.equal((await api.post('/v1/auth/verify', { message, signature })).status, 200, 'none of them has spent it')
}))

test('A2, F40: a message that was not handed out', async () => {
  const { message, nonce } = await api.challenge(account)
  const fields = parseSiweMessage(message)
  const made = async changes => signed(createSiweMessage({ ...fields, ...changes }))
  await refused(await signed('hello'), 400, 'auth.message_malformed')
  await refused(await signed(message.replace('Version: 1', 'Version: 2')), 400, 'auth.message_malformed')
  await refused(await made({ chainId: 1 }), 401, 'auth.chain')
  await refused(await made({ chainId: 25 }), 401, 'auth.message_changed')
  await refused(await made({ domain: 'evil.example' }), 401, 'auth.domain')
  await refused(await made({ uri: 'https://evil.example' }), 401, 'auth.uri')
  await refused(await made({ nonce: 'abcdefgh12345678' }), 401, 'auth.nonce_unknown')
  await refused(await made({ statement: 'Give me everything.' }), 401, 'auth.message_changed')
  await refused(await made({ expirationTime: new Date(Date.now() - 1000) }), 401, 'auth.expired')
  await refused(await made({ notBefore: new Date(Date.now() + 60_000) }), 401, 'auth.not_before')
  await refused(await made({ expirationTime: new Date(Date.now() + 3_600_000) }), 401, 'auth.message_changed')
  await refused({ message: message.replace(account.address, account.address.toLowerCase()), signature: (await signed(message)).signature },
    400, 'auth.message_malformed')
  assert.equal(await api.sql(`select consumed_at from core.auth_nonce where nonce = '${nonce}'`), '')
})

test('A1, F40: a challenge that expired here, whatever its text says', async () => {
  const { message, nonce } = await api.challenge(account)
  await api.sql(`update core.auth_nonce set expires_at = now() - interval '1 s' where nonce = '${nonce}'`)
  await refused(await signed(message), 401, 'auth.expired')
})

test('a suspended person', async () => {
  const who = privateKeyToAccount(generatePrivateKey())
  const { token, person_id: person } = await api.signIn(who)
  await api.sql(`update core.person set status = 'suspended' where id = '${person}'`)
  await refused(await signed((await api.challenge(who)).message, who), 403, 'auth.suspended')
  const me = await api.get('/v1/me', { token })
  assert.deepEqual([me.status, me.body.code], [403, 'auth.suspended'])
  const made = await api.post('/v1/projects', { full_name: 'a/b' }, { token })
  assert.deepEqual([made.status, made.body.code], [401, 'auth.session_ended'])
})

test('F40: tokens that are none', t => eachSeed(t, 1, async ({ below }) => {
  const { token, session_id: session } = await api.signIn(account)
  const [head, claims, signature] = token.split('.')
  const b64 = o => Buffer.from(JSON.stringify(o)).toString('base64url')
  const told = JSON.parse(Buffer.from(claims, 'base64url'))
  const ask = async (headers, code) => {
    const a = await api.get('/v1/me', { headers })
    assert.deepEqual([a.status, a.body.code, a.headers.get('www-authenticate')], [401, code, 'Bearer'])
  }
  const bearer = t => ({ authorization: `Bearer ${t}` })
  await ask({}, 'auth.missing')
  await ask({ authorization: 'Basic YTpi' }, 'auth.missing')
  await ask(bearer('x'), 'auth.token_malformed')
  await ask(bearer(`${b64({ alg: 'none', typ: 'JWT' })}.${claims}.`), 'auth.token_malformed')
  await ask(bearer(`${b64({ ...JSON.parse(Buffer.from(head, 'base64url')), alg: 'HS256' })}.${claims}.${signature}`), 'auth.token_malformed')
  await ask(bearer(`${head}.${b64({ ...told, sub: session })}.${signature}`), 'auth.token_signature')
  for (let i = 0; i < 40; i++) { // one character is another one, which may be of the bits that no byte has
    const at = below(token.length)
    const other = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.replace(token[at], '')[below(63)]
    const a = await api.get('/v1/me', { headers: bearer(token.slice(0, at) + other + token.slice(at + 1)) })
    assert.equal(a.status, 401, `character ${at} is ${other}`)
    assert.match(a.body.code, /^auth\.token_/)
  }
  await api.sql(`update core.session set revoked_at = now() where id = '${session}'`)
  await ask(bearer(token), 'auth.session_ended')
}))

// fetch takes ten times as long
const post = (agent, url, body) => new Promise((done, fail) => {
  request(url, { agent, method: 'POST', headers: { 'content-type': 'application/json' } }, async resp => {
    let text = ''
    for await (const piece of resp) text += piece
    done(JSON.parse(text))
  }).on('error', fail).end(JSON.stringify(body))
})

test('A1: the shipped program, whose system calls are filtered, does all of it, too, and hands out 10,000 nonces, each another one', { timeout: 300_000 }, async () => {
  const shipped = await startApi({ programs: 'rel' })
  try {
    const me = await shipped.signIn(account)
    const project = await shipped.verifiedProject(me.token, 'ada/engine', 3)
    assert.equal((await shipped.bounty(me.token, project)).status, 201)
    assert.equal((await shipped.deliver({ n: 'x'.repeat(300_000) })).status, 202)
    for (const path of ['/', '/metrics', '/openapi.json', '/readyz', '/v1/bounties?limit=1', '/v1/leaderboard'])
      assert.equal((await shipped.get(path)).status, 200, path)
    const nonces = new Set()
    const agent = new Agent({ keepAlive: true })
    let left = 10_000
    await Promise.all(Array.from({ length: 16 }, async () => {
      while (left-- > 0) nonces.add((await post(agent, `${shipped.url}/v1/auth/challenge`, { address: account.address, chain_id: CHAIN })).nonce)
    }))
    agent.destroy()
    assert.equal(nonces.size, 10_000, 'A1: each is another one')
    const { text } = await shipped.get('/metrics')
    assert.match(text, /patchwork_api_worker_starts_total 2\n/, 'no worker was killed')
  } finally {
    await shipped.stop()
  }
})
