// `patchwork relay` between PostgreSQL and NATS, seen by an independent subscriber (npm nats): what arrives, in which order,
// and that neither kills nor an absent broker lose or double anything.
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { load } from '../peers/load.mjs'
import { until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'

const { connect, AckPolicy, DeliverPolicy, JSONCodec } = await load('nats')
const STREAM = 'PW_EVENTS'
const PROJECT = '018f0000-0000-7000-8000-00000000000a'
const json = JSONCodec()
let stack

before(async () => {
  stack = await startStack({ dir: mkdtempSync(join(tmpdir(), 'patchwork-relay-')), parts: ['postgres', 'nats', 'relay'], programs: 'san', fsync: false })
})
after(() => stack?.stop({ remove: true }))

const emit = (from, to) => stack.sql(`select count(q.emit('bounty.opened', g::text, 'bounty/' || g % 7, jsonb_build_object('n', g),
  null, '${PROJECT}')) from generate_series(${from}, ${to}) g`)

const outbox = async () => (await stack.sql('select event from q.outbox order by xid, id')).trim().split('\n')

async function inspect(act) {
  const nc = await connect({ servers: stack.url('nats') })
  try {
    return await act(nc, await nc.jetstreamManager())
  } finally {
    await nc.close()
  }
}

const stored = () => inspect((nc, jsm) => jsm.streams.info(STREAM).then(i => i.state.messages, () => -1)).catch(() => -1)
const arrive = n => until(`${n} events in the stream`, async () => (await stored()) === n, { timeout: 60_000 })

// Everything the stream holds, by a consumer of its own.
const everything = () => inspect(async (nc, jsm) => {
  const { state } = await jsm.streams.info(STREAM)
  const name = `reader${Date.now()}`
  await jsm.consumers.add(STREAM, { durable_name: name, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All })
  const consumer = await nc.jetstream().consumers.get(STREAM, name)
  const got = []
  while (got.length < state.messages)
    for await (const m of await consumer.fetch({ max_messages: 500, expires: 2000 })) {
      got.push({ subject: m.subject, id: m.headers.get('Nats-Msg-Id'), type: m.headers.get('content-type'), event: json.decode(m.data) })
      m.ack()
    }
  return got
})

test('O11: an event arrives as a CloudEvent under its subject', async () => {
  await emit(1, 1)
  await arrive(1)
  const [{ subject, id, type, event }] = await everything()
  assert.equal(subject, `pw.local.${PROJECT}.bounty.opened.v1`)
  assert.equal(type, 'application/cloudevents+json; charset=UTF-8')
  const { time, ...rest } = event
  assert.deepEqual(rest, {
    specversion: '1.0', id, source: 'patchwork/local', type: 'patchwork.bounty.opened.v1', subject: 'bounty/1',
    datacontenttype: 'application/json', data: { n: 1 },
  })
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
  assert.ok(Math.abs(Date.parse(time) - Date.now()) < 60_000)
})

test('O11: under load, with the relay killed and the broker away, each arrives once and in order', async () => {
  const TOTAL = 4000
  const writer = (async () => {
    for (let n = 2; n <= TOTAL; n += 100) await emit(n, Math.min(n + 99, TOTAL))
  })()
  for (let i = 0; i < 3; i++) {
    await stack.kill('relay')
    await stack.restart('relay')
  }
  await stack.kill('nats')
  await emit(TOTAL + 1, TOTAL + 10) // the outbox takes no notice
  await stack.restart('nats')
  await stack.kill('nats', 'SIGSTOP')
  await emit(TOTAL + 11, TOTAL + 20)
  await new Promise(wake => setTimeout(wake, 1000))
  await stack.kill('nats', 'SIGCONT')
  await writer
  await arrive(TOTAL + 20)
  const ids = await outbox()
  const got = await everything()
  assert.deepEqual(got.map(m => m.id), ids)
  assert.deepEqual(got.map(m => m.event.id), ids)
})

test('it ends with its batch on SIGTERM and goes on where it was', async () => {
  const began = Date.now()
  await stack.kill('relay', 'SIGTERM')
  assert.ok(Date.now() - began < 20_000)
  const before = await stored()
  await emit(10_001, 10_100)
  await stack.restart('relay')
  await arrive(before + 100)
})

test('O11: a stream that was wiped is rebuilt with the same ids', async () => {
  const ids = await outbox()
  await inspect((nc, jsm) => jsm.streams.delete(STREAM))
  await stack.run('patchwork_relay', 'relay', 'rewind')
  await arrive(ids.length)
  assert.deepEqual((await everything()).map(m => m.id), ids)
})
