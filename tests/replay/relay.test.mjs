// The events of one contribution on NATS, read by npm nats: as docs/events.md says, whatever happens to relay and broker.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { load } from '../peers/load.mjs'
import { command } from '../stack/parts.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { CONTRIBUTION_TOPICS } from '../stack/scenario.mjs'
import { ended, faultPoints, World } from './world.mjs'

const { connect, JSONCodec } = await load('nats')
const json = JSONCodec()
const STREAM = 'PW_EVENTS'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
let world
let worker
let relay

before(async () => {
  world = await World.start({ parts: ['ipfs', 'postgres', 'nats', 'redis', 'evm', 'github', 'api'] })
  worker = world.worker()
})
after(async () => {
  if (relay) await stop(relay)
  await world?.end()
})

function startRelay(env = {}) {
  const { stack } = world
  relay = launch({
    argv: command(stack, 'relay'), env: { ...stack.as('patchwork_relay'), ...env }, log: stack.log('relay'),
    pidFile: stack.pidFile('relay-test'), tied: 'SIGKILL',
  })
  return relay
}

async function inspect(act) {
  const nc = await connect({ servers: world.stack.url('nats') })
  try {
    return await act(nc, await nc.jetstreamManager())
  } finally {
    await nc.close()
  }
}

// Everything in the stream, in its order -> [{ subject, id, event, trace }]
const messages = () => inspect(async (nc, jsm) => {
  const { state } = await jsm.streams.info(STREAM)
  const consumer = await nc.jetstream().consumers.get(STREAM)
  const got = []
  while (got.length < state.messages)
    for await (const m of await consumer.fetch({ max_messages: 500, expires: 2000 }))
      got.push({ subject: m.subject, id: m.headers.get('Nats-Msg-Id'), type: m.headers.get('content-type'), event: json.decode(m.data) })
  return got
})

const outbox = async () => (await world.sql('select event from q.outbox order by xid, id')).split('\n').filter(Boolean)
const arrived = n => until(`${n} events in the stream`, () => inspect((nc, jsm) => jsm.streams.info(STREAM))
  .then(i => i.state.messages >= n, () => false), { timeout: 60_000, every: 100 })

test('O11, F29: NATS and the relay are away: API and stages do not notice; afterwards everything is published in order', async () => {
  await world.stack.kill('nats')
  const waiting = startRelay()
  const c = await world.play()
  assert.equal(c.payout.state, 'paid')
  await world.quiet()
  await world.stack.restart('nats')
  const ids = await outbox()
  await arrived(ids.length)
  const got = await messages()
  assert.deepEqual(got.map(m => m.id), ids)
  const end = ended(waiting)
  await stop(waiting)
  assert.equal(await end, 0)
})

test('O11: each event of a contribution is a CloudEvent under its subject, those of an aggregate in their order', async () => {
  const running = startRelay()
  const c = await world.play()
  await world.quiet()
  await arrived((await outbox()).length)
  const got = (await messages()).filter(m => m.subject.split('.')[2] === c.project.id)
  for (const { subject, id, type, event } of got) {
    const topic = event.type.replace(/^patchwork\.(.*)\.v1$/, '$1')
    assert.equal(subject, `pw.local.${c.project.id}.${topic}.v1`)
    assert.equal(type, 'application/cloudevents+json; charset=UTF-8')
    assert.equal(event.id, id)
    assert.match(event.id, UUID)
    assert.deepEqual([event.specversion, event.source, event.datacontenttype], ['1.0', 'patchwork/local', 'application/json'])
    assert.match(event.subject, /^(project|bounty|pull|submission|proof|payout|score|person)\/[\w-]+$/)
    assert.match(event.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
    assert.match(event.traceparent, /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/)
    assert.equal(typeof event.data, 'object')
  }
  const topics = got.map(m => m.event.type.slice(10, -3))
  assert.deepEqual([...topics].sort(), [...CONTRIBUTION_TOPICS, 'pull.synced'].sort())
  const order = ['bounty.created', 'bounty.funding', 'bounty.opened', 'submission.seen', 'submission.verified', 'proof.pinned', 'payout.sent', 'payout.paid', 'score.added']
  assert.deepEqual(topics.filter(t => order.includes(t)), order, 'causes before what they caused')
  const ofMerge = got.filter(m => ['submission.verified', 'proof.pinned', 'payout.sent', 'payout.paid', 'score.added'].includes(m.event.type.slice(10, -3)))
  assert.equal(new Set(ofMerge.map(m => m.event.traceparent.slice(3, 35))).size, 1, 'one trace from the merge to the score')
  await stop(running)
})

for (const point of faultPoints().relay)
  test(`F15: killed at ${point}: nothing is lost, doubled or out of order`, async () => {
    const dying = startRelay({ PATCHWORK_FAULT: `${point}:kill:2` })
    await world.play()
    assert.equal(await ended(dying), 'SIGKILL')
    const next = startRelay()
    await world.quiet()
    const ids = await outbox()
    await arrived(ids.length)
    assert.deepEqual((await messages()).map(m => m.id), ids)
    await stop(next)
  })

test('O11, F29: the stream is lost: a rewound relay rebuilds it, with the same ids in the same order', async () => {
  const before = await messages()
  await inspect((nc, jsm) => jsm.streams.delete(STREAM))
  assert.match(await world.stack.run('patchwork_relay', 'relay', 'rewind'), /\S/)
  const running = startRelay()
  const ids = await outbox()
  await arrived(ids.length)
  const after = await messages()
  assert.deepEqual(after.map(m => m.id), ids)
  assert.deepEqual(after.map(m => m.event), before.map(m => m.event))
  await stop(running)
  await world.retire(worker)
})
