// Wallets that are contracts sign in (A3), sign afresh for what moves money (A12) and link, to a person (A10) or to a project (P8). The API
// asks no node: a job does, and the client asks for its answer.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { rpc } from '../stack/evm.mjs'
import { command } from '../stack/parts.mjs'
import { alive, launch, stop, until } from '../stack/proc.mjs'
import { ended, faultPoints } from '../replay/points.mjs'
import { CHAIN, startApi } from './api.mjs'

const viem = require('viem')
const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const built = name => JSON.parse(readFileSync(new URL(`../../build/contract/${name}.json`, import.meta.url)))
const MAGIC = `0x1626ba7e${'00'.repeat(28)}`
const PHASES = faultPoints().kinds['verify.wallet']

const owner = privateKeyToAccount(generatePrivateKey())
let api, node, deployer, factory
const workers = []
before(async () => {
  api = await startApi({
    parts: ['postgres', 'redis', 'evm', 'api'], conf: { 'worker.lease': '1s', 'worker.poll': '250ms' }, chain: false,
  })
  node = api.stack.url('evm')
  const chain = viem.defineChain({ id: CHAIN, name: 'local', nativeCurrency: { name: 'CRO', symbol: 'CRO', decimals: 18 }, rpcUrls: { default: { http: [node] } } })
  const transport = viem.http(node, { retryCount: 0 })
  deployer = viem.createWalletClient({ account: privateKeyToAccount(api.stack.wallets.deployer.key), chain, transport }).extend(viem.publicActions)
  factory = await deploy('WalletFactory', [])
})
after(async () => {
  for (const w of workers) await stop(w)
  await api?.stop()
})

async function deploy(name, args) {
  const { abi, bytecode } = built(name)
  const hash = await deployer.deployContract({ abi, bytecode, args })
  return (await deployer.waitForTransactionReceipt({ hash, pollingInterval: 20 })).contractAddress
}
let serial = 0
function worker(env = {}) {
  const w = launch({
    argv: command(api.stack, 'work', 'verify'), env: { ...api.stack.as('patchwork_worker'), ...env }, log: api.stack.log('work'),
    pidFile: api.stack.pidFile(`work-${++serial}`), tied: 'SIGKILL',
  })
  workers.push(w)
  return w
}

const code = a => [a.status, a.body.code]
const challenge = async address => (await api.post('/v1/auth/challenge', { address, chain_id: CHAIN })).body.message
const send = (message, signature) => api.post('/v1/auth/contract', { message, signature })
const poll = ({ id, secret }) => api.post(`/v1/auth/checks/${id}`, { secret })
async function begin(address, signature) {
  const message = await challenge(address)
  const answer = await send(message, typeof signature === 'function' ? await signature(message) : signature)
  assert.equal(answer.status, 202, answer.text)
  return answer.body
}
const signed = message => owner.signMessage({ message })
const answered = started => until('the chain was asked', async () => {
  const a = await poll(started)
  return a.status === 202 ? false : a
})
const row = id => api.sql(`select state || ' ' || coalesce(reason, '-') || ' ' || coalesce(block_number::text, '-') from core.wallet_check where id = '${id}'`)

test('A3: the code that asks for wallets that are not deployed is what its source compiles to', () => {
  const text = readFileSync(new URL('../../pipeline/outside/signature_code.h', import.meta.url), 'utf8')
  assert.equal([...text.matchAll(/^\t"([0-9a-fx]+)"/gm)].map(m => m[1]).join(''), built('Signature').bytecode)
})

test('A3: 202 without asking any node: the node is away, and so is every worker', async () => {
  const wallet = await deploy('Wallet', [owner.address])
  await api.stack.kill('evm', 'SIGSTOP')
  try {
    const message = await challenge(wallet)
    const answer = await send(message, await signed(message))
    assert.equal(answer.status, 202, answer.text)
    const { id, secret, state, status_url: url } = answer.body
    assert.deepEqual([state, url], ['pending', `/v1/auth/checks/${id}`])
    assert.match(secret, /^pws_[A-Za-z0-9_-]{43}$/)
    const seen = await poll({ id, secret })
    assert.deepEqual([seen.status, seen.body], [202, { state: 'pending' }])
    assert.equal(await api.sql(`select kind from q.job where key = 'wallet:${id}'`), 'verify.wallet')
    assert.deepEqual(code(await send(message, await signed(message))), [401, 'auth.nonce_used'], 'the challenge is spent')
    assert.deepEqual(code(await poll({ id, secret: `${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}` })), [404, 'auth.check_unknown'])
    assert.deepEqual(code(await poll({ id: '00000000-0000-7000-8000-000000000000', secret })), [404, 'auth.check_unknown'])
    assert.deepEqual(code(await poll({ id: 'x', secret })), [404, 'auth.not_found'])
    assert.equal(await api.sql(`select count(*) from core.wallet_check where encode(secret_sha256, 'hex') = encode(sha256('${secret}'), 'hex')`), '1')
  } finally {
    await api.stack.kill('evm', 'SIGCONT')
  }
})

test('A3: the session appears once the chain was asked, once; it is that contract\'s person', async () => {
  worker()
  const wallet = await deploy('Wallet', [owner.address])
  const started = await begin(wallet, signed)
  const answer = await answered(started)
  assert.equal(answer.status, 200, answer.text)
  assert.equal(answer.body.address, viem.getAddress(wallet))
  const me = await api.get('/v1/me', { token: answer.body.token })
  assert.deepEqual([me.status, me.body.wallets[0].caip10], [200, `eip155:${CHAIN}:${viem.getAddress(wallet)}`])
  assert.deepEqual(code(await poll(started)), [401, 'auth.nonce_used'])
  assert.equal((await api.post('/v1/auth/refresh', { refresh_token: answer.body.refresh_token })).status, 200)
  const [state, reason, block] = (await row(started.id)).split(' ')
  assert.deepEqual([state, reason], ['accepted', '-'])
  assert.equal(await api.sql(`select '0x' || encode(block_hash, 'hex') from core.wallet_check where id = '${started.id}'`),
    (await rpc(node, 'eth_getBlockByNumber', [`0x${Number(block).toString(16)}`, false])).hash)
  const again = await answered(await begin(wallet, signed))
  assert.equal(again.body.person_id, answer.body.person_id)
  assert.equal(await api.sql(`select contract from core.wallet where person_id = '${answer.body.person_id}'`), 't')
})

test('A3: a wallet that is not deployed yet signs wrapped by EIP-6492, and stays undeployed', async () => {
  const salt = viem.keccak256('0x01')
  const { abi } = built('WalletFactory')
  const [make, foreseen] = ['make', 'foreseen'].map(functionName => viem.encodeFunctionData({ abi, functionName, args: [owner.address, salt] }))
  const { data } = await deployer.call({ to: factory, data: foreseen })
  const wallet = viem.getAddress(viem.slice(data, 12))
  const wrapped = async (message, by = signed, to = factory, call = make) =>
    viem.serializeErc6492Signature({ address: to, data: call, signature: await by(message) })
  const answer = await answered(await begin(wallet, wrapped))
  assert.deepEqual([answer.status, answer.body.address], [200, wallet], answer.text)
  assert.equal(await rpc(node, 'eth_getCode', [wallet, 'latest']), '0x')
  const refused = async (signature, expected = 'auth.signature') => assert.deepEqual(code(await answered(await begin(wallet, signature))), [401, expected])
  await refused(m => wrapped(m, () => privateKeyToAccount(generatePrivateKey()).signMessage({ message: m })))
  await refused(m => wrapped(m, signed, wallet))
  await refused(m => wrapped(m, signed, factory, '0x'))
  await refused(signed, 'auth.no_contract')
  await refused(`0x${'00'.repeat(40)}${'6492'.repeat(16)}`)
  const { abi: own } = built('WalletFactory')
  const hash = await deployer.writeContract({ address: factory, abi: own, functionName: 'make', args: [owner.address, salt] })
  await deployer.waitForTransactionReceipt({ hash, pollingInterval: 20 })
  assert.equal((await answered(await begin(wallet, wrapped))).body.person_id, answer.body.person_id, 'wrapped, although it is deployed now')
  assert.equal((await answered(await begin(wallet, signed))).body.person_id, answer.body.person_id)
})

test('A3: anything but the magic word is refused', async () => {
  for (const [what, answer, reverts = false] of [
    ['zeros', `0x${'00'.repeat(32)}`], ['true', `0x${'00'.repeat(31)}01`], ['0xffffffff', `0xffffffff${'00'.repeat(28)}`],
    ['the word on the right', `0x${'00'.repeat(28)}1626ba7e`], ['four bytes alone', '0x1626ba7e'], ['a word more', `${MAGIC}${'00'.repeat(32)}`],
    ['something after it', `0x1626ba7e${'00'.repeat(27)}01`], ['nothing', '0x'], ['a revert', MAGIC, true],
  ]) {
    const wallet = await deploy('OddWallet', [answer, reverts])
    const started = await begin(wallet, '0x1234')
    assert.deepEqual(code(await answered(started)), [401, 'auth.signature'], what)
    assert.match(await row(started.id), /^refused auth\.signature \d+$/)
  }
  const fine = await deploy('OddWallet', [MAGIC, false])
  assert.equal((await answered(await begin(fine, '0x1234'))).status, 200, 'the test\'s own contract could pass')
  const right = await deploy('Wallet', [owner.address])
  assert.deepEqual(code(await answered(await begin(right, message => privateKeyToAccount(generatePrivateKey()).signMessage({ message })))), [401, 'auth.signature'])
  assert.deepEqual(code(await answered(await begin(right, () => signed('another text')))), [401, 'auth.signature'])
  assert.deepEqual(code(await answered(await begin(owner.address, signed))), [401, 'auth.no_contract'])
})

test('A2, A3: an account that has delegated itself (EIP-7702) signs in with its key as before, or as the code says that it chose, and by nobody else', async () => {
  worker()
  const account = privateKeyToAccount(generatePrivateKey())
  const designator = `0xef0100${(await deploy('Wallet', [owner.address])).slice(2)}`
  await rpc(node, 'anvil_setCode', [account.address, designator])
  assert.equal(await rpc(node, 'eth_getCode', [account.address, 'latest']), designator.toLowerCase())
  const { token, person_id: person } = await api.signIn(account)
  assert.equal((await api.get('/v1/me', { token })).body.wallets[0].caip10, `eip155:${CHAIN}:${account.address}`)
  const message = await challenge(account.address)
  assert.equal((await api.post('/v1/auth/verify', { message, signature: await owner.signMessage({ message }) })).status, 401)
  const byCode = await answered(await begin(account.address, signed))
  assert.deepEqual([byCode.status, byCode.body.address, byCode.body.person_id], [200, account.address, person])
  const stranger = privateKeyToAccount(generatePrivateKey())
  assert.equal((await answered(await begin(account.address, message => stranger.signMessage({ message })))).status, 401)
  await rpc(node, 'anvil_setCode', [account.address, '0x'])
  assert.equal((await answered(await begin(account.address, signed))).status, 401, 'it took the delegation back')
  assert.equal((await api.signIn(account)).person_id, person)
})

test('A3: what is refused before any job is made', async () => {
  const wallet = await deploy('Wallet', [owner.address])
  const jobs = await api.rows('q.job')
  const message = await challenge(wallet)
  for (const [m, s, ...expected] of [
    [message, 'zz00', 422, 'auth.signature_format'], [message, '0x123', 422, 'auth.signature_format'], [message, '0x', 422, 'json.range'],
    [message, `0x${'00'.repeat(8193)}`, 422, 'json.range'], ['hello', '0x12', 400, 'auth.message_malformed'],
    [message.replace(/Nonce: .*/, 'Nonce: abcdefgh12345678'), '0x12', 401, 'auth.nonce_unknown'],
    [message.replace('Sign in', 'Sign up'), '0x12', 401, 'auth.message_changed'], [message.replace(`Chain ID: ${CHAIN}`, 'Chain ID: 1'), '0x12', 401, 'auth.chain'],
  ]) assert.deepEqual(code(await send(m, s)), expected)
  await api.sql(`update core.auth_nonce set expires_at = now() where message = $$${message}$$`)
  assert.deepEqual(code(await send(message, '0x12')), [401, 'auth.expired'])
  assert.equal(await api.rows('q.job'), jobs)
})

test('A3: an answer that nobody asked for in time opens nothing; a suspended person stays out', async () => {
  const wallet = await deploy('Wallet', [owner.address])
  const late = await begin(wallet, signed)
  await until('decided', async () => (await row(late.id)).startsWith('accepted'))
  await api.sql(`update core.wallet_check set expires_at = now() where id = '${late.id}'`)
  assert.deepEqual(code(await poll(late)), [401, 'auth.expired'])
  const { body } = await answered(await begin(wallet, signed))
  await api.sql(`update core.person set status = 'suspended' where id = '${body.person_id}'`)
  assert.deepEqual(code(await answered(await begin(wallet, signed))), [403, 'auth.suspended'])
})

const text = async (me, action, object, chain = CHAIN) => (await api.post('/v1/auth/step-up',
  { action, object_id: object, address: me.address, chain: `eip155:${chain}` }, { token: me.token })).body.message
const hand = (me, message, signature) => api.post('/v1/auth/step-up/contract', { message, signature }, { token: me.token })
const seen = (me, id) => api.get(`/v1/auth/checks/${id}`, { token: me.token })
const decided = (me, id) => until('the chain was asked', async () => {
  const a = await seen(me, id)
  return a.status === 202 ? false : a
})
const someone = async wallet => {
  const { body } = await answered(await begin(wallet, signed))
  return { ...body, wallet: await api.sql(`select id from core.wallet where person_id = '${body.person_id}'`) }
}
const payOut = me => api.ask('POST', `/v1/wallets/${me.wallet}/payout`, { token: me.token })
const bySome = async (me, message, by = signed) => (await hand(me, message, await by(message))).body.id

test('A12: a contract wallet\'s session has a fresh signature once the chain was asked, for that action and object, five minutes from when it came', async () => {
  const me = await someone(await deploy('Wallet', [owner.address]))
  assert.deepEqual(code(await payOut(me)), [403, 'auth.step_up_required'])
  const message = await text(me, 'wallet.payout', me.wallet)
  await api.stack.kill('evm', 'SIGSTOP')
  let begun
  try {
    begun = await hand(me, message, await signed(message))
    assert.deepEqual([begun.status, begun.body.state, begun.body.status_url], [202, 'pending', `/v1/auth/checks/${begun.body.id}`], begun.text)
    const waiting = await seen(me, begun.body.id)
    assert.deepEqual([waiting.status, waiting.body.state], [202, 'pending'], waiting.text)
    assert.deepEqual(code(await payOut(me)), [403, 'auth.step_up_required'], 'not before the chain was asked')
    assert.deepEqual((await hand(me, message, await signed(message))).body, begun.body, 'the same again is the same')
    assert.deepEqual(code(await hand(me, message, '0x1234')), [401, 'auth.nonce_used'])
    assert.equal((await api.post('/v1/auth/step-up/verify', { message, signature: await signed(message) }, { token: me.token })).status, 401)
  } finally {
    await api.stack.kill('evm', 'SIGCONT')
  }
  const done = await decided(me, begun.body.id)
  assert.deepEqual([done.status, done.body],
    [200, { state: 'accepted', action: 'wallet.payout', object_id: me.wallet, linked_id: null, valid_until: begun.body.expires_at }], done.text)
  assert.equal((await payOut(me)).status, 200)
  assert.equal(await api.sql(`select s.signed_at = k.created_at and k.expires_at = k.created_at + interval '5 minutes' from core.wallet_check k
    join core.statement s using (nonce) where k.id = '${begun.body.id}'`), 't', 'from when it came, not from when it was decided')
  const token = () => api.post('/v1/tokens', { name: 'ci', scopes: 'me:read', expires_at: new Date(Date.now() + 86_400_000).toISOString() }, { token: me.token })
  assert.deepEqual(code(await token()), [403, 'auth.step_up_required'], 'another action')
  assert.equal((await decided(me, await bySome(me, await text(me, 'token.create', me.person_id)))).status, 200)
  assert.equal((await token()).status, 201)
  assert.equal(await api.sql(`select string_agg(detail::jsonb ->> 'action', ' ' order by id) from audit.log
    where action = 'auth.stepped_up' and object_id = '${me.session_id}' and actor_id = '${me.person_id}'`), 'wallet.payout token.create')
  await api.sql(`update core.statement set signed_at = signed_at - interval '5 minutes 1 second' where session_id = '${me.session_id}'`)
  assert.deepEqual(code(await payOut(me)), [403, 'auth.step_up_required'])
})

test('A12: what a contract does not call its own is no fresh signature; nor is one that is late, replayed, or of another chain', async () => {
  const odd = await deploy('OddWallet', [MAGIC, false])
  const started = await answered(await begin(odd, '0x1234'))
  const me = { ...started.body, wallet: await api.sql(`select id from core.wallet where person_id = '${started.body.person_id}'`) }
  const refused = async (id, ...expected) => {
    assert.deepEqual(code(await decided(me, id)), expected)
    assert.deepEqual(code(await payOut(me)), [403, 'auth.step_up_required'])
  }
  const fresh = () => text(me, 'wallet.payout', me.wallet)
  const answers = word => rpc(node, 'anvil_setCode', [odd, `0x63${word}60e01b60005260206000f3`]) // PUSH4 PUSH1 SHL, MSTORE, RETURN
  await answers('ffffffff')
  const wrong = await fresh()
  await refused(await bySome(me, wrong, () => '0x1234'), 401, 'auth.signature')
  await answers('1626ba7e')
  await refused(await bySome(me, wrong, () => '0x1234'), 401, 'auth.signature') // a text is handed in once, whatever came out
  assert.deepEqual(code(await hand(me, wrong, '0x123456')), [401, 'auth.nonce_used'])
  assert.equal((await decided(me, await bySome(me, await text(me, 'wallet.payout', me.person_id), () => '0x1234'))).status, 200, 'of another object')
  await rpc(node, 'anvil_setCode', [odd, '0x'])
  await refused(await bySome(me, await fresh(), () => '0x1234'), 401, 'auth.no_contract')
  const message = await fresh()
  for (const [m, s, ...expected] of [[message, 'zz00', 422, 'auth.signature_format'], [message.replace('Confirm', 'Refuse'), '0x12', 401, 'auth.message_changed'],
    [message.replace(/Nonce: .*/, 'Nonce: abcdefgh12345678'), '0x12', 401, 'auth.nonce_unknown'], [message.replace(`Chain ID: ${CHAIN}`, 'Chain ID: 1'), '0x12', 401, 'auth.chain']])
    assert.deepEqual(code(await hand(me, m, s)), expected)
  await api.sql(`update core.wallet set chain_id = 1 where id = '${me.wallet}'`)
  assert.deepEqual(code(await hand(me, message, '0x12')), [401, 'auth.chain'])
  await api.sql(`update core.wallet set chain_id = ${CHAIN} where id = '${me.wallet}'; update core.statement set expires_at = now() where message = $$${message}$$`)
  assert.deepEqual(code(await hand(me, message, '0x12')), [401, 'auth.expired'])
})

test('A12: a check that is decided too late grants nothing, and another\'s text or check is none', async () => {
  const wallet = await deploy('Wallet', [owner.address])
  const [me, other, mine] = [await someone(wallet), await someone(await deploy('Wallet', [owner.address])), await someone(wallet)]
  const message = await text(me, 'wallet.payout', me.wallet)
  for (const who of [other, mine]) assert.deepEqual(code(await hand(who, message, await signed(message))), [401, 'auth.nonce_unknown'], 'it is one session\'s')
  assert.deepEqual(code(await hand({}, message, await signed(message))), [401, 'auth.missing'])
  await api.stack.kill('evm', 'SIGSTOP')
  let id
  try {
    id = await bySome(me, message)
    for (const who of [other, mine]) assert.deepEqual(code(await seen(who, id)), [404, 'auth.check_unknown'])
    assert.deepEqual(code(await poll({ id, secret: 'pws_' })), [404, 'auth.check_unknown'], 'it opens no session')
    await api.sql(`update core.wallet_check set expires_at = now() where id = '${id}'`)
  } finally {
    await api.stack.kill('evm', 'SIGCONT')
  }
  await until('decided', async () => !(await row(id)).startsWith('pending'))
  assert.deepEqual(code(await seen(me, id)), [401, 'auth.expired'])
  assert.deepEqual(code(await payOut(me)), [403, 'auth.step_up_required'])
  const theirs = await text(other, 'wallet.payout', me.wallet)
  assert.equal((await decided(other, await bySome(other, theirs))).status, 200)
  assert.deepEqual(code(await payOut({ ...me, token: other.token })), [404, 'wallet.not_found'])
  assert.deepEqual(code(await payOut(me)), [403, 'auth.step_up_required'], 'another person\'s signature of that object')
})

const withKey = async () => {
  const account = privateKeyToAccount(generatePrivateKey())
  return { account, ...await api.signIn(account), address: account.address, by: message => account.signMessage({ message }) }
}
const withContract = async () => ({ ...await someone(await deploy('Wallet', [owner.address])), by: signed })
const texts = async (me, address) => {
  const { status, body, text: said } = await api.post('/v1/wallets/challenge',
    { address, chain: `eip155:${CHAIN}`, by_address: me.address, by_chain: `eip155:${CHAIN}` }, { token: me.token })
  assert.equal(status, 201, said)
  return body
}
const sides = async (me, { message, other_message: other }, joins = signed) =>
  ({ message, signature: await me.by(message), other_message: other, other_signature: await joins(other) })
const handLink = (me, body) => api.post('/v1/wallets/contract', body, { token: me.token })
const link = async (me, address, joins) => {
  const a = await handLink(me, await sides(me, await texts(me, address), joins))
  assert.equal(a.status, 202, a.text)
  return decided(me, a.body.id)
}
const wallets = async me => (await api.get('/v1/wallets', { token: me.token })).body.items.map(w => w.caip10)
const caip10 = address => `eip155:${CHAIN}:${viem.getAddress(address)}`

test('A10: a wallet that is a contract joins a person once the chain was asked; the same statement binds once', async () => {
  const me = await withKey()
  const wallet = await deploy('Wallet', [owner.address])
  const both = await sides(me, await texts(me, wallet))
  await api.stack.kill('evm', 'SIGSTOP')
  let begun
  try {
    begun = await handLink(me, both)
    assert.deepEqual([begun.status, begun.body.state, begun.body.status_url], [202, 'pending', `/v1/auth/checks/${begun.body.id}`], begun.text)
    assert.deepEqual([(await seen(me, begun.body.id)).status, await wallets(me)], [202, [caip10(me.address)]], 'not before the chain was asked')
    assert.deepEqual((await handLink(me, both)).body, begun.body, 'the same again is the same')
    assert.deepEqual(code(await handLink(me, { ...both, other_signature: '0x1234' })), [401, 'auth.nonce_used'])
    assert.deepEqual(code(await api.post('/v1/wallets', { ...both, other_signature: await me.by(both.other_message) }, { token: me.token })),
      [401, 'auth.signature'])
  } finally {
    await api.stack.kill('evm', 'SIGCONT')
  }
  const done = await decided(me, begun.body.id)
  const id = await api.sql(`select id from core.wallet where caip10 = '${caip10(wallet)}' and contract and chain_id = ${CHAIN}`)
  assert.deepEqual([done.status, done.body], [200, { state: 'accepted', action: 'wallet.link', object_id: caip10(wallet), linked_id: id, valid_until: null }], done.text)
  assert.deepEqual(await wallets(me), [caip10(wallet), caip10(me.address)])
  assert.deepEqual([(await handLink(me, both)).body, (await seen(me, begun.body.id)).body], [begun.body, done.body])
  assert.equal((await answered(await begin(wallet, signed))).body.person_id, me.person_id, 'it signs in as that person')
  assert.equal((await link(me, wallet)).body.linked_id, id, 'another statement about it changes nothing')
  assert.equal(await api.sql(`select concat_ws(' ', (select count(*) from audit.log where action = 'wallet.linked' and object_id = '${id}'),
    (select count(*) from q.outbox where topic = 'wallet.linked' and subject = 'person/${me.person_id}'),
    (select detail::jsonb ->> 'check_id' = '${begun.body.id}' and detail::jsonb ->> 'block_hash' ~ '^[0-9a-f]{64}$' from audit.log
      where action = 'wallet.linked' and object_id = '${id}'))`), '1 1 t')
  await api.sql(`update core.wallet_check set expires_at = now() where id = '${begun.body.id}'`)
  assert.equal((await seen(me, begun.body.id)).status, 200, 'what was bound stays bound')
})

test('A10: who is signed in with a contract links a wallet with a key, and another contract, both of which the chain is asked about', async () => {
  const me = await withContract()
  const key = await withKey()
  const own = privateKeyToAccount(generatePrivateKey())
  assert.equal((await link(me, own.address, message => own.signMessage({ message }))).status, 200)
  assert.equal(await api.sql(`select contract from core.wallet where caip10 = '${caip10(own.address)}'`), 'f')
  assert.equal((await api.signIn(own)).person_id, me.person_id)
  const second = worker() // two of them, so that both sides may be decided at once
  const found = []
  for (let i = 0; i < 4; i++) {
    const joins = await deploy('Wallet', [owner.address])
    found.push([await link(me, joins), caip10(joins)])
  }
  for (const [a, named] of found) assert.deepEqual([a.status, a.body.object_id], [200, named], a.text)
  assert.deepEqual((await wallets(me)).sort(), [...found.map(([, named]) => named), caip10(own.address), caip10(me.address)].sort())
  assert.equal(await api.sql(`select string_agg(n::text, ' ') from (select count(*) as n from audit.log where action = 'wallet.linked'
    and actor_id = '${me.person_id}' group by object_id) as each`), '1 1 1 1 1')
  const half = await sides(me, await texts(me, await deploy('Wallet', [owner.address])))
  for (const side of ['signature', 'other_signature']) {
    const a = await handLink(me, { ...half, [side]: await key.by(half.message) })
    if (side === 'signature') assert.deepEqual(code(await decided(me, a.body.id)), [401, 'auth.signature'], 'one of two is not enough')
    else assert.deepEqual(code(a), [401, 'auth.nonce_used'])
  }
  assert.equal((await wallets(me)).length, 6)
  await stop(workers.splice(workers.indexOf(second), 1)[0])
})

test('A10: what a contract does not call its own links nothing; nor does another session\'s text, one that is late, or of another chain', async () => {
  const [me, other, machine] = [await withKey(), await withKey(), await withContract()]
  const wallet = await deploy('Wallet', [owner.address])
  const linked = () => api.sql(`select count(*) from core.wallet where caip10 = '${caip10(wallet)}'`)
  assert.deepEqual(code(await link(me, wallet, other.by)), [401, 'auth.signature'])
  assert.deepEqual(code(await link(me, privateKeyToAccount(generatePrivateKey()).address)), [401, 'auth.no_contract'])
  const both = await sides(me, await texts(me, wallet))
  const keys = await sides(me, await texts(me, other.address), other.by)
  const stranger = await texts(other, wallet)
  for (const [who, body, ...expected] of [
    [other, both, 401, 'auth.nonce_unknown'], [{}, both, 401, 'auth.missing'], [me, keys, 401, 'auth.no_contract'],
    [me, { ...both, other_message: stranger.other_message }, 401, 'auth.nonce'], [me, { ...both, other_signature: 'zz00' }, 422, 'auth.signature_format'],
    [me, { ...both, other_message: both.other_message.replace(me.person_id, other.person_id) }, 401, 'auth.message_changed'],
  ]) assert.deepEqual(code(await handLink(who, body)), expected)
  assert.deepEqual(code(await hand(me, both.message, both.signature)), [401, 'auth.nonce_unknown'], 'no fresh signature')
  await api.sql(`update core.wallet set chain_id = 1 where id = '${machine.wallet}'`)
  assert.deepEqual(code(await handLink(machine, await sides(machine, await texts(machine, wallet)))), [401, 'auth.chain'])
  await api.stack.kill('evm', 'SIGSTOP')
  let late, ended_
  try {
    late = (await handLink(me, both)).body.id
    ended_ = (await handLink(other, await sides(other, stranger))).body.id
    assert.deepEqual(code(await seen(other, late)), [404, 'auth.check_unknown'])
    await api.sql(`update core.wallet_check set expires_at = now() where id = '${late}'`)
    assert.equal((await api.post('/v1/auth/logout', undefined, { token: other.token })).status, 200)
  } finally {
    await api.stack.kill('evm', 'SIGCONT')
  }
  for (const id of [late, ended_]) await until('decided', async () => !(await row(id)).startsWith('pending'))
  assert.deepEqual([code(await seen(me, late)), (await row(ended_)).split(' ').slice(0, 2), await linked()], [[401, 'auth.expired'], ['refused', 'auth.session_ended'], '0'])
  const gone = await sides(me, await texts(me, wallet))
  await api.sql(`update core.statement set expires_at = now() where message = $$${gone.message}$$`)
  assert.deepEqual(code(await handLink(me, gone)), [401, 'auth.expired'])
})

test('A10: a contract is one person\'s: of two who link it at once one gets it, and somebody else\'s is refused', async () => {
  const [one, two] = [await withKey(), await withKey()]
  const wallet = await deploy('Wallet', [owner.address])
  const found = await Promise.all([one, two].map(me => link(me, wallet)))
  assert.deepEqual(found.map(a => a.body.code ?? a.body.state).sort(), ['accepted', 'wallet.taken'])
  const [winner, loser] = found[0].status === 200 ? [one, two] : [two, one]
  assert.deepEqual(code(await link(loser, wallet)), [409, 'wallet.taken'])
  assert.deepEqual([(await wallets(winner)).length, (await wallets(loser)).length], [2, 1])
})

test('P8, A10: an account that is a contract joins a project once the chain was asked, and shows at which block', async () => {
  const me = await withKey()
  const project = await api.ownedProject(me, 'ada/treasury', 91)
  const wallet = await deploy('Wallet', [owner.address])
  const given = async () => (await api.post(`/v1/projects/${project}/accounts/challenge`, { address: wallet, chain: `eip155:${CHAIN}` }, { token: me.token })).body.message
  const give = async (message, by = signed) => api.post(`/v1/projects/${project}/accounts/contract`, { message, signature: await by(message) }, { token: me.token })
  const message = await given()
  assert.deepEqual(code(await give(message)), [403, 'auth.step_up_required'])
  await api.stepUp(me, 'project.link_account', project)
  const wrong = await give(await given(), me.by)
  assert.deepEqual([wrong.status, code(await decided(me, wrong.body.id))], [202, [401, 'auth.signature']])
  const begun = await give(message)
  assert.equal(begun.status, 202, begun.text)
  const done = await decided(me, begun.body.id)
  assert.deepEqual([done.status, done.body.action, done.body.object_id], [200, 'account', project], done.text)
  assert.deepEqual((await give(message)).body, begun.body)
  const items = (await api.get(`/v1/projects/${project}/accounts`, { token: me.token })).body.items
  assert.deepEqual(items.map(a => [a.id, a.caip10, a.statement, a.signature, a.linked_by]),
    [[done.body.linked_id, caip10(wallet), message, await signed(message), me.person_id]])
  assert.equal((await rpc(node, 'eth_getBlockByNumber', [`0x${items[0].block_number.toString(16)}`, false])).hash, items[0].block_hash)
  const again = await decided(me, (await give(await given())).body.id)
  assert.deepEqual([again.status, again.body.linked_id], [200, done.body.linked_id], 'it is the project\'s already')
  assert.equal(await api.sql(`select concat_ws(' ', (select count(*) from audit.log where action = 'project.account_linked' and object_id = '${project}'),
    (select count(*) from q.outbox where topic = 'project.account_linked' and project_id = '${project}'))`), '1 1')
  await api.stack.kill('evm', 'SIGSTOP')
  let id
  try {
    await api.sql(`update core.project_account set unlinked_at = now(), unlinked_by = '${me.person_id}' where project_id = '${project}'`)
    id = (await give(await given())).body.id
    await api.checked(project, me, { passed: false })
  } finally {
    await api.stack.kill('evm', 'SIGCONT')
  }
  assert.deepEqual(code(await decided(me, id)), [403, 'auth.role'], 'a role that ended meanwhile')
})

test('A3, A10, F15: a worker that is killed at each point of the job leaves a sign-in, and a link, that another one decides, once', { timeout: 300_000 }, async () => {
  for (const w of workers.splice(0)) await stop(w)
  const wallet = await deploy('Wallet', [owner.address])
  const me = await withKey()
  for (const phase of PHASES) {
    const started = await begin(wallet, signed)
    const joins = await deploy('Wallet', [owner.address])
    const { body: link } = await handLink(me, await sides(me, await texts(me, joins)))
    const killed = worker({ PATCHWORK_FAULT: `verify.wallet.${phase}:kill` })
    await until(`killed at ${phase}`, () => !alive(killed))
    assert.equal(await ended(killed), 'SIGKILL', phase)
    workers.pop()
    const next = worker()
    const answer = await answered(started)
    assert.equal(answer.status, 200, `${phase}: ${answer.text}`)
    assert.equal(await api.sql(`select count(*) from core.session where person_id = '${answer.body.person_id}'`), String(PHASES.indexOf(phase) + 1))
    await until('the job is over', async () => (await api.sql(`select count(*) from q.run r join q.job j on j.id = r.job_id
      where j.key = 'wallet:${started.id}' and r.state = 'done'`)) === '1')
    const { status, body } = await decided(me, link.id)
    assert.deepEqual([status, body.object_id], [200, caip10(joins)])
    assert.equal(await api.sql(`select count(*) from audit.log where action = 'wallet.linked' and object_id = '${body.linked_id}'`), '1')
    await stop(next)
    workers.pop()
  }
})
