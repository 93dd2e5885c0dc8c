// The worker is killed by SIGKILL at every fault point of every stage; another goes on; and what is left behind in every
// table and on the chain is what an undisturbed contribution leaves.
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { rpc } from '../stack/evm.mjs'
import { CONTRIBUTION_TOPICS, eventually, get, refunds, submission, tokenBalance, transact } from '../stack/scenario.mjs'
import { look, referee, report } from './referee.mjs'
import { checkInvariants, differences, ended, faultPoints, leftBehind, operatorNonce, World } from './world.mjs'

const points = faultPoints()
// A contribution needs none of these; each is killed at its points where its own story is told.
const APART = {
  'replay/sweep': ['sync.reconcile', 'sync.sweep', 'sync.pull'],
  'replay/commands': ['sync.command', 'sync.status', 'sync.attempt'],
  'replay/projects': ['sync.check', 'sync.reverify', 'sync.hook', 'sync.rotate', 'sync.hooks', 'sync.health', 'sync.redeliver'],
  'replay/kill': ['verify.deadline', 'pay.refund'],
  'api/link': ['sync.link', 'sync.account', 'sync.accounts', 'sync.unlink', 'sync.renew'],
  'api/contract': ['verify.wallet'],
}
const ofKinds = Object.entries(points.kinds).filter(([kind]) => !Object.values(APART).flat().includes(kind)).flatMap(([kind, phases]) => phases.map(p => `${kind}.${p}`))
const ofRefunds = points.named.filter(p => p.startsWith('pay.refund'))
points.named = points.named.filter(p => !ofRefunds.includes(p))
// Reached only after something went wrong before; each has its test below.
const ONLY_AFTER = ['score.payout.claimed', 'pay.rebroadcast', 'refund.rebroadcast']

// What one contribution leaves in the audit log.
const AUDITED = ['account.linked cli', 'bounty.deposit_confirmed stage:verify', 'bounty.deposit_seen person', 'bounty.hold_begun stage:prove',
  'bounty.hold_ended stage:pay', 'bounty.merged stage:verify', 'bounty.payout_confirmed stage:pay', 'bounty.payout_sent stage:pay',
  'bounty.verify_ok stage:verify', 'deposit.confirmed role:patchwork_worker', 'deposit.seen person', 'payout.confirmed role:patchwork_worker', 'payout.payable role:patchwork_worker',
  'payout.scheduled role:patchwork_worker', 'payout.sent role:patchwork_worker', 'payout.signed role:patchwork_worker',
  'verdict.pass stage:verify', 'verdict.pass stage:verify']

const worlds = [] // side by side, since most of the time is spent waiting for leases to end
const free = []
let reference // what the undisturbed contribution left behind

before(async () => {
  worlds.push(...await Promise.all([World.start(), World.start()]))
})
after(() => Promise.all(worlds.map(w => w.end())))

// Plays one contribution while workers die at the faults, one after the other; a clean one goes on.
async function playKilled(world, faults, options) {
  const mark = await world.mark()
  const nonce = await operatorNonce(world)
  let over = false
  const story = world.play(options).finally(() => { over = true })
  story.catch(() => {})
  for (const fault of faults) {
    const w = world.worker({ PATCHWORK_FAULT: fault })
    const end = await Promise.race([ended(w), story.then(() => sleep(60_000, 'the end of the story', { ref: false }))])
    assert.equal(end, 'SIGKILL', `${fault} is reached before ${over ? 'the story ends' : 'the worker ends otherwise'}`)
  }
  const clean = world.worker()
  const c = await world.while(clean, story)
  await world.quiet()
  await world.retire(clean)
  const left = await leftBehind(world, c, mark)
  await checkInvariants(world, c, left)
  assert.equal(await operatorNonce(world), nonce + 1, 'the operator sent one transaction')
  return { c, left }
}

async function sameAsUndisturbed(faults, options) {
  const world = free.pop()
  const { left } = await playKilled(world, faults, options?.(world)).finally(() => free.push(world))
  if (faults.some(f => !f.includes('.settled:'))) // what was settled is not lost
    assert.ok(left.runs.some(r => r.state === 'rescued'), 'a lost worker\'s job was rescued')
  assert.deepEqual(differences(left.seen, reference.seen), [])
}

test('F15, I8, undisturbed: every point that needs no mishap is reached, and what decided about money is audited once', async () => {
  await Promise.all(worlds.map(w => playKilled(w, []))) // the first one also makes rows that all share
  const log = worlds[0].stack.path('points')
  process.env.PATCHWORK_FAULT_LOG = log
  const { left } = await playKilled(worlds[0], [])
  delete process.env.PATCHWORK_FAULT_LOG
  free.push(...worlds)
  assert.ok(existsSync(log))
  const reached = new Set(readFileSync(log, 'utf8').trim().split('\n'))
  const all = [...ofKinds, ...points.named]
  assert.deepEqual(all.filter(p => !reached.has(p)), ONLY_AFTER.filter(p => all.includes(p)))
  assert.deepEqual([...reached].filter(p => !all.includes(p)), [], 'no point is reached that the sources do not name')
  assert.ok(left.runs.every(r => r.state !== 'rescued'))
  const topics = left.seen['q.outbox'].map(r => JSON.parse(r).topic).sort()
  assert.deepEqual(topics, [...CONTRIBUTION_TOPICS, 'pull.synced'].sort(), 'each event once; the pull request as opened and as merged')
  const actions = left.seen['audit.log'].map(r => JSON.parse(r)).map(r => `${r.action} ${r.actor_kind}${/cli|person/.test(r.actor_kind) ? '' : `:${r.actor_id}`}`).sort()
  assert.deepEqual(actions, AUDITED, 'what decided about money and what operators did: each once')
  reference = left
})

describe('killed at', { concurrency: 2 }, () => {
  for (const point of [...ofKinds, ...points.named].filter(p => !ONLY_AFTER.includes(p)))
    test(`F15: ${point}`, () => sameAsUndisturbed([`${point}:kill`]))

  for (const phase of points.kinds['sync.delivery'])
    test(`F15: sync.delivery.${phase}, of the merge`, () => sameAsUndisturbed([`sync.delivery.${phase}:kill:3`]))

  test('F15: score.payout.claimed, by the second worker that has the job', () =>
    sameAsUndisturbed(['score.payout.settling:kill', 'score.payout.claimed:kill']))

  test('F15: pay.rebroadcast, after the node had dropped the transaction', () => sameAsUndisturbed(['pay.rebroadcast:kill'], world => ({
    before: {
      'merged on GitHub, webhook taken': () => rpc(world.at.evm, 'evm_setAutomine', [false]),
      'merge verified': async c => {
        const s = await eventually('there is a payout', () => submission(world.at, c.submission.id), x => x.payouts.length > 0, world.at.wait)
        const sent = () => get(world.at, `/v1/payouts/${s.payouts[0].id}`)
        const p = await eventually('it is sent', sent, x => x.state === 'sent', world.at.wait)
        await rpc(world.at.evm, 'anvil_dropTransaction', [p.transactions[0].tx_hash])
        const pool = () => rpc(world.at.evm, 'txpool_status')
        await eventually('the node has it again', pool, x => Number(x.pending) === 1, world.at.wait)
        await rpc(world.at.evm, 'evm_setAutomine', [true])
        await rpc(world.at.evm, 'evm_mine')
      },
    },
  })))

  // A bounty whose deadline is now; the trigger makes its job.
  for (const phase of points.kinds['verify.deadline'])
    test(`F15: verify.deadline.${phase}`, async () => {
      const world = free.pop()
      const state = id => world.sql(`select state || ' ' || (select string_agg(event, ',' order by seq) from core.bounty_event
        where bounty_id = b.id) || ' ' || (select count(*) from q.outbox where topic = 'bounty.expired' and key = b.id::text)
        from core.bounty b where id = '${id}'`)
      const w = world.worker({ PATCHWORK_FAULT: `verify.deadline.${phase}:kill` })
      const id = (await world.sql(`insert into core.bounty (project_id, issue_id, asset_id, amount, hold, deadline_at, created_by)
        select project_id, issue_id, asset_id, amount, hold, now(), created_by from core.bounty limit 1 returning id`)).split('\n')[0]
      assert.equal(await ended(w), 'SIGKILL', 'the point is reached')
      const clean = world.worker()
      await world.while(clean, world.quiet().finally(() => {}))
      await world.while(clean, eventually('the bounty ended', () => state(id), s => Boolean(s), world.at.wait))
      await world.retire(clean)
      free.push(world)
      assert.equal(await state(id), 'cancelled cancelled 1')
    })

  // Two bounties whose deadline passes with their money in the escrow. One is given back here, by workers that die at every point, and
  // after the node had dropped the transaction; a stranger has the escrow give the other one back before.
  test('B13, F15, refund.rebroadcast, M19, M18: what was not won goes back, whoever is killed and whoever was first, once', async () => {
    const world = free.pop()
    const { at, sql } = world
    const before = {
      'money locked in the escrow': async c => { // the chain's clock can be set ahead of the lock, and not of other bounties'
        await sql(`update core.bounty set deadline_at = now() + interval '1 hour' where id = '${c.bounty.id}'`)
        c.bounty = await get(at, `/v1/bounties/${c.bounty.id}`)
        c.owned = await tokenBalance(at, c.funder.address)
      },
    }
    const first = world.worker()
    const played = []
    for (let i = 0; i < 2; i++) played.push(await world.while(first, world.play({ before, until: 'pull request opened' })))
    await world.quiet()
    await world.retire(first)
    const [ours, theirs] = played, ids = `('${ours.bounty.id}', '${theirs.bounty.id}')`
    const owned = ours.owned, nonce = await operatorNonce(world)
    assert.equal(await tokenBalance(at, ours.funder.address), owned - 2n * BigInt(ours.bounty.amount))
    await rpc(at.evm, 'evm_increaseTime', [30 * 86_400])
    await rpc(at.evm, 'evm_mine')
    const { selectors } = JSON.parse(readFileSync('build/contract/Escrow.json', 'utf8'))
    const stranger = await transact(at, at.wallets.contributor.address, at.contracts.escrow,
      selectors['refund(bytes32)'] + theirs.bounty.escrow.bounty_key.slice(2))
    assert.equal(stranger.status, '0x1')
    await sql(`update core.contribution set lock_until = now() where bounty_id in ${ids};
      update core.bounty set deadline_at = now() - interval '1 s', grace = '0' where id in ${ids};
      update q.scheduled set run_at = now() where job_id in (select id from q.job where kind = 'verify.deadline'
        and args ->> 'bounty_id' in ${ids})`)
    const order = ['pay.refund.claimed', 'pay.refund.planned', 'pay.refund.probed', 'pay.refund.effected', 'pay.refund_signed', 'pay.refund.settling',
      'pay.refund.settled', 'pay.refund_broadcast']
    assert.deepEqual([...order].sort(), [...points.kinds['pay.refund'].map(p => `pay.refund.${p}`), ...ofRefunds].sort())
    for (const point of order) {
      if (point === 'pay.refund_broadcast') await rpc(at.evm, 'evm_setAutomine', [false])
      const w = world.worker({ PATCHWORK_FAULT: `${point}:kill` })
      assert.equal(await ended(w), 'SIGKILL', `${point} is reached`)
    }
    const last = world.worker({ PATCHWORK_FAULT: 'refund.rebroadcast:kill' })
    const sent = () => sql(`select '0x' || encode(i.tx_hash, 'hex') from ledger.tx_intent i join ledger.refund r on r.key = i.key
      where r.bounty_id = '${ours.bounty.id}' and i.state = 'sent'`)
    await rpc(at.evm, 'anvil_dropTransaction', [await world.while(last, eventually('it is sent', sent, Boolean, at.wait))])
    assert.equal(await ended(last), 'SIGKILL', 'refund.rebroadcast is reached')
    await eventually('the node has it again', () => rpc(at.evm, 'txpool_status'), x => Number(x.pending) === 1, at.wait)
    await rpc(at.evm, 'evm_setAutomine', [true])
    await rpc(at.evm, 'evm_mine')
    const clean = world.worker()
    const ends = []
    for (const c of played)
      ends.push(await world.while(clean, eventually('the bounty is refunded', () => get(at, `/v1/bounties/${c.bounty.id}`), b => b.state === 'refunded', at.wait)))
    await world.quiet()
    const inert = async () => {
      assert.equal(await tokenBalance(at, ours.funder.address), owned, 'the funder owns what was owned before')
      for (const c of played) assert.equal((await refunds(at, c.bounty.escrow.bounty_key)).length, 1, 'one refund on chain')
      assert.equal(await operatorNonce(world), nonce + 1, 'the operator sent one transaction')
      return sql(`select md5(string_agg(e::text, ',' order by transfer_id, line)) from ledger.entry e`)
    }
    const books = await inert()
    assert.deepEqual(ends.map(b => [b.refunds.length, b.refunds[0].state, b.refunds[0].transactions.length, b.contributions[0].state, b.blocker]),
      [[1, 'refunded', 1, 'refunded', null], [1, 'refunded', 0, 'refunded', null]])
    assert.equal(ends[0].refunds[0].tx_hash, (await refunds(at, ours.bounty.escrow.bounty_key))[0].transactionHash)
    assert.equal(ends[1].refunds[0].tx_hash, stranger.transactionHash)
    assert.equal(await sql(`select distinct actor_kind from audit.log where object_type = 'bounty' and object_id in ${ids} and action ~ 'deadline|refund'`), 'stage')
    const seen = await referee(await look(at, sql), ['I2', 'I3', 'I4', 'I7', 'I10'])
    assert.ok(seen.every(s => s.breaches.length === 0 && s.unasked.length === 0), `\n${report(seen)}`)
    assert.equal(await world.unbalanced(), '0')
    const cli = async (...words) => JSON.parse((await world.stack.run('patchwork_operator', ...words, '--json')).split('\n')[0])
    assert.equal((await cli('lineage', ours.bounty.id)).refunds[0].tx_hash, ends[0].refunds[0].tx_hash)
    const dry = await world.stack.run('patchwork_operator', 'jobs', 'replay', '--kind', 'pay.refund', '--sample', '100', '--dry-run', '--json')
    const [kind] = JSON.parse(dry).kinds
    assert.deepEqual([kind.kind, kind.done], ['pay.refund', kind.jobs])
    for (let i = 0; i < 10; i++) await cli('jobs', 'replay', '--kind', 'pay.refund', '--rate', '1000/s', '--reason', 'the test of replays')
    await world.while(clean, eventually('the replays are over', () => sql(`select count(*) from q.job j where batch is not null
      and kind = 'pay.refund' and exists (select from q.run r where r.job_id = j.id and r.state = 'done')`), n => Number(n) === 10 * kind.jobs, at.wait))
    assert.equal(await inert(), books)
    await world.retire(clean)
    free.push(world)
  })

  // pay.send.effected is not among them: once it was broadcast, the probe finds it
  test('F15: every point of paying, one after the other, in one contribution', () => sameAsUndisturbed([
    'pay.quote.claimed', 'pay.quote.planned', 'pay.quote.effected', 'pay.quote.settling', 'pay.send.claimed', 'pay.signed', 'pay.reserved',
    'pay.send.planned', 'pay.send.probed', 'pay.broadcast', 'pay.send.settling', 'pay.confirm.claimed', 'pay.confirm.planned',
    'pay.confirm.effected', 'pay.confirm.settling',
  ].map(p => `${p}:kill`)))
})
