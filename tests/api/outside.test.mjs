// What our C asks of GitHub, IPFS and the chain, asked of the stand-in, a real IPFS node and a real EVM with the escrow.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { load } from '../peers/load.mjs'
import { startStack } from '../stack/stack.mjs'

const viem = await load('viem')
const { privateKeyToAccount } = await load('viem/accounts')
const PROBE = fileURLToPath(new URL('../../build/tests/outside/probe', import.meta.url))
const sha256 = text => `0x${createHash('sha256').update(text).digest('hex')}`

let stack
let token // file

const probe = async (...words) => {
  const { stdout } = await promisify(execFile)(PROBE, words.map(String))
  return JSON.parse(stdout)
}

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'patchwork-outside-'))
  stack = await startStack({ dir, parts: ['github', 'ipfs', 'evm'] })
  token = join(dir, 'token')
  writeFileSync(token, 't0ken\n', { mode: 0o600 })
})
after(() => stack?.stop({ remove: true }))

describe('GitHub', () => {
  let repo
  let issue
  let pull
  const github = (...words) => probe('github', stack.url('github'), `${stack.url('github')}/graphql`, token, ...words)
  const control = async (verb, body = {}) => {
    const resp = await fetch(`${stack.url('github')}/_control/${verb}`, { method: 'POST', body: JSON.stringify(body) })
    const json = await resp.json()
    assert.equal(resp.status, 200, JSON.stringify(json))
    return json
  }

  before(async () => {
    repo = (await control('repo', { owner: 'ada', name: 'engine' })).repo
    issue = await control('issue', { repo: 'ada/engine', user: 'grace', title: 'It stalls' })
    pull = await control('pull', {
      repo: 'ada/engine', user: 'grace', title: 'Fix it', body: `Fixes #${issue.number}`,
      commits: [{ message: 'one' }, { message: 'two' }],
    })
  })

  test('a repository by its name, by its number and by a name that it had', async () => {
    const byName = await github('repo', 'Ada/Engine')
    assert.equal(byName.id, repo.id)
    assert.equal(byName.full_name, 'ada/engine')
    assert.equal(byName.default_branch, 'main')
    await control('rename', { repo: 'ada/engine', name: 'motor' })
    assert.equal((await github('repo', 'ada/engine')).full_name, 'ada/motor')
    assert.equal((await github('repo_by_id', repo.id)).full_name, 'ada/motor')
    await control('rename', { repo: 'ada/motor', name: 'engine' })
    const nobody = await github('repo_by_id', 1)
    assert.deepEqual([nobody.code, nobody.kind], ['github.not_found', 'invalid'])
  })

  test('evidence is canonical JSON and its hash', async () => {
    const { stdout } = await promisify(execFile)(PROBE,
      ['github', stack.url('github'), `${stack.url('github')}/graphql`, token, 'issue', repo.id, issue.number].map(String))
    const [, bytes, hash] = stdout.match(/"evidence":(\{.*\}),"sha256":"(0x[0-9a-f]{64})"\}$/m)
    assert.equal(hash, sha256(bytes))
    const sorted = value => Array.isArray(value) ? value.map(sorted) : value && typeof value === 'object'
      ? Object.fromEntries(Object.keys(value).sort().map(k => [k, sorted(value[k])])) : value
    assert.equal(bytes, JSON.stringify(sorted(JSON.parse(bytes))))
  })

  test('an open pull request, its commits and what it closes', async () => {
    const p = await github('pull', repo.id, pull.number)
    assert.deepEqual([p.id, p.author_id, p.author_type, p.merged, p.head_sha, p.merged_at],
      [pull.id, pull.user_id, 'User', false, pull.head, 0])
    assert.deepEqual((await github('commits', repo.id, pull.number)).messages, ['one', 'two'])
    assert.deepEqual((await github('closing', 'ada/engine', pull.number)).issues,
      [{ id: issue.id, repo: repo.id, number: issue.number }])
    assert.equal((await github('issue', repo.id, pull.number)).is_pull, true)
    assert.equal((await github('issue', repo.id, issue.number)).state, 'open')
    assert.equal((await github('closer', repo.id, issue.number)).found, false)
  })

  test('a merged one is in the branch, its issue is closed; a forced push takes it out', async () => {
    const merged = await control('merge', { repo: 'ada/engine', number: pull.number, method: 'squash', by: 'ada' })
    const p = await github('pull', repo.id, pull.number)
    assert.equal(p.merged, true)
    assert.equal(p.merge_sha, merged.merge_commit_sha)
    assert.ok(Math.abs(p.merged_at / 1e6 - Date.now() / 1000) < 60)
    const i = await github('issue', repo.id, issue.number)
    assert.deepEqual([i.state, i.state_reason], ['closed', 'completed'])
    assert.equal((await github('reachable', repo.id, p.merge_sha, 'main')).reachable, true)
    await control('force', { repo: 'ada/engine', branch: 'main', to: repo.sha })
    assert.equal((await github('reachable', repo.id, p.merge_sha, 'main')).reachable, false)
  })

  test('more commits than fit a page come whole', async () => {
    const commits = Array.from({ length: 120 }, (_, i) => ({ message: `step ${i}` }))
    const long = await control('pull', { repo: 'ada/engine', user: 'grace', title: 'Long', commits })
    const { messages } = await github('commits', repo.id, long.number)
    assert.deepEqual(messages, commits.map(c => c.message))
  })

  test('a commit that closes an issue is named', async () => {
    const other = await control('issue', { repo: 'ada/engine', user: 'grace', title: 'It leaks' })
    await control('close', { repo: 'ada/engine', number: other.number, by: 'ada', closer: { commit: repo.sha } })
    const closer = await github('closer', repo.id, other.number)
    assert.deepEqual([closer.found, closer.sha], [true, repo.sha])
  })

  test('F11: TLS that fails: nothing was sent, so it is tried again', async () => {
    const failed = await probe('github', stack.url('github').replace('http:', 'https:'), `${stack.url('github')}/graphql`, token, 'repo_by_id', repo.id)
    assert.deepEqual([failed.code, failed.kind], ['fetch.unreachable', 'retry'])
  })

  test('limits and lies', async () => {
    await control('rate', { remaining: 0, reset_in: 100 })
    const limited = await github('repo_by_id', repo.id)
    assert.deepEqual([limited.code, limited.kind], ['github.rate_limited', 'retry'])
    assert.ok(limited.wait > 90 && limited.wait <= 102, limited.wait)
    await control('rate', {})
    await control('fault', { match: { path: `/repositories/${repo.id}` }, patch: { id: 4711 } })
    assert.equal((await github('repo_by_id', repo.id)).code, 'github.mismatch')
    await control('fault', { match: { path: `/repositories/${repo.id}` }, truncate: 40 })
    assert.deepEqual(await github('repo_by_id', repo.id).then(r => [r.code, r.kind]), ['fetch.cut_short', 'retry'])
    await control('fault', { match: { path: '/graphql' }, status: 200, json: { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded' }] } })
    assert.equal((await github('closing', 'ada/engine', pull.number)).code, 'github.rate_limited')
  })
})

describe('IPFS', () => {
  const ipfs = (...words) => probe('ipfs', stack.url('ipfs'), ...words)
  const TEXT = '{"schema":"patchwork.proof.v1","issue":42,"login":"octocat","merged":true}'
  const CID = 'bafkreihhu6otw3dqh2xyml5xe3rvn4ldqqews2zm5tjfooicojmsdcxm5m'

  test('absent, added, pinned, read back', async () => {
    assert.deepEqual(await ipfs('has', CID), { cid: CID, pinned: false })
    assert.deepEqual(await ipfs('add', TEXT), { cid: CID })
    assert.deepEqual(await ipfs('add', TEXT), { cid: CID })
    assert.deepEqual(await ipfs('has', CID), { cid: CID, pinned: true })
    assert.deepEqual(await ipfs('get', CID), { cid: CID, text: TEXT })
  })

  test('a document of 200 kB, and bytes that look like a boundary', async () => {
    const texts = [`--x\r\n\r\n${'é'.repeat(50_000)}`, '\r\n--\r\n--patchwork--\r\n']
    for (const text of texts) {
      const { cid, code } = await ipfs('add', text)
      assert.equal(code, undefined)
      assert.equal((await ipfs('get', cid)).text, text)
    }
  })

  test('what nobody has is not found in time', async () => {
    const r = await ipfs('get', 'bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
    assert.deepEqual([r.code, r.kind], ['ipfs.not_found', 'retry'])
  })
})

describe('the chain', () => {
  const SENT = 0, NONCE_USED = 1, BAD = 5
  const ABSENT = 0, DONE = 3
  const AMOUNT = 5_000_000n
  let client
  let funder
  let key
  const bounty = viem.keccak256('0x01')
  const payout = viem.keccak256('0x02')
  const ask = (...words) => probe('chain', stack.url('evm'), stack.url('evm'), stack.contracts.escrow, key, ...words)
  const payee = () => stack.wallets.contributor.address
  const abi = viem.parseAbi([
    'function approve(address,uint256) returns (bool)', 'function balanceOf(address) view returns (uint256)',
    'function lock(bytes32,address,uint256,uint64)',
  ])

  before(async () => {
    const chain = viem.defineChain({ id: 338, name: 'local', nativeCurrency: { name: 'CRO', symbol: 'CRO', decimals: 18 }, rpcUrls: { default: { http: [stack.url('evm')] } } })
    client = viem.createPublicClient({ chain, transport: viem.http(), pollingInterval: 20 })
    funder = viem.createWalletClient({ account: privateKeyToAccount(stack.wallets.funder.key), chain, transport: viem.http() })
    key = stack.path('secrets/pay-key')
  })

  const send = async (address, functionName, args) => {
    const hash = await funder.writeContract({ address, abi, functionName, args })
    return client.waitForTransactionReceipt({ hash })
  }

  test('a deposit is found in its receipt', async () => {
    const { timestamp } = await client.getBlock()
    await send(stack.contracts.token, 'approve', [stack.contracts.escrow, AMOUNT])
    const r = await send(stack.contracts.escrow, 'lock', [bounty, stack.contracts.token, AMOUNT, timestamp + 3600n])
    const said = await ask('receipt', r.transactionHash, 'locked', bounty)
    assert.equal(said.seen, DONE, JSON.stringify(said))
    assert.equal(BigInt(said.block), r.blockNumber)
    assert.equal(BigInt(said.time), (await client.getBlock({ blockNumber: r.blockNumber })).timestamp)
    assert.deepEqual([said.funder, said.token, said.amount, said.deadline],
      [funder.account.address.toLowerCase(), stack.contracts.token, String(AMOUNT), Number(timestamp + 3600n)])
    assert.equal(said.receipt.transactionHash, r.transactionHash)
    assert.equal((await ask('receipt', r.transactionHash, 'locked', payout)).amount, undefined)
    assert.equal((await ask('receipt', payout, 'locked', bounty)).seen, ABSENT)
  })

  test('a release is quoted, signed, sent, found; the same bytes again are known, other ones revert', async () => {
    assert.equal((await ask('paid', payout)).paid, false)
    assert.equal((await ask('find', payout)).found, false)
    const sent = await ask('release', bounty, payout, payee(), AMOUNT)
    assert.equal(sent.sent, SENT, JSON.stringify(sent))
    const r = await client.waitForTransactionReceipt({ hash: sent.hash })
    assert.equal(r.status, 'success')
    assert.equal(await client.readContract({ address: stack.contracts.token, abi, functionName: 'balanceOf', args: [payee()] }), AMOUNT)
    const said = await ask('receipt', sent.hash, 'released', payout)
    assert.deepEqual([said.seen, said.to, said.amount], [DONE, payee().toLowerCase(), String(AMOUNT)])
    assert.equal((await ask('paid', payout)).paid, true)
    assert.deepEqual(await ask('find', payout), { found: true, hash: sent.hash })
    const again = await ask('resend', sent.raw)
    assert.ok([SENT, NONCE_USED].includes(again.sent), JSON.stringify(again))
    const twice = await ask('release', bounty, payout, payee(), AMOUNT)
    assert.deepEqual([twice.code, twice.kind], ['chain.reverts', 'invalid'])
    assert.match(twice.error, /AlreadyPaid/)
  })

  test('what an EVM says about nonces, bytes and keys that are not right', async () => {
    const { timestamp } = await client.getBlock()
    await send(stack.contracts.token, 'approve', [stack.contracts.escrow, AMOUNT])
    await send(stack.contracts.escrow, 'lock', [bounty, stack.contracts.token, AMOUNT, timestamp + 7200n])
    const used = await ask('release', bounty, viem.keccak256('0x03'), payee(), 1, 0)
    assert.equal(used.sent, NONCE_USED, JSON.stringify(used))
    const bad = await ask('resend', '0x02c0')
    assert.equal(bad.sent, BAD, JSON.stringify(bad))
  })

  test('an escrow that is not there is no escrow', async () => {
    const r = await probe('chain', stack.url('evm'), '', '0x00000000000000000000000000000000000000aa', key, 'paid', payout)
    assert.equal(r.code, 'chain.no_escrow')
  })
})
