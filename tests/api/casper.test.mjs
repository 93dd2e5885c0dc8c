// A4: signing in with Casper wallets of both key types; node:crypto signs, the published vectors say which keys and hashes.
import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { CHAIN, startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const vectors = name => JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8')).cases
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SEC1 = hex => Buffer.concat([Buffer.from('302e0201010420', 'hex'), Buffer.from(hex, 'hex'), Buffer.from('a00706052b8104000a', 'hex')])
const CASPER = 'casper:casper-test'

let api
before(async () => { api = await startApi() })
after(() => api.stop())

const key = ({ algorithm, private_key: hex }) => algorithm === 'ed25519'
  ? createPrivateKey({ key: Buffer.concat([PKCS8, Buffer.from(hex, 'hex')]), format: 'der', type: 'pkcs8' })
  : createPrivateKey({ key: SEC1(hex), format: 'der', type: 'sec1' })
const bigint = b => BigInt(`0x${b.toString('hex')}`)
const low = sig => {
  const s = bigint(sig.subarray(32))
  return s > N / 2n ? Buffer.concat([sig.subarray(0, 32), Buffer.from((N - s).toString(16).padStart(64, '0'), 'hex')]) : sig
}
const high = sig => Buffer.concat([sig.subarray(0, 32), Buffer.from((N - bigint(sig.subarray(32))).toString(16).padStart(64, '0'), 'hex')])
// What a wallet does with signMessage.
const signed = (pair, message, head = 'Casper Message:\n') => {
  const bytes = Buffer.from(head + message)
  return pair.algorithm === 'ed25519' ? sign(null, bytes, key(pair)) : low(sign('sha256', bytes, { key: key(pair), dsaEncoding: 'ieee-p1363' }))
}
const challenge = (address, more = { chain: CASPER }) => api.post('/v1/auth/challenge', { address, ...more })
const send = (message, signature) => api.post('/v1/auth/verify', { message, signature: typeof signature === 'string' ? signature : signature.toString('hex') })
const code = a => [a.status, a.body.code]

const pairs = vectors('casper_keys').filter(c => c.kind === 'key')
const of = (algorithm, nth = 0) => { const c = pairs.filter(p => p.in.algorithm === algorithm)[nth]; return { ...c.in, ...c.out } }

for (const algorithm of ['ed25519', 'secp256k1']) {
  test(`A4: a wallet with an ${algorithm} key signs in, and is the same person the next time`, async () => {
    const pair = of(algorithm)
    const { status, body } = await challenge(pair.checksummed)
    assert.equal(status, 201)
    const domain = new URL(api.url).host
    assert.match(body.message, new RegExp(`^${domain} wants you to sign in with your Casper account:\n${pair.public_key}\n\n[^\n]+\n\nURI: [^\n]+\nVersion: 1\nChain ID: casper-test\nNonce: ${body.nonce}\nIssued At: `))
    const answer = await send(body.message, signed(pair, body.message))
    assert.equal(answer.status, 200, answer.text)
    assert.equal(answer.body.address, pair.public_key)
    const me = await api.get('/v1/me', { token: answer.body.token })
    assert.equal(me.body.wallets[0].caip10, `${CASPER}:${pair.public_key}`)
    assert.equal(await api.sql(`select encode(address, 'hex') || ' ' || encode(public_key, 'hex') from core.wallet where person_id = '${answer.body.person_id}'`),
      `${pair.account_hash} ${pair.public_key}`)
    const { body: next } = await challenge(pair.public_key)
    const tagged = Buffer.concat([Buffer.from(pair.public_key.slice(0, 2), 'hex'), signed(pair, next.message)])
    const again = await send(next.message, `0x${tagged.toString('hex')}`)
    assert.deepEqual([again.status, again.body.person_id], [200, answer.body.person_id], again.text)
  })

  test(`A4, F40: what ${algorithm} wallets must not get away with`, async () => {
    const pair = of(algorithm), other = of(algorithm, 1)
    const { message, nonce } = (await challenge(pair.public_key)).body
    const good = signed(pair, message)
    const flipped = Buffer.from(good)
    flipped[5] ^= 1
    for (const [what, bad, ...expected] of [
      ['signed without the prefix', signed(pair, message, ''), 401, 'auth.signature'],
      ['another message', signed(pair, `${message} `), 401, 'auth.signature'],
      ['another key', signed(other, message), 401, 'auth.signature'],
      ['a bit flipped', flipped, 401, 'auth.signature'],
      ['the other algorithm\'s tag', Buffer.concat([Buffer.from([pair.public_key[1] === '1' ? 2 : 1]), good]), 401, 'auth.signature'],
      ['zeros', Buffer.alloc(64), 401, 'auth.signature'],
      ['too short', good.subarray(1), 422, 'json.range'],
      ['no hex', 'z'.repeat(128), 422, 'auth.signature_format'],
      ...(algorithm === 'secp256k1' ? [['a high s', high(good), 401, 'auth.signature_high_s']] : []),
    ]) assert.deepEqual(code(await send(message, bad)), expected, what)
    assert.deepEqual(code(await send(message.replace('Chain ID: casper-test', 'Chain ID: casper'), good)), [401, 'auth.chain'])
    assert.deepEqual(code(await send(message.replace('Casper account', 'Ethereum account'), good)), [400, 'auth.message_malformed'])
    assert.deepEqual(code(await send(message.replace(pair.public_key, pair.public_key.toUpperCase()), good)), [400, 'auth.message_malformed'])
    const forged = message.replace(nonce, 'abcdefgh12345678')
    assert.deepEqual(code(await send(forged, signed(pair, forged))), [401, 'auth.nonce_unknown'])
    assert.equal((await send(message, good)).status, 200, 'none of them has spent it')
    assert.deepEqual(code(await send(message, good)), [401, 'auth.nonce_used'])
  })
}

test('A4: public keys and chains: every parse case of the vectors, and what does not fit together', async () => {
  for (const c of vectors('casper_keys').filter(c => c.kind === 'parse' && c.in.text.length >= 42)) {
    const a = await challenge(c.in.text)
    if (c.out.valid) assert.equal(a.status, 201, c.id)
    else assert.ok(['auth.address', 'json.range'].includes(a.body.code), `${c.id}: ${a.text}`)
  }
  const { public_key: hex } = of('ed25519')
  const evm = privateKeyToAccount(generatePrivateKey()).address
  for (const [address, more] of [[hex, { chain_id: CHAIN }], [hex, {}], [hex, { chain: 'casper:casper' }], [hex, { chain: `eip155:${CHAIN}` }],
    [hex, { chain: CASPER, chain_id: CHAIN }], [evm, { chain: CASPER }], [evm, {}], [evm, { chain: 'eip155:1' }], [evm, { chain: `eip155:${CHAIN}`, chain_id: CHAIN }]])
    assert.deepEqual(code(await challenge(address, more)), [401, 'auth.chain'], JSON.stringify(more))
  assert.equal((await challenge(evm, { chain: `eip155:${CHAIN}` })).status, 201)
})

test('A4: keys that nobody has seen before, made by node:crypto', async () => {
  for (let i = 0; i < 5; i++) {
    const pair = generateKeyPairSync('ed25519')
    const { x } = pair.publicKey.export({ format: 'jwk' })
    const { message } = (await challenge(`01${Buffer.from(x, 'base64url').toString('hex')}`)).body
    assert.equal((await send(message, sign(null, Buffer.from(`Casper Message:\n${message}`), pair.privateKey))).status, 200)
  }
  for (let i = 0; i < 5; i++) {
    const pair = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
    const { x, y } = pair.publicKey.export({ format: 'jwk' })
    const odd = Buffer.from(y, 'base64url').at(-1) & 1
    const { message } = (await challenge(`020${2 + odd}${Buffer.from(x, 'base64url').toString('hex')}`)).body
    const signature = low(sign('sha256', Buffer.from(`Casper Message:\n${message}`), { key: pair.privateKey, dsaEncoding: 'ieee-p1363' }))
    assert.equal((await send(message, signature)).status, 200)
  }
})
