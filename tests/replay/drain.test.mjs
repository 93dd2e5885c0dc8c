// Workers that are asked to end, workers that are stopped for too long, and workers side by side.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { eventually, get, github } from '../stack/scenario.mjs'
import { checkInvariants, ended, leftBehind, MORTAL, operatorNonce, World } from './world.mjs'

let world

before(async () => {
  world = await World.start()
  const w = world.worker()
  await world.play() // rows that all share
  await world.quiet()
  await world.retire(w)
})
after(() => world?.end())

const requests = async path => (await (await fetch(`${world.at.github}/_control/log`)).json()).filter(r => r.url.includes(path))
const MERGED = 'merged on GitHub, webhook taken'
const slow = delay_ms => github(world.at, 'fault', { match: { path: '/commits' }, times: 1, delay_ms })
const asked = async () => {
  const before = (await requests('/commits')).length
  return eventually('GitHub is being asked', () => requests('/commits'), r => r.length > before, world.at.wait)
}

async function finish(story, mark) {
  const c = await story
  await world.quiet()
  const left = await leftBehind(world, c, mark)
  await checkInvariants(world, c, left)
  return { c, left }
}

test('F18: SIGTERM during a job: it is finished, and the worker ends well', async () => {
  const mark = await world.mark()
  const first = world.worker()
  let waiting
  const story = world.play({ before: { [MERGED]: async () => { await slow(4000); waiting = asked() } } })
  story.catch(() => {})
  await eventually('the merge', async () => waiting, Boolean, world.at.wait)
  await waiting
  const from = Date.now()
  await world.retire(first)
  assert.ok(Date.now() - from > 500, 'it waited for what it had in hand')
  const second = world.worker()
  const { left } = await finish(story, mark)
  assert.ok(left.runs.every(r => r.state !== 'rescued'), 'nothing was left in its hands')
  await world.retire(second)
})

test('F18: SIGTERM during a job that takes longer than the drain: it ends with 75, another worker has the job', async () => {
  const mark = await world.mark()
  const first = world.worker({ ...MORTAL, PATCHWORK_WORKER_DRAIN: '300ms' })
  let waiting
  const story = world.play({ before: { [MERGED]: async () => { await slow(8000); waiting = asked() } } })
  story.catch(() => {})
  await eventually('the merge', async () => waiting, Boolean, world.at.wait)
  await waiting
  process.kill(first.pid, 'SIGTERM')
  assert.equal(await ended(first), 75)
  const second = world.worker()
  const { left } = await finish(story, mark)
  assert.ok(left.runs.some(r => r.state === 'rescued'))
  await world.retire(second)
})

test('F16: a worker that was frozen past its lease does not finish what another has taken', async () => {
  const mark = await world.mark()
  const nonce = await operatorNonce(world)
  const first = world.worker(MORTAL)
  let waiting
  const story = world.play({ before: { [MERGED]: async () => { await slow(8000); waiting = asked() } } })
  story.catch(() => {})
  await eventually('the merge', async () => waiting, Boolean, world.at.wait)
  await waiting
  process.kill(first.pid, 'SIGSTOP')
  const second = world.worker()
  await story
  await world.quiet()
  const said = () => readFileSync(world.stack.log('work'), 'utf8')
  const before = said().length
  process.kill(first.pid, 'SIGCONT')
  await eventually('it notices', () => said().slice(before), t => t.includes('event=job.stale'), world.at.wait)
  await world.retire(first)
  const { left } = await finish(story, mark) // what it did since is in it
  assert.ok(left.runs.some(r => r.state === 'rescued'))
  assert.equal(await operatorNonce(world), nonce + 1, 'one transaction')
  await world.retire(second)
})

test('three workers side by side, eight contributions at once: each is paid once', async () => {
  const nonce = await operatorNonce(world)
  const before = await world.sql('select coalesce(max(id), 0) from q.job')
  const workers = [1, 2, 3].map(() => world.worker())
  const stories = await Promise.all(Array.from({ length: 8 }, () => world.play({ allowance: 2n ** 256n - 1n })))
  await world.quiet()
  for (const c of stories) {
    const payout = await get(world.at, `/v1/payouts/${c.payout.id}`)
    assert.equal(payout.state, 'paid')
    assert.deepEqual(payout.transactions.map(t => t.state), ['confirmed'])
    assert.deepEqual(payout.transfers.map(t => t.kind).sort(), ['hold', 'paid', 'send'])
  }
  assert.equal(await operatorNonce(world), nonce + 8, 'eight transactions')
  assert.equal(await world.sql(`select count(*) from (select 1 from q.run where state = 'done' group by job_id having count(*) > 1) x`), '0')
  assert.equal(await world.sql(`select count(*) from q.run where state = 'rescued' and job_id > ${before}`), '0')
  assert.equal(await world.sql(`select count(distinct worker) > 1 from q.run where job_id > ${before}`), 't')
  for (const w of workers) await world.retire(w)
})
