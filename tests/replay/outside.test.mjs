// A lying or broken outside: the job is tried again or waits for a person, its reason stands on GET /v1/jobs/{id}, and nothing
// is paid that is not owed, nor twice.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import { eventually, fund, get, github, lockDeposit, releases, tokenBalance, transact } from '../stack/scenario.mjs'
import { Proxy } from './proxy.mjs'
import { checkInvariants, leftBehind, operatorNonce, World } from './world.mjs'

let world
let ipfs
let evm
let worker

before(async () => {
  ;[ipfs, evm] = await Promise.all([Proxy.start(), Proxy.start()])
  world = await World.start({ conf: { 'ipfs.api_url': ipfs.url, 'evm.url': evm.url } })
  ipfs.target = world.at.ipfs
  evm.target = world.at.evm
})
after(async () => {
  await world?.end()
  await Promise.all([ipfs.stop(), evm.stop()])
})
afterEach(async () => {
  ipfs.rule = evm.rule = () => undefined
  ipfs.seen = []
  evm.seen = []
  await fetch(`${world.at.github}/_control/fault`, { method: 'DELETE' })
  if (worker) await world.retire(worker)
  worker = null
})

// The newest job of a kind, or the one with that key, as the API tells it.
async function job(kind, key) {
  const { items } = await get(world.at, `/v1/jobs?kind=${kind}&limit=10`)
  const found = items.find(j => !key || j.key === key)
  return found ? get(world.at, `/v1/jobs/${found.id}`) : { runs: [] }
}

// It says why on its page: a run with that code.
const reason = (kind, code, key) =>
  eventually(`${kind} says ${code}`, () => job(kind, key), j => j.runs.some(r => r.error_code === code), world.at.wait)

async function nothingPaid(c) {
  assert.equal(await tokenBalance(world.at, c.contributor.address), 0n)
  assert.equal(await world.sql(`select count(*) from ledger.payout where bounty_id = '${c.bounty.id}' and state in ('sending', 'sent', 'paid')`), '0')
}

// Work that waits for its back-off need not wait for it here.
const hurry = () => world.sql('update q.scheduled set run_at = now() where run_at > now()')

// Plays a whole contribution and checks that it was paid once.
async function paidOnce(options) {
  const mark = await world.mark()
  const nonce = await operatorNonce(world)
  const c = await world.play(options)
  await world.quiet()
  const left = await leftBehind(world, c, mark)
  left.odd = []
  await checkInvariants(world, c, left)
  assert.equal(await operatorNonce(world), nonce + 1)
  return c
}

const MERGED = 'merged on GitHub, webhook taken'

for (const [what, fault, code] of [
  ['GitHub answers 502', { status: 502, json: { message: 'Server Error' } }, 'github.server'],
  ['GitHub cuts its JSON short', { truncate: 60 }, 'fetch.cut_short'],
  ['GitHub answers something else than JSON', { status: 200, body: '<html>unicorn</html>' }, 'github.malformed'],
  ['GitHub hangs up', { reset: true }, 'fetch.no_answer'],
])
  test(`${what}: tried again, paid once`, async () => {
    worker = world.worker()
    await paidOnce({ before: {
      [MERGED]: () => github(world.at, 'fault', { match: { path: '/compare/' }, times: 2, ...fault }),
      'merge verified': async () => {
        const { runs, state } = await reason('verify.merge', code)
        assert.ok(['scheduled', 'ready', 'running', 'done'].includes(state), state)
        assert.equal(runs.find(r => r.error_code === code).state, 'failed')
        assert.ok(runs.find(r => r.error_code === code).error.length > 10)
      },
    } })
  })

test('GitHub\'s rate limit is spent: not before its reset, then paid once', async () => {
  worker = world.worker()
  let reset
  await paidOnce({ before: {
    [MERGED]: () => {
      reset = Date.now() + 3000
      return github(world.at, 'rate', { remaining: 0, reset_in: 3 })
    },
    'merge verified': async c => {
      const key = `delivery:${c.merge.merged_delivery}`
      await reason('sync.delivery', 'github.rate_limited', key)
      const { runs } = await eventually('it goes on', () => job('sync.delivery', key), j => j.state === 'done', world.at.wait)
      assert.ok(Date.parse(runs.find(r => r.state === 'done').finished_at) >= reset - 1000, 'it waits for the reset')
    },
  } })
})

test('IPFS names another CID: the proof waits for a person, nothing is paid', async () => {
  worker = world.worker()
  ipfs.rule = ({ path }) => (path.startsWith('/api/v0/add') ? text => text.replace(/bafkrei[a-z2-7]{6}/, m => `${m.slice(0, 8)}aaaaa`) : undefined)
  const c = await world.play({ until: 'proof pinned on IPFS' })
  const j = await reason('prove.proof', 'proof.cid_mismatch')
  assert.equal(ipfs.seen.length, 1)
  assert.equal(j.state, 'parked')
  assert.equal(j.error_code, 'proof.cid_mismatch')
  const s = await get(world.at, `/v1/submissions/${c.submission.id}`)
  assert.equal(s.proof.pinned_at, null)
  assert.deepEqual(s.payouts, [])
  await nothingPaid(c)
})

test('IPFS is out of order: tried again, pinned once, paid once', async () => {
  worker = world.worker()
  let broken = 3
  ipfs.rule = () => (broken-- > 0 ? { status: 500, body: '{"Message":"disk full","Code":0,"Type":"error"}' } : undefined)
  await paidOnce({ before: {
    'proof pinned on IPFS': async () => {
      await reason('prove.proof', 'ipfs.server')
      await hurry()
    },
  } })
})

test('an RPC of another chain is not believed: the deposit stays unconfirmed', async () => {
  evm.rule = ({ rpc }) => (rpc?.method === 'eth_chainId' ? { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id: rpc.id, result: '0x19' }) } : undefined)
  worker = world.worker()
  const c = await world.play({ until: 'deposit confirmed, bounty open' })
  await fund(world.at, c.funder, c.bounty, c.deposit.transactionHash)
  const j = await reason('verify.fund', 'chain.wrong_id')
  assert.equal(j.state, 'parked')
  assert.match(j.error, /25/)
  assert.equal((await get(world.at, `/v1/bounties/${c.bounty.id}`)).state, 'funding')
  await nothingPaid(c)
})

test('an RPC of another chain at the time of paying: parked, nothing is signed or sent', async () => {
  worker = world.worker({}, ['sync', 'verify', 'prove'])
  const nonce = await operatorNonce(world)
  const c = await world.play({ until: 'paid' })
  evm.rule = ({ rpc }) => (rpc?.method === 'eth_chainId' ? { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id: rpc.id, result: '0x19' }) } : undefined)
  const payer = world.worker({}, ['pay'])
  const j = await reason('pay.quote', 'chain.wrong_id')
  assert.equal(j.state, 'parked')
  await nothingPaid(c)
  assert.equal(await world.sql('select count(*) from ledger.tx_intent i join ledger.payout p on p.key = i.key '
    + `where p.bounty_id = '${c.bounty.id}'`), '0')
  assert.equal(await operatorNonce(world), nonce)
  await world.retire(payer)
})

const sends = rpc => rpc?.method === 'eth_sendRawTransaction'

test('the RPC takes the transaction and does not answer: it is found, not sent as another one', async () => {
  worker = world.worker()
  let first = true
  evm.rule = ({ rpc }) => {
    if (!sends(rpc) || !first) return undefined
    first = false
    return 'drop'
  }
  await paidOnce({ before: { paid: async () => {
    await eventually('the send is uncertain', () => job('pay.send'), j => j.runs.some(r => r.error_kind === 'uncertain'), world.at.wait)
  } } })
  assert.equal(evm.seen.length, 1)
})

test('the RPC says that it took the transaction, and lost it: the same bytes go out again', async () => {
  worker = world.worker()
  const raw = []
  evm.rule = ({ rpc }) => {
    if (!sends(rpc)) return undefined
    raw.push(rpc.params[0])
    return raw.length === 1 ? { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id: rpc.id, result: `0x${'ab'.repeat(32)}` }) } : text => text
  }
  await paidOnce()
  assert.equal(raw.length, 2)
  assert.equal(raw[1], raw[0], 'one signature')
})

test('the RPC forgets a receipt for a while: the payout is confirmed later, paid once', async () => {
  worker = world.worker()
  let blind = 2
  evm.rule = ({ rpc }) => (rpc?.method === 'eth_getTransactionReceipt' && blind-- > 0
    ? { status: 200, body: JSON.stringify({ jsonrpc: '2.0', id: rpc.id, result: null }) } : undefined)
  await paidOnce()
})

// A deposit that is not what the bounty asks for is refused with its reason; the bounty can be funded again.
async function refused(code, deposit) {
  worker = world.worker()
  const c = await world.play({ until: 'money locked in the escrow' })
  const hash = (await deposit(c)).transactionHash
  await fund(world.at, c.funder, c.bounty, hash)
  const b = await eventually('the deposit is refused', () => get(world.at, `/v1/bounties/${c.bounty.id}`),
    x => x.contributions.some(d => d.state === 'refused'), world.at.wait)
  assert.equal(b.contributions[0].reason, code)
  assert.equal(b.state, 'draft')
  assert.ok(b.blocker, 'it says who must act next')
  assert.equal((await job('verify.fund')).state, 'done')
  await nothingPaid(c)
  const balance = await world.sql(`select count(*) from ledger.transfer t where t.key like 'deposit:%' and t.meta::text like '%${c.bounty.id}%'`)
  assert.equal(balance, '0')
}

test('a deposit that reverted is refused', () => refused('deposit.reverted', async c => {
  const receipt = await lockDeposit(world.at, c.funder.address, c.bounty, { allowance: 0n })
  assert.equal(receipt.status, '0x0')
  return receipt
}))

test('a deposit of less is refused', () => refused('deposit.amount', c =>
  lockDeposit(world.at, c.funder.address, c.bounty, { amount: BigInt(c.bounty.amount) - 1n })))

test('a transaction that locked nothing is refused', () => refused('deposit.no_lock', c =>
  transact(world.at, c.funder.address, c.contributor.address, '0x')))

test('a deposit for another bounty is refused', () => refused('deposit.no_lock', c =>
  lockDeposit(world.at, c.funder.address, c.bounty, { escrow: { ...c.bounty.escrow, bounty_key: `0x${'00'.repeat(31)}01` } })))

test('money that somebody else locked does not fund a bounty', () => refused('deposit.funder', c =>
  lockDeposit(world.at, world.at.wallets.maintainer.address, c.bounty)))

test('in all of this each payout was released at most once', async () => {
  const keys = (await world.sql(`select '0x' || encode(chain_key, 'hex') from ledger.payout`)).split('\n')
  assert.ok(keys.length > 8)
  for (const key of keys) assert.ok((await releases(world.at, key)).length <= 1)
})
