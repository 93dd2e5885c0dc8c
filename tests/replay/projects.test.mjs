// P1 to P6, P11: whose a repository is: registration, the ways to show it, what they grant, what is looked at again and when; webhooks that we
// make. Real workers against the stand-in for GitHub; a worker is killed at every point of these jobs.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, createHmac, generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { startApi } from '../api/api.mjs'
import { require } from '../peers/load.mjs'
import { command } from '../stack/parts.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { ended, faultPoints } from './points.mjs'

const { blake2b } = require('@noble/hashes/blake2b')
const nacl = require('tweetnacl')
const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const APP = 4711
const POLICY = '.github/patchwork.json'
const { kinds } = faultPoints()
const points = kind => kinds[kind].map(p => `${kind}.${p}`)

let api
let stack
let serial = 0
const workers = []
const people = {}
const sql = text => stack.sql(text)
const control = async (verb, body = {}) => {
  const resp = await fetch(`${stack.url('github')}/_control/${verb}`, { method: 'POST', body: JSON.stringify(body) })
  const json = await resp.json()
  assert.equal(resp.status, 200, JSON.stringify(json))
  return json
}
const log = async () => (await fetch(`${stack.url('github')}/_control/log`)).json()
const quiet = () => until('nothing is left to do', async () => await sql(`select (select count(*) from q.ready) + (select count(*) from q.claim)
  + (select count(*) from q.scheduled where run_at < now() + interval '1 minute')`) === '0', { timeout: 60_000 })

function worker(env = {}) {
  const w = launch({
    argv: command(stack, 'work', 'sync'), env: { ...stack.as('patchwork_worker'), PATCHWORK_GITHUB_HOOK_URL: `${api.url}/v1/webhooks/github`, ...env }, log: stack.log('work'),
    pidFile: stack.pidFile(`work-${workers.length + 1}`), tied: 'SIGKILL',
  })
  workers.push(w)
  return w
}

// Somebody with a wallet and, unless it is told otherwise, a linked GitHub account.
async function person(login, linked = true) {
  const session = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  const user = await control('user', { login, id: 9000 + ++serial })
  if (linked) await sql(`insert into core.external_account (person_id, provider, provider_uid, login_display, method)
    values ('${session.person_id}', 'github', ${user.id}, '${login}', 'operator')`)
  return (people[login] = { ...session, login, uid: user.id })
}

// As pipeline/crypto/seal.c closes it, by other people's code.
function sealed(about, plain) {
  const key = Buffer.from(readFileSync(stack.path('secrets/seal-key'), 'utf8').trim(), 'hex')
  const nonce = randomBytes(24)
  const box = nacl.secretbox(Buffer.from(plain), nonce, blake2b(Buffer.from(about), { key, dkLen: 32 }))
  return Buffer.concat([Buffer.of(1), blake2b(key, { dkLen: 32 }).subarray(0, 8), nonce, box]).toString('hex')
}
// The token that GitHub gave when the account was linked.
async function token(who) {
  const id = randomUUID()
  const text = `gho_${randomBytes(18).toString('hex')}`
  await control('person', { token: text, user: who.login })
  await sql(`insert into core.account_token (id, account_id, person_id, sealed, scopes)
    select '${id}', id, person_id, '\\x${sealed(`account token ${id}`, text)}', '' from core.external_account where person_id = '${who.person_id}'`)
  return text
}
const hooksOf = async repo => (await control('hooks', { repo: repo.name })).hooks
const sign = (secret, body) => `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
const deliver = (url, secret, event, json, guid = randomUUID()) => {
  const body = JSON.stringify(json)
  return fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-github-delivery': guid, 'x-github-event': event,
    ...(secret && { 'x-hub-signature-256': sign(secret, body) }) } }).then(r => r.status)
}
async function killed(kind, done) {
  for (const point of points(kind)) {
    const end = await Promise.race([ended(worker({ PATCHWORK_FAULT: `${point}:kill` })), quiet().then(() => 'all is done')])
    assert.equal(end, 'SIGKILL', point)
  }
  worker()
  await quiet()
  await done?.()
}

async function repository(owner, options = {}) {
  const name = `engine-${++serial}`
  const { repo } = await control('repo', { owner, name, ...options })
  return { ...repo, name: `${owner}/${name}` }
}
const register = (who, repo) => api.post('/v1/projects', { full_name: repo.name }, { token: who.token })
const ask = (who, id, method) => api.post(`/v1/projects/${id}/checks`, { method }, { token: who.token })
const checks = async id => (await api.get(`/v1/projects/${id}/checks`, { token: people.ada.token })).body.items
const project = async id => (await api.get(`/v1/projects/${id}`)).body
const stateOf = id => sql(`select concat_ws(' ', state, state_reason) from core.project where id = '${id}'`)
const rolesOf = (who, id) => sql(`select array_to_string(core.roles('${who.person_id}', 'project', '${id}'), ' ')`)

async function checked(who, id, method) {
  const asked = await ask(who, id, method)
  assert.equal(asked.status, 202, asked.text)
  await quiet()
  return (await checks(id)).find(c => c.id === asked.body.id)
}
async function proven(who = people.ada, options) {
  const repo = await repository(who.login, options)
  const { body } = await register(who, repo)
  await quiet()
  const check = await checked(who, body.id, 'permission')
  assert.equal(check.state, 'passed', JSON.stringify(check))
  return { id: body.id, repo, check }
}

before(async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = `/var/tmp/patchwork-app-key.${process.pid}`
  writeFileSync(key, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 })
  api = await startApi({
    parts: ['postgres', 'redis', 'github', 'api'],
    conf: {
      'worker.lease': '1s', 'worker.poll': '100ms', 'github.app_id': APP, 'github.app_key_file': key,
      'github.turns': 8,
    },
  })
  stack = api.stack
  await control('app', { id: APP, public_key: publicKey.export({ type: 'spki', format: 'pem' }) })
  await person('ada')
  await person('grace')
  await person('mallory')
  await person('nobody', false)
})
after(async () => {
  for (const w of workers) await stop(w)
  await api?.stop()
})

test(`P2, F15: an administrator is shown to own the repository, though a worker is killed at each of ${points('sync.check').length} points`, async () => {
  const repo = await repository('ada')
  const { body: made } = await register(people.ada, repo)
  await sql(`select q.pause('kind', 'sync.check', 'test:kill', 'until the repository is known')`)
  const first = worker()
  await quiet()
  await stop(first)
  const { body: asked } = await ask(people.ada, made.id, 'permission')
  await sql(`select q.resume('kind', 'sync.check', 'test:kill', 'it is')`)
  for (const point of points('sync.check'))
    assert.equal(await Promise.race([ended(worker({ PATCHWORK_FAULT: `${point}:kill` })), quiet().then(() => 'all is done')]), 'SIGKILL', point)
  worker()
  await quiet()
  const [check] = await checks(made.id)
  assert.deepEqual([check.id, check.state, check.code, check.person_id], [asked.id, 'passed', null, people.ada.person_id])
  const said = JSON.parse(await sql(`select convert_from(bytes, 'UTF8') from ingest.evidence where sha256 = '\\x${check.evidence_sha256.replace(/^0x/, '')}'`))
  assert.deepEqual([said.permission, said.user.id], ['admin', people.ada.uid], 'what GitHub said is kept')
  assert.equal(await stateOf(made.id), 'verified')
  assert.equal((await project(made.id)).owners, 1)
  assert.equal(await sql(`select count(*) from core.role_grant where project_id = '${made.id}' and role = 'owner'`), '1')
  assert.equal(await sql(`select string_agg(topic, ' ' order by topic) from q.outbox where project_id = '${made.id}' and topic ~ '(verified|proven)$'`),
    'ownership.proven project.verified')
  assert.equal(await sql(`select count(*) from audit.log where action = 'ownership.proven' and object_id = '${made.id}'`), '1')
})

test('P2: who may only write is refused, so is a login that belongs to somebody else now, so is who has no account', async () => {
  const repo = await repository('ada')
  const { body } = await register(people.grace, repo)
  await control('member', { repo: repo.name, user: 'grace', permission: 'write' })
  const write = await checked(people.grace, body.id, 'permission')
  assert.deepEqual([write.state, write.code], ['refused', 'ownership.not_admin'])
  await sql(`update core.external_account set login_display = 'ada' where person_id = '${people.mallory.person_id}'`)
  const stolen = await checked(people.mallory, body.id, 'permission')
  assert.deepEqual([stolen.state, stolen.code], ['refused', 'ownership.not_admin'], 'the number decides, not the name')
  const none = await ask(people.nobody, body.id, 'permission')
  assert.deepEqual([none.status, none.body.code], [409, 'ownership.account_unlinked'])
  assert.equal(await stateOf(body.id), 'unverified')
  await control('member', { repo: repo.name, user: 'grace', permission: 'admin' })
  assert.equal((await checked(people.grace, body.id, 'permission')).state, 'passed', 'asked again, it is looked at again')
})

test('P3: a ping by the common secret verifies the project and makes nobody its owner: the registrant\'s role and what he gave wait for his proof', async () => {
  if (workers.length === 0) worker()
  const [eve, repo] = [await person('eve'), await repository('ada')]
  const { body: { id } } = await register(eve, repo)
  await quiet()
  await sql(`insert into core.role_grant (person_id, role, project_id, granted_by)
    values ('${people.nobody.person_id}', 'maintainer', '${id}', 'person/${eve.person_id}'),
      ('${people.grace.person_id}', 'reviewer', '${id}', 'test')`)
  const held = async () => [await rolesOf(eve, id), await rolesOf(people.nobody, id), await rolesOf(people.grace, id)]
  assert.deepEqual(await held(), ['owner', 'maintainer', 'reviewer'])
  const ping = zen => api.deliver({ zen, hook_id: 42, repository: { id: repo.id, full_name: repo.name } }, { event: 'ping' })
  assert.equal((await ping('Design for failure.')).status, 200)
  await quiet()
  assert.equal(await stateOf(id), 'verified', 'its administrator wants us')
  assert.deepEqual(await held(), ['', '', 'reviewer'], 'whoever that is')
  const hook = await api.post(`/v1/projects/${id}/hook`, undefined, { token: eve.token })
  assert.deepEqual([hook.status, hook.body.code], [403, 'auth.role'])
  assert.equal((await checked(eve, id, 'permission')).code, 'ownership.not_admin')
  assert.equal((await api.bounty(people.grace.token, id)).status, 201, 'others may put money on its issues')
  await control('member', { repo: repo.name, user: 'eve', permission: 'admin' })
  assert.equal((await checked(eve, id, 'permission')).state, 'passed')
  assert.deepEqual(await held(), ['owner', 'maintainer', 'reviewer'], 'with his own proof')
  await control('member', { repo: repo.name, user: 'eve', permission: 'read' })
  await control('fault', { match: { path: `^/repositories/${repo.id}$` }, times: 1, status: 404, json: { message: 'Not Found' } })
  await sql(`select q.enqueue('sync', 'sync.project', 'test:gone:${id}', '{"project_id": "${id}"}')`)
  await quiet()
  assert.equal(await stateOf(id), 'degraded github.not_found')
  assert.equal((await checked(eve, id, 'permission')).state, 'refused')
  assert.equal((await ping('Keep it logically awesome.')).status, 200)
  await quiet()
  assert.equal(await stateOf(id), 'degraded ownership.lost', 'read again, and nobody\'s')
  await sql(`update core.ownership_check set state = 'passed', code = null where project_id = '${id}'`)
  await sql(`select q.enqueue('sync', 'sync.project', 'test:late:${id}', '{"project_id": "${id}"}')`)
  await quiet()
  assert.equal(await stateOf(id), 'verified', 'the reading that a proof asks for comes after it')
  await sql('delete from q.parked')
})

test('P1: a second registration is told the first; who registered without being the owner is in nobody\'s way', async () => {
  const repo = await repository('ada')
  const { body: first } = await register(people.mallory, repo)
  await quiet()
  assert.equal(await rolesOf(people.mallory, first.id), 'owner', 'of the row, until somebody shows more')
  await sql(`insert into core.role_grant (person_id, role, project_id, granted_by)
    values ('${people.grace.person_id}', 'maintainer', '${first.id}', 'person/${people.mallory.person_id}')`)
  const second = await register(people.ada, repo)
  assert.deepEqual([second.status, second.body.code, second.body.id], [409, 'project.exists', first.id])
  assert.equal((await checked(people.mallory, first.id, 'permission')).code, 'ownership.not_admin')
  assert.equal((await checked(people.ada, first.id, 'permission')).state, 'passed')
  assert.deepEqual([await rolesOf(people.mallory, first.id), await rolesOf(people.grace, first.id), await rolesOf(people.ada, first.id)], ['', '', 'owner'])
  assert.equal((await register(people.ada, repo)).status, 409)
  const check = await sql(`select id from core.ownership_check where project_id = '${first.id}' and person_id = '${people.ada.person_id}'`)
  assert.equal(await sql(`select string_agg(concat_ws(' ', action, actor_kind, actor_id, object_id, detail::jsonb ->> 'check_id'), ', ' order by id)
    from audit.log where action ~ '^role' and detail::jsonb ->> 'project_id' = '${first.id}'`), [
    `role.granted person person/${people.mallory.person_id} ${people.grace.person_id}`,
    `role.revoked stage sync ${people.grace.person_id} ${check}`, `role.granted stage sync ${people.ada.person_id} ${check}`].join(', '),
  'what the proof gave and took is audited')
})

test('P1, P7: a name that has gone to another repository since is free for its owner', async () => {
  const { id, repo } = await proven(people.grace)
  await control('rename', { repo: repo.name, name: `moved-${serial}` })
  const other = (await control('repo', { owner: 'grace', name: repo.name.split('/')[1] })).repo
  const refused = await register(people.ada, repo)
  assert.deepEqual([refused.status, refused.body.id], [409, id])
  await quiet()
  const made = await register(people.ada, repo)
  assert.equal(made.status, 201, made.text)
  await quiet()
  assert.equal(await sql(`select repo_id from core.project where id = '${made.body.id}'`), String(other.id))
})

test('P4: a file shows that the repository wants to be listed, and no more: no bounty, no role', async () => {
  const repo = await repository('ada')
  const { body } = await register(people.mallory, repo)
  await quiet()
  const missing = await checked(people.mallory, body.id, 'file')
  assert.equal(missing.code, 'ownership.file_missing')
  const { body: { challenge, path } } = await ask(people.mallory, body.id, 'file')
  assert.equal(path, '.well-known/patchwork.json')
  await quiet()
  await control('file', { repo: repo.name, path, text: '{"challenge": "of somebody else"}' })
  assert.equal((await checked(people.mallory, body.id, 'file')).code, 'ownership.file_challenge')
  const { sha } = await control('file', { repo: repo.name, path, text: JSON.stringify({ challenges: ['another', challenge] }) })
  const passed = await checked(people.mallory, body.id, 'file')
  assert.deepEqual([passed.state, passed.commit_sha], ['passed', sha])
  const shown = await project(body.id)
  assert.deepEqual([shown.state, typeof shown.listed_at, shown.owners], ['unverified', 'string', 0])
  const refused = await api.bounty(people.mallory.token, body.id)
  assert.deepEqual([refused.status, refused.body.code], [403, 'project.not_opted_in'])
  assert.equal(await sql(`select count(*) from core.role_grant where project_id = '${body.id}'`), '0')
})

test('P4: the member "patchwork" of FUNDING.json is the other place of that file', async () => {
  if (workers.length === 0) worker()
  const repo = await repository('ada')
  const { body } = await register(people.mallory, repo)
  await quiet()
  const { body: { challenge } } = await ask(people.mallory, body.id, 'file')
  const says = async (funding, own) => {
    await control('file', { repo: repo.name, path: 'FUNDING.json', text: funding && JSON.stringify(funding) })
    const { sha } = await control('file', { repo: repo.name, path: '.well-known/patchwork.json', text: own })
    return { ...await checked(people.mallory, body.id, 'file'), sha }
  }
  assert.equal((await says({ drips: { ethereum: { ownedBy: `0x${'1'.repeat(40)}` } } }, null)).code, 'ownership.file_missing', 'it is for others')
  assert.equal((await says({ challenge }, null)).code, 'ownership.file_missing', 'the member alone counts')
  assert.equal((await says({ patchwork: { challenge: 'of somebody else' } }, null)).code, 'ownership.file_challenge')
  for (const own of [null, '{"challenge": "of somebody else"}', 'no JSON']) {
    const passed = await says({ patchwork: { challenges: ['another', challenge] } }, own)
    assert.deepEqual([passed.state, passed.commit_sha], ['passed', passed.sha], own)
  }
  assert.equal((await says(null, 'no JSON')).code, 'ownership.file_challenge')
  assert.equal((await project(body.id)).state, 'unverified')
})

test(`P5, F15: a role that is lost: degraded by the daily look, killed at ${points('sync.reverify').length} points, or at once by the delivery that says so; new bounties 409, what is open stays`, async () => {
  if (workers.length === 0) worker()
  const { id, repo, check } = await proven()
  const bounty = (await api.bounty(people.ada.token, id)).body.id
  await control('member', { repo: repo.name, user: 'ada', permission: 'read' })
  const look = n => sql(`select q.enqueue('sync', 'sync.reverify', 'test:reverify:${n}', '{}')`)
  await look(1)
  await quiet()
  assert.equal(await stateOf(id), 'verified', 'it was looked at today')
  const [, asked] = (await sql(`update core.ownership_check set checked_at = now() - interval '22 hours 1 minute' where id = '${check.id}' returning id, checked_at`)).split('\n')[0].split('|')
  for (const w of workers.splice(0)) await stop(w)
  const looks = () => sql(`select count(*) from q.job where key like 'check:${check.id}:t%'`)
  const before = Number(await looks())
  await look(2)
  await killed('sync.reverify')
  assert.equal(Number(await looks()), before + 1, 'looked at once')
  assert.equal(await stateOf(id), 'degraded ownership.lost')
  assert.match(readFileSync(new URL('../../sql/cron/defaults.sql', import.meta.url), 'utf8'), /'\d+ \* \* \* \*', 'reverify'/, 'it looks each hour')
  assert.equal(await sql(`select degraded_at + interval '1 hour' < '${asked}'::timestamptz + interval '1 day' from core.project where id = '${id}'`), 't', 'within a day')
  assert.equal(await rolesOf(people.ada, id), '')
  const refused = await api.bounty(people.ada.token, id, { issue_number: 2 })
  assert.deepEqual([refused.status, refused.body.code], [409, 'project.unverified'])
  assert.equal(await sql(`select state from core.bounty where id = '${bounty}'`), 'draft')
  await control('member', { repo: repo.name, user: 'ada', permission: 'admin' })
  await checked(people.ada, id, 'permission')
  assert.deepEqual([await stateOf(id), await rolesOf(people.ada, id)], ['verified', 'owner'])
  await control('member', { repo: repo.name, user: 'ada', permission: 'write' })
  await api.deliver({ action: 'removed', member: { login: 'ada', id: people.ada.uid }, repository: { id: repo.id, full_name: repo.name },
    sender: { login: 'ada', id: 1 } }, { event: 'member' })
  await quiet()
  assert.equal(await stateOf(id), 'degraded ownership.lost', 'by the delivery')
  const took = Number(await sql(`select extract(epoch from p.degraded_at - d.received_at) from core.project p, ingest.delivery d
    where p.id = '${id}' and d.event = 'member' and d.repo_id = p.repo_id`))
  assert.ok(took >= 0 && took <= 60, `${took} s after the delivery came`)
  await sql(`update core.project set degraded_at = now() - interval '31 days' where id = '${id}'`)
  await look(3)
  await quiet()
  assert.match(await stateOf(id), /^lost/)
  assert.equal(await sql(`select count(*) from q.outbox where topic = 'project.lost' and project_id = '${id}'`), '1')
  await control('member', { repo: repo.name, user: 'ada', permission: 'admin' })
  await checked(people.ada, id, 'permission')
  assert.equal(await stateOf(id), 'verified', 'a new proof brings it back')
})

test('P2, P5: the App: installed and administered by the person; asked in the installation\'s name with one token, within its own budget', async () => {
  const repo = await repository('grace')
  const { body } = await register(people.grace, repo)
  await quiet()
  assert.equal((await checked(people.grace, body.id, 'app')).code, 'ownership.not_installed')
  await control('install', { id: 77, account: 'grace', repos: [repo.name] })
  assert.equal((await checked(people.mallory, body.id, 'app')).code, 'ownership.not_admin')
  assert.equal((await checked(people.grace, body.id, 'app')).state, 'passed')
  assert.equal(await stateOf(body.id), 'verified')
  await fetch(`${stack.url('github')}/_control/log`, { method: 'DELETE' })
  for (let i = 0; i < 3; i++) await sql(`select q.enqueue('sync', 'sync.project', 'test:app:${i}', '{"project_id": "${body.id}"}')`)
  await quiet()
  const seen = await log()
  assert.ok(seen.filter(r => /^\/repositories\/\d+$/.test(r.url)).length >= 3)
  assert.ok(seen.filter(r => /access_tokens/.test(r.url)).length <= 1, 'one token serves them all')
  assert.equal(await sql(`select count(*) from ingest.rate_budget where credential = 'installation/77' and resource = 'core'`), '1')
  await control('suspend', { id: 77 })
  await api.deliver({ action: 'suspend', installation: { id: 77 }, repositories: [{ id: repo.id, full_name: repo.name }] }, { event: 'installation' })
  await quiet()
  assert.match(await stateOf(body.id), /^degraded/)
  assert.equal((await checked(people.grace, body.id, 'app')).code, 'ownership.suspended')
  await control('suspend', { id: 77, on: false })
  await api.deliver({ action: 'unsuspend', installation: { id: 77 }, repositories: [{ id: repo.id, full_name: repo.name }] }, { event: 'installation' })
  await quiet()
  assert.equal(await stateOf(body.id), 'verified')
  await control('install', { id: 77, account: 'grace', repos: [] })
  await api.deliver({ action: 'removed', installation: { id: 77 }, repositories_removed: [{ id: repo.id, full_name: repo.name }] }, { event: 'installation_repositories' })
  await quiet()
  assert.equal(await stateOf(body.id), 'degraded installation.removed')
})

test(`P3, P6, F15: a webhook is made once with the person's own token, and its signed ping shows who may administer; killed at ${points('sync.hook').length} points`, async () => {
  const ivan = await person('ivan')
  if (workers.length === 0) worker()
  await token(ivan)
  const repo = await repository('ivan')
  const { body } = await register(ivan, repo)
  await quiet()
  for (const w of workers.splice(0)) await stop(w)
  const asked = await ask(ivan, body.id, 'ping')
  assert.equal(asked.status, 202, asked.text)
  await killed('sync.hook')
  const [hook, ...more] = await hooksOf(repo)
  assert.deepEqual(more, [], 'one hook, whenever the worker was killed')
  await until('the ping is taken', async () => (await checks(body.id))[0].state === 'passed')
  assert.deepEqual([await stateOf(body.id), await rolesOf(ivan, body.id)], ['verified', 'owner'])
  assert.match(hook.secret, /^[0-9a-f]{64}$/)
  assert.equal(await sql(`select count(*) from core.hook where position(convert_to('${hook.secret}', 'UTF8') in secret) > 0`), '0', 'sealed')
  const ping = { zen: 'Keep it logically awesome.', hook_id: hook.id, repository: { id: repo.id, full_name: repo.name } }
  assert.equal(await deliver(hook.url, null, 'ping', ping), 401, 'unsigned')
  assert.equal(await deliver(hook.url, 'ab'.repeat(32), 'ping', ping), 401, 'by another secret')
  assert.equal(await deliver(hook.url, api.secret, 'ping', ping), 401, 'by the secret of the process')
  assert.equal(await deliver(hook.url.replace(/[^/]+$/, randomUUID()), hook.secret, 'ping', ping), 401, 'to a hook that there is not')
  const other = await repository('grace')
  const { body: theirs } = await register(people.grace, other)
  await quiet()
  assert.equal(await deliver(hook.url, hook.secret, 'ping', { ...ping, repository: { id: other.id, full_name: other.name } }), 200)
  await quiet()
  assert.equal(await stateOf(theirs.id), 'unverified', 'the secret of one repository says nothing about another')
  assert.equal(await sql(`select count(*) from ingest.delivery where reason = 'hook.repository'`), '1')
})

test('P3: who may only write cannot have a hook made, nor who has no token of his own', async () => {
  const repo = await repository('ivan')
  const { body } = await register(people.ivan, repo)
  await token(people.grace)
  await control('member', { repo: repo.name, user: 'grace', permission: 'write' })
  assert.equal((await checked(people.grace, body.id, 'ping')).code, 'ownership.not_admin')
  assert.equal((await checked(people.grace, body.id, 'permission')).code, 'ownership.not_admin', 'by the token, too')
  assert.equal((await checked(people.mallory, body.id, 'ping')).code, 'ownership.no_token')
  assert.deepEqual(await hooksOf(repo), [])
})

test('P3: a token that GitHub takes no more, and a repository that has no room for a hook, show nothing', async () => {
  const repo = await repository('ivan')
  const { body } = await register(people.ivan, repo)
  await quiet()
  await control('fault', { match: { path: `^/repositories/${repo.id}$` }, status: 401, json: { message: 'Bad credentials' } })
  assert.equal((await checked(people.ivan, body.id, 'permission')).code, 'ownership.token_refused')
  await control('fault', { match: { method: 'POST', path: '/hooks$' }, status: 422, json: { message: 'The "push" event cannot have more than 20 hooks' } })
  assert.equal((await checked(people.ivan, body.id, 'ping')).code, 'github.hook_limit')
})

test('P3, P5: a ping counts for a week: another one is asked for before its end; when none comes the only proof lapses', async () => {
  if (workers.length === 0) worker()
  const repo = await repository('ivan')
  const { body: { id } } = await register(people.ivan, repo)
  await quiet()
  await ask(people.ivan, id, 'ping')
  await until('the ping is taken', async () => (await checks(id))[0]?.state === 'passed')
  const hook = expression => sql(`select ${expression} from core.hook where project_id = '${id}'`)
  const left = text => sql(`update core.hook set ping_until = now() + interval '${text}', ping_asked_at = null where project_id = '${id}'`)
  const look = async kind => { await sql(`select q.enqueue('sync', 'sync.${kind}', 'test:${randomUUID()}', '{}')`); await quiet() }
  const asked = async () => (await log()).filter(r => r.method === 'POST' && r.url.startsWith(`/repositories/${repo.id}/hooks`) && r.url.endsWith('/pings')).length
  assert.equal(await hook(`ping_until - pinged_at`), '7 days')
  const before = await asked()
  await look('hooks')
  assert.equal(await asked(), before, 'it is young')
  await left('22 hours')
  await look('hooks')
  await until('another ping is taken', async () => await hook(`ping_until > now() + interval '6 days'`) === 't')
  assert.equal(await asked(), before + 1)
  await control('hook', { repo: repo.name, mute: true })
  await left('22 hours')
  await look('hooks')
  await look('hooks')
  assert.equal(await asked(), before + 2, 'once an hour')
  await look('reverify')
  assert.equal(await stateOf(id), 'verified', 'until its end')
  await left('-1 seconds')
  await look('reverify')
  assert.deepEqual([await stateOf(id), await rolesOf(people.ivan, id)], ['degraded ownership.lost', ''])
  assert.equal((await checks(id))[0].code, 'ownership.ping_late')
  await sql(`update core.ownership_check set checked_at = now() - interval '23 hours' where project_id = '${id}'`)
  await look('reverify')
  assert.equal(await stateOf(id), 'degraded ownership.lost', 'that GitHub calls him an administrator is another proof')
  await control('member', { repo: repo.name, user: 'ivan', permission: 'read' })
  await control('happen', { repo: repo.name, event: 'ping' })
  await until('he is asked about', async () => (await checks(id))[0].code === 'ownership.not_admin')
  assert.equal(await stateOf(id), 'degraded ownership.lost', 'another administrator had it pinged')
  await control('member', { repo: repo.name, user: 'ivan', permission: 'admin' })
  await control('hook', { repo: repo.name, mute: false })
  await left('-1 seconds')
  await look('hooks')
  await until('a ping brings it back', async () => await stateOf(id) === 'verified')
  assert.deepEqual([await rolesOf(people.ivan, id), (await checks(id))[0].state], ['owner', 'passed'])
})

test('P3: a delivery that was kept and is sent again as a ping makes no administrator of who was one', async () => {
  if (workers.length === 0) worker()
  const repo = await repository('ivan')
  const { body: { id } } = await register(people.ivan, repo)
  await quiet()
  await ask(people.ivan, id, 'ping')
  await until('the ping is taken', async () => (await checks(id))[0]?.state === 'passed')
  const [hook] = await hooksOf(repo)
  await control('member', { repo: repo.name, user: 'ivan', permission: 'read' })
  await api.deliver({ action: 'removed', member: { login: 'ivan', id: people.ivan.uid }, repository: { id: repo.id, full_name: repo.name },
    sender: { login: 'ada', id: 1 } }, { event: 'member' })
  await until('he is asked about', async () => (await checks(id))[0].code === 'ownership.not_admin')
  for (const w of workers.splice(0)) await stop(w)
  await control('fault', { match: { path: `/hooks/${hook.id}/pings$` }, times: 1, status: 502 }) // his own question comes later
  assert.equal((await ask(people.ivan, id, 'ping')).body.state, 'pending')
  const kept = { action: 'opened', issue: { number: 1 }, repository: { id: repo.id, full_name: repo.name } }
  assert.equal(await deliver(hook.url, hook.secret, 'ping', kept), 200)
  worker()
  await until('GitHub has said', async () => (await checks(id))[0].state !== 'pending')
  await quiet()
  assert.equal((await checks(id))[0].code, 'ownership.not_admin')
  assert.equal(await sql(`select count(*) from core.role_grant where project_id = '${id}' and person_id = '${people.ivan.person_id}'`), '1', 'the one of before')
  assert.deepEqual([await stateOf(id), await rolesOf(people.ivan, id)], ['degraded ownership.lost', ''])
})

async function run(...words) {
  const env = words.pop()
  const [file, ...args] = command(stack, ...words)
  return promisify(execFile)(file, args, { env: { ...process.env, ...stack.as('patchwork_worker'), ...env } })
}

// A project of ivan's with a hook that works.
async function hooked() {
  if (workers.length === 0) worker()
  if (!people.ivan) await token(await person('ivan'))
  const repo = await repository('ivan')
  const { body } = await register(people.ivan, repo)
  await quiet()
  assert.equal((await checked(people.ivan, body.id, 'permission')).state, 'passed')
  const none = await api.post(`/v1/projects/${body.id}/hook/rotate`, undefined, { token: people.ivan.token })
  assert.deepEqual([none.status, none.body.code], [409, 'hook.none'])
  const made = await api.post(`/v1/projects/${body.id}/hook`, undefined, { token: people.ivan.token })
  assert.equal(made.status, 202, made.text)
  await until('the hook works', async () => (await project(body.id)).hook?.pinged_at)
  return { id: body.id, repo, hook: (await hooksOf(repo))[0] }
}

test(`P6, F15: another secret: both pass for a day, then the new one alone; killed at ${points('sync.rotate').length} points`, async () => {
  const { id, repo, hook } = await hooked()
  const mine = body => ({ ...body, repository: { id: repo.id, full_name: repo.name } })
  for (const w of workers.splice(0)) await stop(w)
  const turned = await api.post(`/v1/projects/${id}/hook/rotate`, undefined, { token: people.ivan.token })
  assert.equal(turned.status, 202, turned.text)
  await killed('sync.rotate')
  const [now] = await hooksOf(repo)
  assert.deepEqual([now.id, now.secret === hook.secret], [hook.id, false])
  const again = await api.post(`/v1/projects/${id}/hook/rotate`, undefined, { token: people.ivan.token })
  assert.deepEqual([again.status, again.body.code], [409, 'hook.rotated'], 'the one before is not dropped within its day')
  for (const secret of [hook.secret, now.secret]) assert.equal(await deliver(hook.url, secret, 'ping', mine({ zen: secret })), 200)
  await sql(`update core.hook set before_until = now() where project_id = '${id}'`)
  assert.equal(await deliver(hook.url, hook.secret, 'ping', mine({ zen: 'late' })), 401)
  assert.equal(await deliver(hook.url, now.secret, 'ping', mine({ zen: 'new' })), 200)
  assert.equal(await sql(`select count(*) from core.hook where project_id = '${id}' and serial = 2 and secret_next is null`), '1')
  const [old, next] = [stack.path('secrets/seal-key'), stack.path('secrets/seal-key-next')]
  writeFileSync(next, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 })
  const rewrap = (one, other) => run('keys', 'rewrap', '--reason', 'yearly', { PATCHWORK_SEAL_KEY_FILE: one, PATCHWORK_SEAL_KEY_FILE_OTHER: other })
  const [keyId] = (await sql('select distinct key_id from core.hook where gone_at is null')).split('\n')
  await rewrap(next, old)
  assert.equal(await sql(`select count(*) from core.hook where gone_at is null and key_id = '${keyId}'`), '0')
  await rewrap(old, next)
  assert.equal(await sql(`select count(*) from core.hook where gone_at is null and key_id <> '${keyId}'`), '0')
  assert.equal(await deliver(hook.url, now.secret, 'ping', mine({ zen: 'sealed twice' })), 200, 'there and back again')
  const stranger = await api.post(`/v1/projects/${id}/hook/rotate`, undefined, { token: people.mallory.token })
  assert.deepEqual([stranger.status, stranger.body.code], [403, 'auth.role'])
  await quiet()
})

test('P6: a hook that was made before we wanted an event is told to deliver it, once, and keeps a secret', async () => {
  const { id, repo, hook } = await hooked()
  const look = async () => { await sql(`select q.enqueue('sync', 'sync.hooks', 'test:${randomUUID()}', '{}')`); await quiet() }
  const seen = async method => (await log()).filter(r => r.method === method && r.url.endsWith(`/hooks/${hook.id}`)).length
  assert.ok(hook.events.includes('push'))
  await control('hook', { repo: repo.name, events: hook.events.filter(e => e !== 'push') })
  await sql(`update core.hook set events_at = null where project_id = '${id}'`)
  await look()
  const [now] = await hooksOf(repo)
  assert.deepEqual([now.id, now.events, now.secret === hook.secret], [hook.id, hook.events, true])
  assert.equal(await sql(`select events_at is not null from core.hook where project_id = '${id}'`), 't')
  const counts = [await seen('GET'), await seen('PATCH')]
  assert.equal(counts[1], 1)
  await look()
  assert.deepEqual([await seen('GET'), await seen('PATCH')], counts, 'it is looked at once a day')
  await sql(`update core.hook set events_at = now() - interval '25 hours' where project_id = '${id}'`)
  await look()
  assert.deepEqual([await seen('GET'), await seen('PATCH')], [counts[0] + 1, 1], 'what it delivers already needs no word')
  await control('hook', { repo: repo.name, events: ['issues'], forgets: true })
  await sql(`update core.hook set events_at = null where project_id = '${id}'`)
  await look()
  const [bare] = await hooksOf(repo)
  assert.deepEqual([bare.events, bare.secret === hook.secret], [hook.events, false])
  assert.match(bare.secret ?? 'none', /^[0-9a-f]{64}$/, 'what a change took away is made anew')
  assert.equal(await deliver(bare.url, bare.secret, 'ping', { zen: 'signed', repository: { id: repo.id, full_name: repo.name } }), 200)
  assert.equal(await sql(`select serial, events_at is null from core.hook where project_id = '${id}'`), '2|t', 'it is looked at once more')
  await look()
  assert.equal(await sql(`select serial, events_at is null from core.hook where project_id = '${id}'`), '2|f')
})

test('I10: a look that changes what a hook delivers leaves the ping it is due to the next one: a write in a turn', async () => {
  const { id, repo, hook } = await hooked()
  const look = async () => { await sql(`select q.enqueue('sync', 'sync.hooks', 'test:${randomUUID()}', '{}')`); await quiet() }
  const wrote = async () => (await log()).filter(r => r.method !== 'GET' && new RegExp(`/hooks/${hook.id}(/|$)`).test(r.url))
    .map(r => `${r.method} ${r.url.split('/').at(-1) === 'pings' ? 'ping' : 'hook'}`)
  const before = (await wrote()).length
  await control('hook', { repo: repo.name, events: ['issues'], mute: true })
  await sql(`update core.hook set events_at = null, pinged_at = null where project_id = '${id}'`)
  await look()
  assert.deepEqual((await wrote()).slice(before), ['PATCH hook'])
  assert.equal(await sql(`select ping_asked_at is null from core.hook where project_id = '${id}'`), 't', 'nobody was asked for it')
  await look()
  assert.deepEqual((await wrote()).slice(before), ['PATCH hook', 'POST ping'])
  await control('unhook', { repo: repo.name })
})

test('P11, F15: what did not arrive is found, asked for again once, and shown; killed at every point of these jobs', async () => {
  const { id, repo } = await hooked()
  await control('issue', { repo: repo.name, user: 'grace', title: 'It stalls' })
  await control('clock', { skew: -120 })
  const { sent: [lost] } = await control('happen', { repo: repo.name, event: 'issues', action: 'opened', number: 1, lost: true })
  const { sent: [fine] } = await control('happen', { repo: repo.name, event: 'issues', action: 'edited', number: 1 })
  await control('clock', { skew: 0 })
  assert.deepEqual([lost.status, fine.status], [502, 202])
  await quiet()
  for (const w of workers.splice(0)) await stop(w)
  for (const kind of ['sync.hooks', 'sync.health', 'sync.redeliver']) {
    if (kind === 'sync.hooks') await sql(`select q.enqueue('sync', 'sync.hooks', 'test:hooks', '{}')`)
    for (const point of points(kind))
      assert.equal(await Promise.race([ended(worker({ PATCHWORK_FAULT: `${point}:kill` })), quiet().then(() => 'all is done')]), 'SIGKILL', point)
  }
  worker()
  await quiet()
  assert.equal(await sql(`select count(*) from ingest.delivery_key where guid in ('${lost.guid}', '${fine.guid}')`), '2')
  const { hook } = await project(id)
  assert.deepEqual([hook.failed, hook.missing, hook.redelivered], [1, 0, 1])
  assert.ok(hook.looked_at && hook.last_event_at)
  await sql(`select q.enqueue('sync', 'sync.hooks', 'test:hooks:2', '{}')`)
  await quiet()
  assert.equal(await sql(`select count(*) from q.job where kind = 'sync.redeliver'`), '1', 'each once')
  await control('unhook', { repo: repo.name })
  await sql(`select q.enqueue('sync', 'sync.hooks', 'test:hooks:3', '{}')`)
  await quiet()
  assert.equal((await project(id)).hook, null, 'a hook that somebody removed is gone here, too')
  assert.equal(await sql(`select r.output ->> 'gone' from q.run r join q.job j on j.id = r.job_id join core.hook h on h.id::text = j.args ->> 'hook_id'
    where j.kind = 'sync.health' and r.state = 'done' and h.project_id = '${id}' order by r.job_id desc limit 1`), 'ownership.hook_gone')
})

// What sync.hooks does at its next tick; the pauses between two asks are over.
async function lookAgain(id) {
  await sql(`update ingest.hook_delivery set ask_at = now() where hook_id in (select id from core.hook where project_id = '${id}')`)
  await sql(`select q.enqueue('sync', 'sync.hooks', 'test:${randomUUID()}', '{}')`)
  await quiet()
}

test('I8, F2: a delivery whose redelivery is lost, too, is asked for again until it comes, after growing pauses', async () => {
  const { id, repo } = await hooked()
  await control('issue', { repo: repo.name, user: 'grace', title: 'It stalls twice' })
  await control('clock', { skew: -120 })
  const { sent: [{ guid }] } = await control('happen', { repo: repo.name, event: 'issues', action: 'opened', number: 1, lost: 3 })
  await control('clock', { skew: 0 })
  const came = () => sql(`select count(*) from ingest.delivery_key where guid = '${guid}'`)
  const row = what => sql(`select ${what} from ingest.hook_delivery where guid = '${guid}'`)
  const tries = async () => (await hooksOf(repo))[0].deliveries.filter(d => d.guid === guid).length
  await lookAgain(id)
  assert.deepEqual([await came(), await tries()], ['0', 2], 'GitHub took the ask, and its delivery got no answer')
  assert.equal(await row(`ask_at between now() + interval '8 minutes' and now() + interval '10 minutes'`), 't')
  await sql(`select q.enqueue('sync', 'sync.hooks', 'test:${randomUUID()}', '{}')`)
  await quiet()
  assert.equal(await tries(), 2, 'not before the pause is over')
  await lookAgain(id)
  assert.deepEqual([await came(), await tries()], ['0', 3])
  assert.equal(await row(`ask_at between now() + interval '16 minutes' and now() + interval '20 minutes'`), 't', 'twice as long')
  await lookAgain(id)
  assert.deepEqual([await came(), await tries()], ['1', 4])
  await lookAgain(id)
  assert.deepEqual([await tries(), await row('asks, arrived_at is not null, given_up_at is null')], [4, '3|t|t'])
  const { hook } = await project(id)
  assert.deepEqual([hook.failed, hook.missing, hook.redelivered, hook.given_up], [1, 0, 1, 0])
  await control('unhook', { repo: repo.name })
})

test('I8, F9: more deliveries were lost than one look reads: the next goes on where it stopped, to the last', async () => {
  const { id, repo } = await hooked()
  await control('issue', { repo: repo.name, user: 'grace', title: 'Many are lost' })
  await control('hook', { repo: repo.name, page: 1 })
  await control('clock', { skew: -120 })
  const guids = []
  for (let i = 0; i < 12; i++) guids.push((await control('happen', { repo: repo.name, event: 'issues', action: 'edited', number: 1, lost: true })).sent[0].guid)
  await control('clock', { skew: 0 })
  await lookAgain(id)
  assert.equal(await sql(`select count(*) from ingest.delivery_key where guid in ('${guids.join("','")}')`), '12')
  const [looks, began, looked] = (await sql(`select count(*), bool_and((j.args ->> 'began')::timestamptz < j.created_at), bool_and(h.looked_at >= (j.args ->> 'began')::timestamptz)
    from q.job j join core.hook h on h.id::text = j.args ->> 'hook_id' where j.kind = 'sync.health' and j.args ? 'page' and h.project_id = '${id}'`)).split('|')
  assert.ok(looks >= 2, `five pages in each: ${looks} more`)
  assert.deepEqual([began, looked], ['t', 't'], 'all is known until the first of these looks began')
  await control('unhook', { repo: repo.name })
})

test('I8, F9: a later page that GitHub does not find is no hook that is gone: what is behind it is read by the next look', async () => {
  const { id, repo, hook } = await hooked()
  await control('issue', { repo: repo.name, user: 'grace', title: 'Pages are lost' })
  await control('hook', { repo: repo.name, page: 1 })
  await control('clock', { skew: -120 })
  const guids = []
  for (let i = 0; i < 4; i++) guids.push((await control('happen', { repo: repo.name, event: 'issues', action: 'edited', number: 1, lost: true })).sent[0].guid)
  await control('clock', { skew: 0 })
  await control('fault', { match: { path: `/hooks/${hook.id}/deliveries.*[?&]page=3` }, times: 2, status: 404, json: { message: 'Not Found' } })
  const looked = () => sql(`select gone_at is null, looked_at from core.hook where project_id = '${id}'`)
  const came = () => sql(`select count(*) from ingest.delivery_key where guid in ('${guids.join("','")}')`)
  const before = await looked()
  await lookAgain(id)
  assert.deepEqual([await looked(), await came()], [before, '2'], 'it is there, and not known to have been looked at')
  assert.equal(await sql(`select string_agg(r.output ->> 'page', ',') from q.run r join q.job j on j.id = job_id where j.kind = 'sync.health' and j.args ? 'page'
    and j.project_id = '${id}'`), 'lost')
  await lookAgain(id)
  assert.equal(await came(), '4')
  assert.notEqual(await looked(), before)
  assert.match(await looked(), /^t/)
  await control('unhook', { repo: repo.name })
})

test('I8, P11: what GitHub delivers no more, after three days, is given up, and shown as that', async () => {
  const { id, repo } = await hooked()
  await control('issue', { repo: repo.name, user: 'grace', title: 'It never came' })
  await control('clock', { skew: -120 })
  const { sent: [{ guid }] } = await control('happen', { repo: repo.name, event: 'issues', action: 'opened', number: 1, lost: 99 })
  await control('clock', { skew: 0 })
  const asks = () => sql(`select asks, given_up_at is not null from ingest.hook_delivery where guid = '${guid}'`)
  await lookAgain(id)
  await lookAgain(id)
  assert.equal(await asks(), '2|f')
  await sql(`update ingest.hook_delivery set delivered_at = now() - interval '73 hours' where guid = '${guid}'`)
  await lookAgain(id)
  await lookAgain(id)
  assert.equal(await asks(), '2|t')
  const { hook } = await project(id)
  assert.deepEqual([hook.failed, hook.missing, hook.given_up], [1, 1, 1])
  const missed = async (...words) => (await run('hooks', 'missed', '--json', ...words, stack.as('patchwork_operator'))).stdout.trim().split('\n').map(l => JSON.parse(l))
  const [one, ...more] = await missed('--project', id)
  assert.deepEqual([one.guid, one.project, one.event, one.status, one.state, one.asks, more.length], [guid, repo.name, 'issues', 502, 'given_up', 2, 0])
  const all = await missed()
  assert.equal(all.filter(m => m.state === 'arrived' && m.arrived_at && m.asks === 3).length, 1, 'what was restored is in the report, too')
  assert.equal(all.length, Number(await sql('select count(*) from ingest.hook_delivery')))
  assert.equal(await sql(`select sum((output ->> 'given_up')::int) from q.run join q.job on id = job_id where kind = 'sync.hooks'`), '1', 'said once')
  await control('unhook', { repo: repo.name })
})

// A push of the project's policy file, as GitHub tells it; lying: it names another commit.
async function pushed(repo, text, { at = Math.floor(Date.now() / 1000), names = true, after } = {}) {
  const { sha } = await control('file', { repo: repo.name, path: POLICY, text })
  const commit = { id: sha, added: [], removed: [], modified: names ? ['README.md', POLICY] : ['README.md'] }
  await api.deliver({ ref: 'refs/heads/main', before: '0'.repeat(40), after: after ?? sha, forced: false, commits: [commit],
    repository: { id: repo.id, full_name: repo.name, default_branch: 'main', pushed_at: at }, sender: { login: 'ada', id: 1 } }, { event: 'push' })
  await quiet()
  return sha
}
const sha = text => createHash('sha256').update(text).digest('hex')
const readings = id => sql(`select string_agg(v.commit_sha || ' ' || coalesce(v.code, 'valid'), ',' order by r.id)
  from core.policy_reading r join core.policy_version v on v.id = r.version_id where r.project_id = '${id}'`)

test('P6: a hook that is made, and whose secret is rotated, in the name of an installation of the App: its owner has no token', async () => {
  const nora = await person('nora')
  if (workers.length === 0) worker()
  const repo = await repository('nora')
  const { body: { id } } = await register(nora, repo)
  await quiet()
  await control('install', { id: 88, account: 'nora', repos: [repo.name] })
  assert.equal((await checked(nora, id, 'app')).state, 'passed')
  const made = await api.post(`/v1/projects/${id}/hook`, undefined, { token: nora.token })
  assert.equal(made.status, 202, made.text)
  await until('the hook works', async () => (await project(id)).hook?.pinged_at)
  await quiet()
  const [hook, ...more] = await hooksOf(repo)
  assert.deepEqual(more, [])
  assert.equal(await sql(`select count(*) from core.account_token where person_id = '${nora.person_id}'`), '0')
  assert.equal(await sql(`select count(*) from ingest.rate_budget where credential = 'installation/88' and resource = 'core'`), '1')
  const turned = await api.post(`/v1/projects/${id}/hook/rotate`, undefined, { token: nora.token })
  assert.equal(turned.status, 202, turned.text)
  await quiet()
  const [now] = await hooksOf(repo)
  assert.deepEqual([now.id, now.secret === hook.secret], [hook.id, false])
  for (const secret of [hook.secret, now.secret])
    assert.equal(await deliver(hook.url, secret, 'ping', { zen: secret, repository: { id: repo.id, full_name: repo.name } }), 200)
  await quiet()
})

test(`P10, F15: a policy file is read at a commit and kept as a version, though a worker is killed at each of ${points('sync.policy').length} points`, async () => {
  const repo = await repository('ada')
  const text = JSON.stringify({ version: 1, evidence: 4, branches: ['stable'], require: ['review'] })
  const { sha: first } = await control('file', { repo: repo.name, path: POLICY, text })
  const { body: { id } } = await register(people.ada, repo)
  await quiet()
  assert.equal((await project(id)).policy, null, 'nobody has shown that it is theirs')
  await checked(people.ada, id, 'permission')
  const shown = await project(id)
  assert.deepEqual([shown.policy.commit_sha, shown.policy.sha256, shown.policy_refused], [first, sha(text), null], 'read when it is verified')
  assert.deepEqual(shown.policy.rules, { version: 1, evidence: 4, bounties: 'anyone', branches: ['stable'], require: ['review'], paths: [] })
  for (const w of workers.splice(0)) await stop(w)
  const { sha: second } = await control('file', { repo: repo.name, path: POLICY, text: '{"version": 1}' })
  await sql(`select q.enqueue('sync', 'sync.policy', 'test:killed:${id}', '{"project_id": "${id}"}')`)
  await killed('sync.policy')
  assert.equal(await readings(id), `${first} valid,${second} valid`, 'each once')
  assert.equal(await sql(`select string_agg(body ->> 'commit_sha', ',' order by created_at) from q.outbox
    where topic = 'project.policy' and project_id = '${id}'`), `${first},${second}`)
})

test('P10: an invalid file leaves the last valid one in force and says so; a push that touches it and a daily look read it again', async () => {
  const { id, repo } = await proven()
  const seen = []
  const good = '{"version": 1, "require": ["checks"]}'
  const at = Math.floor(Date.now() / 1000)
  seen.push(`${await pushed(repo, good, { at })} valid`)
  const { policy } = await project(id)
  assert.equal(policy.sha256, sha(good))
  const looked = Number(await sql(`select extract(epoch from r.since) from core.policy_reading r where project_id = '${id}'`))
  assert.ok(looked >= at - 1, 'it does not count from before it was looked for')
  for (const [text, code] of [['{"version": 1, "colour": "red"}', 'policy.unknown_key'], ['{"version": 1', 'policy.malformed'],
    ['{"version": 1, "version": 1}', 'policy.malformed'], ['{"version": 2, "new": 1}', 'policy.version'], ['{"evidence": 3}', 'policy.value'],
    ['{"version": 1, "evidence": 2}', 'policy.value'], ['{"version": 1, "require": ["labels"]}', 'policy.value'], ['', 'policy.malformed'],
    ['[]', 'policy.value'], ['{"version": 1, "branches": ["a b"]}', 'policy.value'], ['{"version": 1, "paths": ["src/[ab]"]}', 'policy.value'], [' '.repeat(70_000), 'policy.too_large']]) {
    seen.push(`${await pushed(repo, text)} ${code}`)
    const now = await project(id)
    assert.deepEqual([now.policy_refused?.code, now.policy], [code, policy], text.slice(0, 40))
    assert.equal(now.policy_refused.commit_sha, seen.at(-1).split(' ')[0])
  }
  assert.equal(await readings(id), seen.join(','))
  await pushed(repo, good, { names: false })
  assert.equal(await readings(id), seen.join(','), 'a push that does not touch it is not looked at')
  await sql(`select q.enqueue('sync', 'sync.reverify', 'test:policy:${id}', '{}')`)
  await quiet()
  const again = await project(id)
  assert.deepEqual([again.policy.sha256, again.policy_refused], [sha(good), null], 'the daily look finds it')
  await pushed(repo, null)
  assert.deepEqual([(await project(id)).policy, (await project(id)).policy_refused], [null, null], 'a file that is gone says nothing any more')
  const versions = await sql(`select count(*), count(distinct (commit_sha, sha256)) from core.policy_version where project_id = '${id}'`)
  assert.equal(versions, `${seen.length + 2}|${seen.length + 2}`)
})

test('P9: third parties put no money on a repository that has not opted in, nor where its policy says members: 403', async () => {
  if (workers.length === 0) worker()
  const unproven = await register(people.ada, await repository('ada'))
  await quiet()
  const no = answer => assert.deepEqual([answer.status, answer.body.code], [403, 'project.not_opted_in'], answer.text)
  no(await api.bounty(people.grace.token, unproven.body.id))
  const { id, repo } = await proven()
  const made = async (who, n) => api.bounty(who.token, id, { issue_number: n })
  const fund = (who, bounty) => api.post(`/v1/bounties/${bounty.body.id}/fund`, { tx_hash: `0x${randomBytes(32).toString('hex')}` }, { token: who.token })
  const early = await made(people.grace, 1)
  assert.equal(early.status, 201, 'whoever verifies a repository opts in')
  await pushed(repo, '{"version": 1, "bounties": "members"}')
  no(await made(people.grace, 2))
  no(await fund(people.grace, early))
  const own = await made(people.ada, 3)
  assert.equal(own.status, 201, own.text)
  await sql(`insert into core.role_grant (person_id, role, project_id, granted_by) values ('${people.grace.person_id}', 'reviewer', '${id}', 'test')`)
  assert.equal((await made(people.grace, 4)).status, 201)
  no(await made(people.mallory, 5))
  await pushed(repo, '{"version": 1, "bounties": "nobody"}')
  no(await made(people.mallory, 6))
  await pushed(repo, null)
  const late = await made(people.mallory, 6)
  assert.equal(late.status, 201)
  await pushed(repo, '{"version": 1, "bounties": "members"}')
  no(await fund(people.mallory, late))
  assert.equal((await fund(people.mallory, own)).status, 202, 'into a member\'s bounty')
})

test('P1: registering has a window of its own', async () => {
  const at = await fetch(`${api.url}/openapi.json`).then(r => r.json())
  assert.ok(at.paths['/v1/projects'].post && at.paths['/v1/projects/{id}/checks'].post)
  const made = await register(people.ada, await repository('ada'))
  assert.match(made.headers.get('ratelimit-policy') ?? '', /project/)
})
