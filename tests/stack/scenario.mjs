// One contribution, step by step, over a running stack as var/stack.json describes it. Each step does what a person or a
// service does from outside and returns what it made; each wait asks whoever knows (API, chain, IPFS, NATS) until it is so.
// play() is all of them in order.
import { execFile } from 'node:child_process'
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { rpc } from './evm.mjs'
import { NatsReader } from './nats.mjs'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const contract = name => JSON.parse(readFileSync(join(ROOT, `build/contract/${name}.json`), 'utf8'))

export const AMOUNT = 250_000_000n // 250 test dollars of six decimals
export const CONTRIBUTION_TOPICS = [
  'project.created', 'project.resolved', 'project.verified', 'bounty.created', 'bounty.funding', 'bounty.opened', 'pull.synced',
  'submission.seen', 'submission.verified', 'proof.pinned', 'payout.scheduled', 'payout.sent', 'payout.paid', 'score.added',
]

// What was expected, what came instead, and which part's log may say why.
export class Unmet extends Error {
  constructor(message, { expected, got, part } = {}) {
    super(message)
    Object.assign(this, { expected, got, part })
  }
}

export function expect(what, got, expected, part) {
  if (got === expected) return
  throw new Unmet(`${what} is ${JSON.stringify(String(got))}, not ${JSON.stringify(String(expected))}`, { expected, got, part })
}

// Asks until `done` of the answer is true; `over` names an answer after which it never will be.
export async function eventually(what, ask, done, { patience = 60_000, over, part } = {}) {
  const end = Date.now() + patience
  for (let pause = 15; ; pause = Math.min(pause * 1.3, 200)) {
    const got = await ask()
    if (done(got)) return got
    if (over?.(got)) throw new Unmet(`${what}: it never will be`, { expected: what, got, part })
    if (Date.now() > end) throw new Unmet(`${what}: not within ${patience / 1000} s`, { expected: what, got, part })
    await sleep(pause)
  }
}

// --- the API, as a client sees it ---

// -> { status, body, headers }; the body is parsed when it is JSON
export const call = (at, method, path, options = {}) =>
  (method === 'GET' ? stubbornly(at, () => once(at, method, path, options), r => r.status) : once(at, method, path, options))

async function once(at, method, path, { body, token, key, accept }) {
  const headers = { accept: accept ?? 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (token) headers.authorization = `Bearer ${token}`
  if (key) headers['idempotency-key'] = key
  const resp = await fetch(at.api + path, {
    method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal: AbortSignal.timeout(60_000),
  }).catch(e => { throw new Unmet(`${method} ${path}: no answer from the API (${e.cause?.message ?? e.message})`, { part: 'api' }) })
  const bytes = Buffer.from(await resp.arrayBuffer())
  const json = /json/.test(resp.headers.get('content-type') ?? '')
  return { status: resp.status, headers: resp.headers, bytes, body: json ? JSON.parse(bytes) : bytes }
}

// With at.again (ms), what is answered 5xx or not at all is asked for again that long: a database or an API may be away.
async function stubbornly(at, act, status) {
  const end = Date.now() + (at.again ?? 0)
  for (;;) {
    const got = await act().catch(e => { if (Date.now() > end) throw e })
    if (got && (status(got) < 500 || Date.now() > end)) return got
    await sleep(100)
  }
}

// The body of an answer that must have one of these statuses.
async function ask(at, method, path, statuses, options) {
  const { status, body } = await call(at, method, path, options)
  if (!statuses.includes(status))
    throw new Unmet(`${method} ${path} answered ${status} ${body?.code ?? ''} ${body?.detail ?? ''}`.trim(),
      { expected: `status ${statuses.join(' or ')}`, got: body, part: 'api' })
  return body
}

export const get = (at, path) => ask(at, 'GET', path, [200])
const post = (at, path, statuses, options) => ask(at, 'POST', path, statuses, options)

// --- people ---

// An account that the node has unlocked signs as a browser's wallet does.
export const nodeWallet = (at, name) => ({
  address: at.wallets[name].address,
  sign: text => rpc(at.evm, 'personal_sign', [`0x${Buffer.from(text).toString('hex')}`, at.wallets[name].address]),
})

// wallet: { address, sign(text) } -> { token, person_id, address }
export async function login(at, wallet) {
  const { message } = await post(at, '/v1/auth/challenge', [201], {
    body: { address: wallet.address, chain_id: Number(await rpc(at.evm, 'eth_chainId')) },
  })
  const session = await post(at, '/v1/auth/verify', [200], { body: { message, signature: await wallet.sign(message) } })
  const me = await ask(at, 'GET', '/v1/me', [200], { token: session.token })
  expect('the person of the session', me.person_id, session.person_id, 'api')
  expect('the wallet of the session', me.wallets[0].address.toLowerCase(), wallet.address.toLowerCase(), 'api')
  return { ...session, address: wallet.address }
}

// As an operator links an account; people link their own by OAuth (tests/api/link.test.mjs).
export async function linkAccount(at, wallet, user) {
  const env = {
    ...process.env, PATCHWORK_DB_URL: at.databases.patchwork_owner.replace(/:[^:@/]+@/, '@'),
    PATCHWORK_DB_PASSWORD_FILE: join(at.dir, 'secrets/database-patchwork_owner'),
  }
  await promisify(execFile)(at.program ?? join(ROOT, 'build/patchwork'), ['--config', join(at.dir, 'patchwork.conf'), 'account', 'link',
    '--address', wallet.address, '--github-id', String(user.id), '--login', user.login], { env })
  return user
}

// --- GitHub ---

export async function github(at, verb, body = {}) {
  const resp = await fetch(`${at.github}/_control/${verb}`, { method: 'POST', body: JSON.stringify(body) })
  const answer = await resp.json()
  if (!resp.ok) throw new Unmet(`the GitHub stand-in refuses ${verb}: ${answer.error}`, { part: 'github' })
  return answer
}

// A signed webhook, from GitHub to the API -> its delivery id. One that had to be sent again may be known already.
export async function deliver(at, event, action, repo, number, more = {}) {
  const delivery = more.delivery ?? randomUUID()
  let times = 0
  const sent = await stubbornly(at, () => github(at, 'deliver', {
    url: `${at.api}/v1/webhooks/github`, secret: at.webhook_secret, event, action, repo, number, delivery, ...more, times: ++times,
  }), r => r.status)
  const wanted = event === 'ping' ? 200 : 202
  if (sent.status === wanted || (sent.status === 200 && times > 1)) at.acked?.push(delivery)
  else
    throw new Unmet(`the webhook ${event} was answered ${sent.status}: ${sent.body}`, { expected: wanted, got: sent.status, part: 'api' })
  return delivery
}

// --- projects and bounties ---

export async function createProject(at, session, fullName) {
  const made = await post(at, '/v1/projects', [201], { token: session.token, body: { full_name: fullName } })
  return eventually('GitHub has told the repository\'s id', () => get(at, `/v1/projects/${made.id}`), p => p.repo_id !== null, { part: 'work', ...at.wait })
}

export async function verifyProject(at, project) {
  const ping = await deliver(at, 'ping', null, project.full_name)
  const verified = await eventually('the signed ping verified the project', () => get(at, `/v1/projects/${project.id}`),
    p => p.state === 'verified', { part: 'work', ...at.wait })
  return { ...verified, ping }
}

// Sent twice with one Idempotency-Key: one bounty.
export async function createBounty(at, session, project, issue, amount, title) {
  const request = {
    token: session.token, key: randomUUID(),
    body: {
      project_id: project.id, issue_number: issue.number, chain_id: Number(await rpc(at.evm, 'eth_chainId')),
      token: at.contracts.token, amount: String(amount), title,
    },
  }
  const bounty = await post(at, '/v1/bounties', [201], request)
  const again = await post(at, '/v1/bounties', [200, 201], request)
  expect('the bounty of the repeated request', again.id, bounty.id, 'api')
  expect('the state of a new bounty', bounty.state, 'draft', 'api')
  return bounty
}

const word = value => BigInt(value).toString(16).padStart(64, '0')

// The node gives an account's transactions their nonces as they arrive: two at once may get the same one.
const sent = new Map()
function inTurn(account, send) {
  const mine = (sent.get(account) ?? Promise.resolve()).catch(() => {}).then(send)
  sent.set(account, mine)
  return mine
}

// A transaction of an account that the node has unlocked; its receipt. Reverted ones are receipts, too.
export async function transact(at, from, to, data) {
  const hash = await inTurn(`${at.evm} ${from}`, () => rpc(at.evm, 'eth_sendTransaction', [{ from, to, data, gas: '0x7a120' }]))
  return eventually(`transaction ${hash} is in a block`, () => rpc(at.evm, 'eth_getTransactionReceipt', [hash]), Boolean, { part: 'evm' })
}

// The funder's wallet allows the escrow its money and locks it -> the receipt of the lock
export async function lockDeposit(at, from, bounty, { amount = bounty.escrow.amount, allowance = amount, escrow = bounty.escrow } = {}) {
  const { selectors: token } = contract('Token')
  const { selectors } = contract('Escrow')
  const known = bounty.escrow.lock_until ?? Date.parse(bounty.deadline_at) + 30 * 86_400_000 // releases before did not say it
  const until = Math.ceil(new Date(known) / 1000)
  await transact(at, from, escrow.token, token['approve(address,uint256)'] + word(escrow.address) + word(allowance))
  return transact(at, from, escrow.address, selectors['lock(bytes32,address,uint256,uint64)'] +
    word(escrow.bounty_key) + word(escrow.token) + word(amount) + word(until))
}

export const fund = (at, session, bounty, hash) =>
  post(at, `/v1/bounties/${bounty.id}/fund`, [202], { token: session.token, body: { tx_hash: hash } })

export const bountyState = (at, bounty, state, over) =>
  eventually(`the bounty is ${state}`, () => get(at, `/v1/bounties/${bounty.id}`), b => b.state === state, { part: 'work', over, ...at.wait })

// --- the work, and what Patchwork makes of it ---

export const openPull = (at, repo, user, issue) => github(at, 'pull', {
  repo, user: user.login, title: 'Round half to even', body: `Fixes #${issue.number}`,
  commits: [{ message: 'Round half to even', files: { 'src/round.c': 'double rounded(double x)\n{\n\treturn nearbyint(x);\n}\n' } }],
})

export async function submissionOf(at, bounty, pull) {
  const of = b => b.submissions.find(s => s.pull_number === pull.number)
  return of(await eventually('the pull request is a submission', () => get(at, `/v1/bounties/${bounty.id}`), of, { part: 'work', ...at.wait }))
}

// GitHub merges, which closes the issue, and tells both.
export async function mergePull(at, repo, pull, issue) {
  const merged = await github(at, 'merge', { repo, number: pull.number, method: 'squash' })
  return {
    ...merged, merged_delivery: await deliver(at, 'pull_request', 'closed', repo, pull.number),
    closed_delivery: await deliver(at, 'issues', 'closed', repo, issue.number),
  }
}

const stuck = s => ['rejected', 'review', 'lost'].includes(s.state)
export const submission = (at, id) => get(at, `/v1/submissions/${id}`)

export const verified = (at, id) => eventually('the merge is verified', () => submission(at, id), s => s.verdict?.result === 'pass',
  { over: stuck, part: 'work', ...at.wait })

export const proved = (at, id) => eventually('the proof is pinned', () => submission(at, id), s => Boolean(s.proof?.pinned_at),
  { over: stuck, part: 'work', ...at.wait })

export async function paid(at, id) {
  const s = await eventually('there is a payout', () => submission(at, id), x => x.payouts.length > 0, { over: stuck, part: 'work', ...at.wait })
  return eventually('the payout is paid', () => get(at, `/v1/payouts/${s.payouts[0].id}`), p => p.state === 'paid',
    { over: p => p.state === 'held', part: 'work', ...at.wait })
}

// --- what the outside says of it ---

export async function tokenBalance(at, address, token = at.contracts.token) {
  const data = contract('Token').selectors['balanceOf(address)'] + word(address)
  return BigInt(await rpc(at.evm, 'eth_call', [{ to: token, data }, 'latest']))
}

const topic = (at, signature) => rpc(at.evm, 'web3_sha3', [`0x${Buffer.from(signature).toString('hex')}`])

// Every release of the escrow for that payout -> [{ transactionHash, to, amount, blockNumber }]
export async function releases(at, payoutKey) {
  const signature = await topic(at, 'Released(bytes32,bytes32,address,uint256)')
  const logs = await rpc(at.evm, 'eth_getLogs', [{
    address: at.contracts.escrow, fromBlock: '0x0', toBlock: 'latest', topics: [signature, null, payoutKey],
  }])
  return logs.map(l => ({
    transactionHash: l.transactionHash, to: `0x${l.topics[3].slice(26)}`, amount: BigInt(l.data), blockNumber: Number(l.blockNumber),
  }))
}

// Every time the escrow gave that bounty's money back -> [{ transactionHash, to, amount }]
export async function refunds(at, bountyKey) {
  const signature = await topic(at, 'Refunded(bytes32,address,uint256)')
  const logs = await rpc(at.evm, 'eth_getLogs', [{
    address: at.contracts.escrow, fromBlock: '0x0', toBlock: 'latest', topics: [signature, bountyKey],
  }])
  return logs.map(l => ({ transactionHash: l.transactionHash, to: `0x${l.topics[2].slice(26)}`, amount: BigInt(l.data) }))
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

// CIDv1, raw codec, sha2-256, in base32
export function cidOf(bytes) {
  const raw = Buffer.concat([Buffer.from([1, 0x55, 0x12, 0x20]), createHash('sha256').update(bytes).digest()])
  const bits = [...raw].map(b => b.toString(2).padStart(8, '0')).join('')
  return `b${bits.match(/.{1,5}/g).map(b => BASE32[parseInt(b.padEnd(5, '0'), 2)]).join('')}`
}

const ipfs = async (at, path) => {
  const resp = await fetch(`${at.ipfs}/api/v0/${path}`, { method: 'POST', signal: AbortSignal.timeout(60_000) })
  if (!resp.ok) throw new Unmet(`IPFS answered ${resp.status} to ${path}`, { expected: 200, got: await resp.text(), part: 'ipfs' })
  return Buffer.from(await resp.arrayBuffer())
}

// The block as IPFS has it, pinned, with the content that its name promises.
export async function pinnedBlock(at, cid) {
  const pins = JSON.parse(await ipfs(at, `pin/ls?arg=${cid}&cid-base=base32`))
  expect('the pin', Object.keys(pins.Keys ?? {})[0], cid, 'ipfs')
  const bytes = await ipfs(at, `block/get?arg=${cid}`)
  expect('the address of the block from IPFS', cidOf(bytes), cid, 'ipfs')
  return bytes
}

// The proof's envelope as `patchwork proof verify` reads it, saved to file; its payload is the block that IPFS has.
export async function saveProof(at, cid, file) {
  const { status, bytes } = await call(at, 'GET', `/v1/proofs/${cid}`, { accept: 'application/vnd.dsse.envelope.v1+json' })
  expect(`the status of GET /v1/proofs/${cid}`, status, 200, 'api')
  const envelope = JSON.parse(bytes)
  const payload = Buffer.from(envelope.payload, 'base64')
  const block = await pinnedBlock(at, cid)
  expect('the payload of the envelope beside the block from IPFS', payload.equals(block), true, 'ipfs')
  const served = await call(at, 'GET', `/ipfs/${cid}`)
  expect('the block that the API serves beside the one from IPFS', served.bytes.equals(block), true, 'api')
  if (file) writeFileSync(file, bytes)
  return { cid, file, envelope, statement: JSON.parse(payload) }
}

// On chain: one release, to the contributor, of exactly the amount, in the transaction that the payout names.
export async function checkChain(at, payout, wallet, before) {
  const found = await releases(at, payout.chain_key)
  expect('the number of releases for the payout', found.length, 1, 'evm')
  expect('the transaction of the release', found[0].transactionHash, payout.tx_hash, 'evm')
  expect('the payee on chain', found[0].to, wallet.address.toLowerCase(), 'evm')
  expect('the amount on chain', found[0].amount, BigInt(payout.amount), 'evm')
  const grown = await tokenBalance(at, wallet.address) - before
  expect('what the contributor\'s balance grew by', grown, BigInt(payout.amount), 'evm')
  return found[0]
}

export async function boardRow(at, project, personId) {
  const board = `/v1/leaderboard?project_id=${project.id}`
  const row = page => page.items.find(r => r.person_id === personId)
  return row(await eventually('the contributor is on the leaderboard', () => get(at, board), row, { part: 'work', ...at.wait }))
}

// Events of the project on NATS, in the order of the stream, once all of those topics are there.
export async function projectEvents(at, project, topics = CONTRIBUTION_TOPICS, patience = 60_000) {
  const reader = await NatsReader.open(at.nats)
  try {
    const events = []
    const missing = () => topics.filter(t => !events.some(e => e.type === `patchwork.${t}.v1`))
    const end = Date.now() + patience
    const subject = `${await reader.prefix('PW_EVENTS', end)}${project.id}.>`
    for await (const message of reader.stream('PW_EVENTS', subject, end)) {
      const event = JSON.parse(message.data)
      expect('the message id of an event', message.headers['Nats-Msg-Id'], event.id, 'relay')
      events.push({ ...event, nats_subject: message.subject })
      if (!missing().length) return events
    }
    throw new Unmet(`not on NATS within ${patience / 1000} s: ${missing().join(', ')}`, { expected: topics, got: events.map(e => e.type), part: 'relay' })
  } finally {
    reader.close()
  }
}

// --- all of it ---

const plain = (name, act) => act()
const HALT = new Error('as far as it was to be played')

// step(name, act, text) runs act and shows it; text makes a line of what act returned.
// before[name] is awaited before that step: a test's chance to break something. until names a step that is not played any more.
//   people      { maintainer, funder, contributor }: wallets { address, sign }        account  the contributor on GitHub
//   proofFile   where the proof is saved                  events   false: nothing is asked of NATS
export async function play(at, options = {}) {
  const c = { tag: randomBytes(3).toString('hex') }
  const step = async (name, act, text) => {
    if (name === options.until) throw HALT
    await options.before?.[name]?.(c)
    return (options.step ?? plain)(name, act, text)
  }
  await playSteps(at, c, step, options).catch(e => {
    if (e !== HALT) throw e
  })
  return c
}

async function playSteps(at, c, step, options) {
  const { amount = AMOUNT, allowance = amount, proofFile, events = true } = options
  const people = { ...Object.fromEntries(['maintainer', 'funder', 'contributor'].map(n => [n, nodeWallet(at, n)])), ...options.people }
  const user = options.account ?? { login: 'ada', id: 1815_1210 }
  const repo = `northwind/forecast-${c.tag}`
  c.account = user

  await step('wallets log in', async () => {
    for (const name of ['maintainer', 'funder', 'contributor']) c[name] = await login(at, people[name])
    return c
  }, () => 'maintainer, funder and contributor signed what the server handed out')
  await step('GitHub account linked', async () => {
    await github(at, 'user', { ...user, name: 'Ada' })
    return linkAccount(at, people.contributor, user)
  }, u => `${u.login}, id ${u.id}`)
  c.project = await step('project registered', async () => {
    const [owner, name] = repo.split('/')
    await github(at, 'repo', { owner, name })
    c.issue = await github(at, 'issue', { repo, user: owner, title: 'Halves are rounded away from zero' })
    return createProject(at, c.maintainer, repo)
  }, p => `${p.full_name}, repository ${p.repo_id}`)
  c.project = await step('project verified', () => verifyProject(at, c.project), () => 'by a signed ping from GitHub')
  c.bounty = await step('bounty created', () => createBounty(at, c.funder, c.project, c.issue, amount, 'Rounding'),
    b => `${b.id} on issue #${c.issue.number}`)
  c.deposit = await step('money locked in the escrow', async () => {
    const receipt = await lockDeposit(at, people.funder.address, c.bounty, { allowance })
    expect('the status of the deposit', receipt.status, '0x1', 'evm')
    return receipt
  }, r => r.transactionHash)
  await step('deposit confirmed, bounty open', async () => {
    c.funding = await fund(at, c.funder, c.bounty, c.deposit.transactionHash)
    return bountyState(at, c.bounty, 'open', b => b.state === 'draft' && b.contributions.some(x => x.state === 'refused'))
  }, b => `${b.contributions[0].state} on chain`)
  c.pull = await step('pull request opened', async () => {
    const pull = await openPull(at, repo, user, c.issue)
    return { ...pull, opened_delivery: await deliver(at, 'pull_request', 'opened', repo, pull.number) }
  }, p => `${repo}#${p.number} by ${user.login}`)
  c.submission = await step('pull request is a submission', () => submissionOf(at, c.bounty, c.pull), s => s.id)
  c.balance = await tokenBalance(at, people.contributor.address)
  c.merge = await step('merged on GitHub, webhook taken', () => {
    c.merged_at = performance.now()
    return mergePull(at, repo, c.pull, c.issue)
  }, m => `commit ${m.merge_commit_sha.slice(0, 12)}`)
  await step('merge verified', () => verified(at, c.submission.id), ({ verdict: { checks } }) => {
    const passed = checks.filter(x => x.result === 'pass').length
    const flags = checks.filter(x => x.result === 'flag').map(x => `${x.id}, ${x.detail ?? x.code}`)
    return `${count(passed, 'check')} passed${flags.length ? `; flagged, which is told and stops nothing: ${flags.join('; ')}` : ''}`
  })
  c.proof = await step('proof pinned on IPFS', async () => {
    const { proof } = await proved(at, c.submission.id)
    return saveProof(at, proof.cid, proofFile)
  }, p => p.cid)
  c.payout = await step('paid', async () => {
    const payout = await paid(at, c.submission.id)
    c.paid_after = performance.now() - c.merged_at
    c.release = await checkChain(at, payout, people.contributor, c.balance)
    await bountyState(at, c.bounty, 'paid')
    return payout
  }, p => `${formatAmount(p.amount, p.asset.decimals)} ${p.asset.symbol} to ${p.payee}, ${p.tx_hash.slice(0, 18)}...`)
  c.score = await step('score on the leaderboard', () => boardRow(at, c.project, c.contributor.person_id),
    r => `${r.login ?? r.person_id}: ${count(r.points_micro / 1e6, 'point')}, rank ${r.rank}`)
  c.lineage = await step('lineage told by the API', () => lineage(at, c), l => `${count(l.deliveries.length, 'delivery', 'deliveries')}, ${count(l.jobs.length, 'job')}`)
  if (events)
    c.events = await step('events on NATS', () => projectEvents(at, c.project), e => `${count(e.length, 'event')}, ${count(new Set(e.map(x => x.type)).size, 'kind')}`)
}

export const formatAmount = (amount, decimals) => {
  const digits = String(amount).padStart(decimals + 1, '0')
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`.replace(/\.?0+$/, '')
}

// 1 point, 2 points
export const count = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`

// Everything that belongs to the contribution, once every job of it is done.
export async function lineage(at, c) {
  const l = await eventually('every job of the contribution is done', () => get(at, `/v1/lineage/submission/${c.submission.id}`),
    x => x.jobs.length > 0 && x.jobs.every(j => j.state === 'done'), { part: 'work', ...at.wait })
  expect('the payout of the lineage', l.payouts[0]?.tx_hash, c.payout.tx_hash, 'api')
  expect('the proof of the lineage', l.proofs[0]?.cid, c.proof.cid, 'api')
  const [opened, merged] = [c.pull.opened_delivery, c.merge.merged_delivery]
  expect('the deliveries of the lineage from the opening to the merge', l.deliveries.map(d => d.guid).filter(g => [opened, merged].includes(g)).join(),
    [opened, merged].join(), 'api')
  expect('the jobs of both', [opened, merged].every(g => l.jobs.some(j => j.key === `delivery:${g}`)), true, 'api')
  expect('the scores of the lineage', l.scores.length, 1, 'api')
  return l
}
