// Several wallets of one person (A10), the wallet that payouts go to (A11), fresh signatures for what moves money (A12), and a project's
// accounts on chains (P8).
import assert from 'node:assert/strict'
import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { CHAIN, contribution, startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const fresh = () => privateKeyToAccount(generatePrivateKey())
const EVM = `eip155:${CHAIN}`

let api
before(async () => { api = await startApi() })
after(() => api.stop())

const code = a => [a.status, a.body.code]
const someone = async () => { const account = fresh(); return { account, ...await api.signIn(account) } }
const evm = account => ({ address: account.address, chain: EVM, sign: message => account.signMessage({ message }) })
const casper = () => {
  const pair = generateKeyPairSync('ed25519')
  const address = `01${Buffer.from(pair.publicKey.export({ format: 'jwk' }).x, 'base64url').toString('hex')}`
  return { address, chain: 'casper:casper-test', sign: m => sign(null, Buffer.from(`Casper Message:\n${m}`), pair.privateKey).toString('hex') }
}
const ask = (me, wallet) => api.post('/v1/wallets/challenge',
  { address: wallet.address, chain: wallet.chain, by_address: me.account.address, by_chain: EVM }, { token: me.token })
const both = async (me, wallet, texts) => ({
  message: texts.message, signature: await me.account.signMessage({ message: texts.message }),
  other_message: texts.other_message, other_signature: await wallet.sign(texts.other_message),
})
const link = async (me, wallet) => {
  const { body } = await ask(me, wallet)
  return api.post('/v1/wallets', await both(me, wallet, body), { token: me.token })
}
const wallets = async me => (await api.get('/v1/wallets', { token: me.token })).body.items
const text = (me, action, object) => api.post('/v1/auth/step-up', { action, object_id: object, address: me.account.address, chain: EVM }, { token: me.token })
const confirm = async (me, message, by = me.account) => api.post('/v1/auth/step-up/verify',
  { message, signature: await by.signMessage({ message }) }, { token: me.token })
const stepUp = (...given) => api.stepUp(...given)
const choose = (me, id) => api.ask('POST', `/v1/wallets/${id}/payout`, { token: me.token })

test('A10: a wallet joins a person when both sign, on any chain; then it signs in as that person', async () => {
  const me = await someone()
  const second = fresh()
  const { status, body } = await ask(me, evm(second))
  assert.equal(status, 201)
  for (const [message, account, names] of [[body.message, me.account, second], [body.other_message, second, me.account]]) {
    assert.ok(message.includes(me.person_id) && message.includes(`${EVM}:${names.address}`), message)
    assert.ok(message.includes(`Ethereum account:\n${account.address}\n`) && message.includes(`Nonce: ${body.nonce}`))
  }
  const signed = await both(me, evm(second), body)
  const made = await api.post('/v1/wallets', signed, { token: me.token })
  assert.deepEqual([made.status, made.body.caip10], [201, `${EVM}:${second.address}`], made.text)
  assert.equal((await api.signIn(second)).person_id, me.person_id)
  const stone = casper()
  assert.equal((await link(me, stone)).status, 201)
  assert.deepEqual((await wallets(me)).map(w => w.caip10), [`casper:casper-test:${stone.address}`, `${EVM}:${second.address}`, `${EVM}:${me.account.address}`])
  assert.deepEqual(code(await api.post('/v1/wallets', signed, { token: me.token })), [401, 'auth.nonce_used'])
  const again = await link(me, evm(second))
  assert.deepEqual([again.status, again.body.id], [200, made.body.id])
  assert.equal(await api.sql(`select count(*) from audit.log where action = 'wallet.linked' and actor_id = '${me.person_id}'`), '2')
  assert.equal(await api.sql(`select count(*) from q.outbox where topic = 'wallet.linked' and subject = 'person/${me.person_id}'`), '2')
})

test('A10: one signature is not enough, and texts are good for the session that asked alone', async () => {
  const [me, thief] = [await someone(), await someone()]
  const mine = fresh()
  const { body } = await ask(me, evm(mine))
  const signed = await both(me, evm(mine), body)
  const send = (more, by = me) => api.post('/v1/wallets', { ...signed, ...more }, { token: by.token })
  assert.deepEqual(code(await send({ other_signature: signed.signature })), [401, 'auth.signature'], 'the wallet that joins has not signed')
  assert.deepEqual(code(await send({ signature: signed.other_signature })), [401, 'auth.signature'], 'the person has not signed')
  assert.deepEqual(code(await send({}, thief)), [401, 'auth.nonce_unknown'], 'replayed on another person')
  const login = (await api.challenge(mine)).message
  assert.deepEqual(code(await send({ other_message: login, other_signature: await mine.signMessage({ message: login }) })), [401, 'auth.nonce'], 'a text for signing in')
  assert.deepEqual(code(await api.post('/v1/auth/verify', { message: body.other_message, signature: signed.other_signature })), [401, 'auth.nonce_unknown'],
    'and the other way round: it opens no session')
  const { body: foreign } = await ask(thief, evm(mine))
  const swapped = await both(me, evm(mine), { message: body.message, other_message: foreign.other_message })
  assert.deepEqual(code(await send(swapped)), [401, 'auth.nonce'])
  const elsewhere = await api.post('/v1/wallets/challenge', { address: mine.address, chain: EVM, by_address: thief.account.address, by_chain: EVM }, { token: me.token })
  assert.deepEqual(code(elsewhere), [401, 'auth.wallet'])
  const changed = body.other_message.replace(me.person_id, thief.person_id)
  assert.deepEqual(code(await send({ other_message: changed, other_signature: await mine.signMessage({ message: changed }) })), [401, 'auth.message_changed'])
  await api.sql(`update core.statement set expires_at = now() where nonce = '${body.nonce}'`)
  assert.deepEqual(code(await send({})), [401, 'auth.expired'])
  assert.equal(await api.sql(`select count(*) from core.wallet where caip10 = '${EVM}:${mine.address}'`), '0')
})

test('A10: a wallet is one person\'s; of two who link it at once one gets it', async () => {
  const [one, two] = [await someone(), await someone()]
  assert.deepEqual(code(await link(one, evm(two.account))), [409, 'wallet.taken'])
  const wanted = evm(fresh())
  const sent = await Promise.all([one, two].map(async me => both(me, wanted, (await ask(me, wanted)).body)))
  const answers = await Promise.all([one, two].map((me, i) => api.post('/v1/wallets', sent[i], { token: me.token })))
  assert.deepEqual(answers.map(a => a.body.code ?? a.status).sort(), [201, 'wallet.taken'].sort())
})

test('A10, A12: unlinking wants a fresh signature, ends the wallet\'s sessions and keeps its history; then somebody else may link it', async () => {
  const [me, other] = [await someone(), await someone()]
  const second = fresh()
  const { id } = (await link(me, evm(second))).body
  const session = await api.signIn(second)
  const unlink = (me_, wallet = id) => api.remove(`/v1/wallets/${wallet}`, { token: me_.token })
  assert.deepEqual(code(await unlink(me)), [403, 'auth.step_up_required'])
  await stepUp(me, 'wallet.unlink', randomUUID())
  await stepUp(me, 'wallet.payout', id)
  assert.deepEqual(code(await unlink(me)), [403, 'auth.step_up_required'], 'another object, another action')
  const { valid_until: until } = await stepUp(me, 'wallet.unlink', id)
  assert.ok(Date.parse(until) - Date.now() <= 300_000)
  assert.deepEqual(code(await unlink({ token: session.token })), [403, 'auth.step_up_required'], 'another session of the same person')
  await stepUp(other, 'wallet.unlink', id)
  assert.deepEqual(code(await unlink(other)), [404, 'wallet.not_found'], 'somebody else\'s')
  const gone = await unlink(me)
  assert.equal(gone.status, 200, gone.text)
  assert.deepEqual([(await unlink(me)).body.unlinked_at, (await wallets(me)).find(w => w.id === id).unlinked_at], [gone.body.unlinked_at, gone.body.unlinked_at])
  assert.deepEqual(code(await api.get('/v1/me', { token: session.token })), [401, 'auth.session_ended'])
  assert.equal((await link(other, evm(second))).status, 201)
  assert.equal((await api.signIn(second)).person_id, other.person_id)
  assert.equal(await api.sql(`select count(*) from core.wallet where caip10 = '${EVM}:${second.address}'`), '2', 'the old row stays')
  const own = (await wallets(me)).find(w => !w.unlinked_at).id
  await stepUp(me, 'wallet.unlink', own)
  assert.deepEqual(code(await unlink(me, own)), [409, 'wallet.signed_in'])
})

test('A12: a step-up is the session\'s wallet\'s signature over our text, once, in time', async () => {
  const [me, other] = [await someone(), await someone()]
  const object = randomUUID()
  const { body, status } = await text(me, 'payout.retry', object)
  assert.equal(status, 201)
  assert.ok(body.message.includes(`Confirm payout.retry of ${object}`), body.message)
  assert.deepEqual(code(await confirm(me, body.message, other.account)), [401, 'auth.signature'])
  assert.deepEqual(code(await confirm({ ...me, token: other.token }, body.message)), [401, 'auth.nonce_unknown'])
  const changed = body.message.replace('payout.retry', 'wallet.unlink')
  assert.deepEqual(code(await confirm(me, changed)), [401, 'auth.message_changed'])
  assert.deepEqual(code(await confirm(me, (await api.challenge(me.account)).message)), [401, 'auth.nonce_unknown'])
  assert.equal((await confirm(me, body.message)).status, 200)
  assert.deepEqual(code(await confirm(me, body.message)), [401, 'auth.nonce_used'])
  const late = (await text(me, 'payout.retry', object)).body
  await api.sql(`update core.statement set expires_at = now() where nonce = '${late.nonce}'`)
  assert.deepEqual(code(await confirm(me, late.message)), [401, 'auth.expired'])
  assert.deepEqual(code(await text(me, 'everything', object)), [422, 'auth.action_unknown'])
  assert.deepEqual(code(await text(me, 'payout.retry', 'x'.repeat(36))), [422, 'auth.action_unknown'])
  assert.deepEqual(code(await text({ ...me, account: other.account }, 'payout.retry', object)), [401, 'auth.wallet'])
})

test('A12: an operator steps up and has a held payout tried again', async () => {
  const me = await someone()
  const project = await api.verifiedProject(me.token, 'ada/held', 41)
  const bounty = (await api.bounty(me.token, project)).body.id
  const { payout } = await contribution(api, { project, bounty, person: me.person_id, number: 41 })
  await api.sql(`update ledger.payout set state = 'held' where id = '${payout}';
    insert into core.role_grant (person_id, role, granted_by) values ('${me.person_id}', 'operator', 'test')`)
  const retry = () => api.post(`/v1/payouts/${payout}/retry`, { reason: 'the node is back' }, { token: me.token })
  assert.deepEqual(code(await retry()), [403, 'auth.step_up_required'])
  await stepUp(me, 'payout.retry', payout)
  assert.equal((await retry()).status, 202)
  await api.sql(`update core.statement set signed_at = signed_at - interval '5 minutes 1 second' where session_id = '${me.session_id}'`)
  assert.deepEqual(code(await retry()), [403, 'auth.step_up_required'], 'older than five minutes')
})

test('A11: another payout wallet is chosen by a fresh signature, told in an event, and good after 72 hours', async () => {
  const me = await someone()
  const [first] = await wallets(me)
  assert.deepEqual([first.payout, Date.parse(first.good_at) <= Date.now()], [true, true], 'the first one is good at once')
  const second = (await link(me, evm(fresh()))).body
  const stone = (await link(me, casper())).body
  assert.equal((await wallets(me)).find(w => w.payout).id, first.id, 'linking turns nothing')
  assert.deepEqual(code(await choose(me, second.id)), [403, 'auth.step_up_required'])
  for (const w of [first, second, stone]) await stepUp(me, 'wallet.payout', w.id)
  assert.deepEqual(code(await choose(me, stone.id)), [409, 'wallet.no_payouts'])
  assert.ok(Date.parse((await choose(me, first.id)).body.effective_at) <= Date.now(), 'no change, no wait')
  const chosen = await choose(me, second.id)
  assert.equal(chosen.status, 200, chosen.text)
  const hours = (Date.parse(chosen.body.effective_at) - Date.now()) / 3_600_000
  assert.ok(hours > 71.9 && hours < 72.1, `${hours} h`)
  assert.equal((await wallets(me)).find(w => w.payout).id, second.id)
  assert.equal((await choose(me, second.id)).body.effective_at, chosen.body.effective_at, 'the same again prolongs nothing')
  assert.equal(await api.sql(`select body->>'previous_id' || ' ' || (body->>'wallet_id') from q.outbox
    where topic = 'wallet.payout_changed' and subject = 'person/${me.person_id}' order by id desc limit 1`), `${first.id} ${second.id}`)
  await stepUp(me, 'wallet.unlink', second.id)
  assert.deepEqual(code(await api.remove(`/v1/wallets/${second.id}`, { token: me.token })), [409, 'wallet.paid_to'])
})

test('A11: what the person had is told of the change, in every session until it is good, and names in the event whom else to tell', async () => {
  const me = await someone()
  const [account, stone] = [fresh(), casper()]
  const first = (await wallets(me))[0]
  const second = (await link(me, evm(account))).body
  await link(me, stone)
  await api.sql(`insert into core.external_account (person_id, provider, provider_uid, login_display, method)
    values ('${me.person_id}', 'github', 11583231, 'ada-told', 'operator')`)
  const notices = async session => (await api.get('/v1/me', { token: session.token })).body.notices
  assert.deepEqual(await notices(me), [])
  const elsewhere = await api.signIn(me.account)
  const thief = { account, ...await api.signIn(account) }
  await stepUp(thief, 'wallet.payout', second.id)
  const { body: { effective_at: good } } = await choose(thief, second.id)
  const told = await notices(me)
  assert.equal(told.length, 1)
  const { at, ...notice } = told[0]
  assert.deepEqual([{ ...notice, effective_at: Date.parse(notice.effective_at) }, Date.parse(good) - Date.parse(at)],
    [{ kind: 'payout_wallet', caip10: second.caip10, previous: first.caip10, effective_at: Date.parse(good) }, 72 * 3_600_000])
  for (const session of [elsewhere, thief, await api.signIn(me.account)]) assert.deepEqual(await notices(session), told)
  assert.deepEqual(await notices(await someone()), [], 'nobody else\'s')
  assert.deepEqual(JSON.parse(await api.sql(`select body->'tell' from q.outbox where topic = 'wallet.payout_changed' and subject = 'person/${me.person_id}'`)),
    { wallets: [first.caip10, `casper:casper-test:${stone.address}`], accounts: [{ provider: 'github', provider_uid: 11583231, login: 'ada-told' }] })
  await stepUp(thief, 'wallet.unlink', first.id)
  assert.deepEqual(code(await api.remove(`/v1/wallets/${first.id}`, { token: thief.token })), [409, 'wallet.cool_down'], 'who is to be told stays')
  await stepUp(me, 'wallet.payout', first.id)
  assert.equal((await choose(me, first.id)).status, 200)
  assert.deepEqual((await notices(me)).map(n => [n.caip10, n.previous]), [[first.caip10, second.caip10], [second.caip10, first.caip10]])
  await api.sql(`update core.payout_wallet set chosen_at = chosen_at - interval '72 hours 1 second', effective_at = effective_at - interval '72 hours 1 second'
    where person_id = '${me.person_id}'`)
  assert.deepEqual(await notices(me), [], 'good by now')
  await stepUp(me, 'wallet.unlink', second.id)
  assert.equal((await api.remove(`/v1/wallets/${second.id}`, { token: me.token })).status, 200)
})

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const askAccount = (me, project, wallet) => api.post(`/v1/projects/${project}/accounts/challenge`, { address: wallet.address, chain: wallet.chain }, { token: me.token })
const sendAccount = async (me, project, message, wallet) => api.post(`/v1/projects/${project}/accounts`, { message, signature: await wallet.sign(message) }, { token: me.token })
const linkAccount = async (me, project, wallet) => {
  const { body } = await askAccount(me, project, wallet)
  return sendAccount(me, project, body.message, wallet)
}
const checked = (...given) => api.checked(...given)
const owned = (...given) => api.ownedProject(...given)
const accounts = async (me, project) => (await api.get(`/v1/projects/${project}/accounts`, { token: me.token })).body.items

test('P8: a project has accounts on two chains, each of which signed that it is; ids name no chain; unlinking keeps the history', async () => {
  const me = await someone()
  const project = await owned(me, 'ada/accounts', 81)
  const [money, stone] = [evm(fresh()), casper()]
  const names = [`${EVM}:${money.address}`, `casper:casper-test:${stone.address}`]
  const { status, body: { message, nonce } } = await askAccount(me, project, money)
  assert.equal(status, 201)
  assert.ok(message.includes(`to project ${project}`) && message.includes(me.person_id) && message.includes(`account:\n${money.address}\n`) && message.includes(nonce), message)
  assert.deepEqual(code(await sendAccount(me, project, message, money)), [403, 'auth.step_up_required'])
  await stepUp(me, 'project.link_account', project)
  const made = await sendAccount(me, project, message, money)
  assert.deepEqual([made.status, made.body.caip10, made.body.project_id], [201, names[0], project], made.text)
  assert.equal((await linkAccount(me, project, stone)).status, 201)
  const shown = await accounts(me, project)
  assert.deepEqual(shown.map(a => a.caip10), [names[1], names[0]])
  assert.deepEqual([shown[1].statement, shown[1].signature], [message, await money.sign(message)], 'whoever doubts it can check')
  const anyone = (await api.get(`/v1/projects/${project}`)).body
  assert.deepEqual(anyone.accounts, shown.map(a => ({ id: a.id, caip10: a.caip10 })).reverse())
  for (const id of [anyone.id, ...shown.map(a => a.id)]) assert.match(id, UUID)
  const again = await linkAccount(me, project, money)
  assert.deepEqual([again.status, again.body.id], [200, made.body.id])
  const unlink = () => api.remove(`/v1/projects/${project}/accounts/${made.body.id}`, { token: me.token })
  assert.deepEqual(code(await unlink()), [403, 'auth.step_up_required'], 'linking is another act')
  await stepUp(me, 'project.unlink_account', project)
  const gone = await unlink()
  assert.equal(gone.status, 200, gone.text)
  assert.equal((await unlink()).body.unlinked_at, gone.body.unlinked_at)
  assert.deepEqual((await api.get(`/v1/projects/${project}`)).body.accounts.map(a => a.caip10), [names[1]])
  const back = await linkAccount(me, project, money)
  assert.deepEqual([back.status, back.body.id === made.body.id], [201, false])
  assert.deepEqual((await accounts(me, project)).map(a => [a.caip10, a.unlinked_at, a.unlinked_by]),
    [[names[0], null, null], [names[1], null, null], [names[0], gone.body.unlinked_at, me.person_id]])
  const noted = 'account_linked account_linked account_unlinked account_linked'
  assert.equal(await api.sql(`select string_agg(substr(action, 9), ' ' order by id) from audit.log
    where object_id = '${project}' and action like 'project.account%' and actor_id = '${me.person_id}'`), noted)
  assert.equal(await api.sql(`select string_agg(substr(topic, 9), ' ' order by id) from q.outbox where project_id = '${project}' and topic like 'project.account%'`), noted)
})

test('P8: a statement is good for its project, session and account alone, once, in time', async () => {
  const [me, other] = [await someone(), await someone()]
  const [project, second] = [await owned(me, 'ada/first', 82), await owned(me, 'ada/second', 83)]
  await api.sql(`insert into core.role_grant (person_id, role, project_id, granted_by) values ('${other.person_id}', 'reviewer', '${project}', 'test')`)
  const money = evm(fresh())
  assert.deepEqual(code(await askAccount(other, project, money)), [403, 'auth.role'])
  await api.sql(`update core.role_grant set role = 'maintainer' where person_id = '${other.person_id}'`)
  for (const [who, id] of [[me, project], [me, second], [other, project]]) await stepUp(who, 'project.link_account', id)
  const { message, nonce } = (await askAccount(me, project, money)).body
  const signature = await money.sign(message)
  const send = (id, by = me, more = {}) => api.post(`/v1/projects/${id}/accounts`, { message, signature, ...more }, { token: by.token })
  assert.deepEqual(code(await send(second)), [401, 'auth.nonce_unknown'], 'replayed on another project')
  assert.deepEqual(code(await send(project, other)), [401, 'auth.nonce_unknown'], 'in another session')
  const renamed = message.replace(project, second)
  assert.deepEqual(code(await send(second, me, { message: renamed, signature: await money.sign(renamed) })), [401, 'auth.nonce_unknown'])
  assert.deepEqual(code(await send(project, me, { message: renamed, signature: await money.sign(renamed) })), [401, 'auth.message_changed'])
  assert.deepEqual(code(await send(project, me, { signature: await me.account.signMessage({ message }) })), [401, 'auth.signature'], 'the account has not signed')
  assert.deepEqual(code(await api.post('/v1/auth/verify', { message, signature })), [401, 'auth.nonce_unknown'], 'it opens no session')
  assert.deepEqual(code(await api.post('/v1/auth/step-up/verify', { message, signature }, { token: me.token })), [401, 'auth.nonce_unknown'])
  await api.sql(`update core.statement set expires_at = now() where nonce = '${nonce}'`)
  assert.deepEqual(code(await send(project)), [401, 'auth.expired'])
  assert.deepEqual([await accounts(me, project), await accounts(me, second)], [[], []])
  const texts = await Promise.all([me, other].map(who => askAccount(who, project, money)))
  const both = await Promise.all([me, other].map((who, i) => sendAccount(who, project, texts[i].body.message, money)))
  assert.deepEqual(both.map(a => a.status).sort(), [200, 201], 'of two at once one links it')
  assert.equal(both[0].body.id, both[1].body.id)
  assert.deepEqual(code(await sendAccount(me, project, texts[0].body.message, money)), [401, 'auth.nonce_used'])
  await assert.rejects(api.sql(`insert into core.project_account (project_id, caip10, statement, signature, nonce, linked_by)
    select project_id, caip10, statement, signature, 'another', linked_by from core.project_account where project_id = '${project}'`), /project_account_linked/)
  await stepUp(me, 'project.unlink_account', second)
  assert.deepEqual(code(await api.remove(`/v1/projects/${second}/accounts/${both[0].body.id}`, { token: me.token })), [404, 'project_account.not_found'],
    'an account of another project')
  assert.equal((await linkAccount(me, second, money)).status, 201, 'one account may be several projects\'')
})

// Rows that no route makes: of before there was a rule, or many.
const linkedRow = (project, who, caip10) => `insert into core.project_account (project_id, caip10, statement, signature, nonce, linked_by)
  select '${project}', ${caip10}, 'text', '00', gen_random_uuid()::text, '${who.person_id}'`
const shown = async project => (await api.get(`/v1/projects/${project}`)).body.accounts.map(a => a.caip10)

test('P8: nothing is linked to a project that nobody has proven; what a stranger had linked ends with the first proof, a person\'s own with the last', async () => {
  const [stranger, owner] = [await someone(), await someone()]
  const project = await api.verifiedProject(stranger.token, 'famous/repo', 84)
  await stepUp(stranger, 'project.link_account', project)
  const evil = evm(fresh())
  assert.deepEqual(code(await askAccount(stranger, project, evil)), [403, 'auth.role'], 'that a ping came makes it nobody\'s')
  await api.sql(`update core.project set state = 'unverified', hook_alive_at = null where id = '${project}'`)
  const { message } = (await askAccount(stranger, project, evil)).body
  assert.deepEqual(code(await sendAccount(stranger, project, message, evil)), [409, 'project_account.unproven'])
  await checked(project, stranger, { method: 'file' })
  assert.deepEqual(code(await sendAccount(stranger, project, message, evil)), [409, 'project_account.unproven'], 'a file is no proof')
  await api.sql(linkedRow(project, stranger, `'${EVM}:${evil.address}'`))
  assert.deepEqual(await shown(project), [`${EVM}:${evil.address}`])
  await checked(project, owner)
  assert.deepEqual(await shown(project), [])
  assert.deepEqual((await accounts(owner, project)).map(a => a.unlinked_by), [owner.person_id])
  assert.deepEqual(code(await sendAccount(stranger, project, message, evil)), [403, 'auth.role'])
  assert.equal(await api.sql(`select core.project_account_refused('${stranger.person_id}', '${project}', 'x')`), 'auth.role', 'whose role ended just now, too')
  await stepUp(owner, 'project.link_account', project)
  const money = evm(fresh())
  assert.equal((await linkAccount(owner, project, money)).status, 201)
  await checked(project, owner, { method: 'ping' })
  await checked(project, owner, { passed: false })
  assert.deepEqual(await shown(project), [`${EVM}:${money.address}`], 'another proof stands')
  await checked(project, owner, { method: 'ping', passed: false })
  assert.deepEqual(await shown(project), [])
  assert.equal(await api.sql(`select string_agg(concat_ws(' ', actor_kind, actor_id, detail::jsonb ->> 'caip10'), ',' order by id) from audit.log
    where action = 'project.account_unlinked' and object_id = '${project}'`), [evil, money].map(a => `stage sync ${EVM}:${a.address}`).join(','))
  assert.equal(await api.sql(`select count(*) from q.outbox where topic = 'project.account_unlinked' and project_id = '${project}'`), '2')
})

test('P8: a project has at most 20 accounts, of two that link the last one gets it', async () => {
  const me = await someone()
  const project = await owned(me, 'ada/many', 85)
  await stepUp(me, 'project.link_account', project)
  const first = evm(fresh())
  assert.equal((await linkAccount(me, project, first)).status, 201)
  await api.sql(`${linkedRow(project, me, "'eip155:1:0x' || n")} from generate_series(1, 18) n`)
  const last = await Promise.all([1, 2, 3].map(() => linkAccount(me, project, evm(fresh()))))
  assert.deepEqual(last.map(a => a.body.code ?? a.status).sort(), [201, 'project_account.many', 'project_account.many'])
  assert.equal((await shown(project)).length, 20)
  assert.equal((await linkAccount(me, project, first)).status, 200, 'that is linked already')
})
