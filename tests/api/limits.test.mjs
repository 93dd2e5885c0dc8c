// Rate windows: who counts as one client, with and without a proxy, in Redis and in the worker while Redis is away.
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { require } from '../peers/load.mjs'
import { startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')

describe('behind a proxy', () => {
  let api
  before(async () => {
    api = await startApi({ conf: { 'api.proxy': true, 'api.workers': 1, 'limit.read_per_minute': 1, 'limit.read_burst': 2 } })
  })
  after(() => api?.stop())
  const statuses = async (...clients) => {
    const seen = []
    for (const client of clients) seen.push((await api.get('/v1/bounties', { headers: client ? { 'x-forwarded-for': client } : {} })).status)
    return seen
  }

  it('an address has its own window', async () => {
    assert.deepEqual(await statuses('192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2'), [200, 200, 429, 200])
  })
  it('only the last address counts: the rest is what the client says', async () => {
    assert.deepEqual(await statuses('1.1.1.1, 192.0.2.3', '2.2.2.2, 192.0.2.3', '3.3.3.3, 192.0.2.3'), [200, 200, 429])
  })
  it('an IPv6 network of 64 bits is one client', async () => {
    assert.deepEqual(await statuses('2001:db8:0:1::1', '2001:db8:0:1:ffff::2', '2001:0db8:0000:0001::3', '2001:db8:0:2::1'),
      [200, 200, 429, 200])
  })
  it('who is signed in has a window of his own, wherever he asks from', async () => {
    const ask = async (token, client) => (await api.get('/v1/me', { token, headers: { 'x-forwarded-for': client } })).status
    const [one, other] = [await api.signIn(privateKeyToAccount(generatePrivateKey())), await api.signIn(privateKeyToAccount(generatePrivateKey()))]
    assert.deepEqual([await ask(one.token, '192.0.2.5'), await ask(one.token, '192.0.2.6'), await ask(one.token, '192.0.2.7')], [200, 200, 429])
    assert.deepEqual([await ask(other.token, '192.0.2.5'), (await statuses('192.0.2.5'))[0]], [200, 200])
  })
  it('what is no address counts as the connection', async () => {
    assert.deepEqual(await statuses('unknown', '192.0.2.4, x', undefined), [200, 200, 429])
  })
})

describe('without a proxy', () => {
  let api
  before(async () => {
    api = await startApi({ conf: { 'api.workers': 1, 'limit.read_per_minute': 1, 'limit.read_burst': 2 } })
  })
  after(() => api?.stop())

  it('X-Forwarded-For is not believed', async () => {
    const ask = n => api.get('/v1/bounties', { headers: { 'x-forwarded-for': `192.0.2.${n}` } })
    assert.deepEqual([(await ask(1)).status, (await ask(2)).status, (await ask(3)).status], [200, 200, 429])
  })
})
