// A9: every route is called as every role, and does what openapi.json says of it; T9: what belongs to somebody else's private
// project is not there, by any route that takes an id.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { contribution, startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const GLOBAL = ['admin', 'operator', 'auditor']
const PROJECT = ['owner', 'maintainer', 'reviewer', 'contributor']
const OBJECT = ['funder', 'claimant', 'arbiter']
const ROLES = [...GLOBAL, ...PROJECT, ...OBJECT]

let api, document, people
const world = {} // public and private: the ids that paths take
before(async () => {
  api = await startApi()
  document = (await api.get('/openapi.json')).body
  people = {}
  for (const role of [...ROLES, 'signed-in']) {
    const account = privateKeyToAccount(generatePrivateKey())
    people[role] = { account, ...await api.signIn(account) }
  }
  const grant = (role, project = null, bounty = null) => api.sql(`insert into core.role_grant (person_id, role, project_id, bounty_id, granted_by)
    values ('${people[role].person_id}', '${role}', ${project ? `'${project}'` : null}, ${bounty ? `'${bounty}'` : null}, 'test')`)
  for (const role of GLOBAL) await grant(role)
  for (const [name, number] of [['public', 11], ['private', 12]]) {
    const project = await api.verifiedProject(people.owner.token, `ada/${name}`, number)
    const { body } = await api.bounty(people.funder.token, project)
    const c = await contribution(api, { project, bounty: body.id, person: people.claimant.person_id, number })
    await api.sql(`insert into core.ownership_check (project_id, person_id, method, state, checked_at, proven_at, runs)
      values ('${project}', '${people.owner.person_id}', 'permission', 'passed', now(), now(), 1)`)
    for (const role of PROJECT) await grant(role, project)
    await grant('arbiter', null, body.id)
    const job = await api.sql(`select max(id) from q.job where project_id = '${project}'`)
    world[name] = { project, bounty: body.id, ...c, job }
  }
  await api.sql(`update core.project set private = true where id = '${world.private.project}'`)
})
after(() => api.stop())

const operations = () => Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, op]) => ({ path, method: method.toUpperCase(), op })))
const nobody = '00000000-0000-7000-8000-000000000000'
const idOf = (path, name, w) => {
  if (name === 'cid') return w.cid
  if (path.startsWith('/v1/explain')) return name === 'kind' ? 'bounty' : w.bounty
  if (name === 'kind') return 'pull'
  if (name === 'grant' || name === 'account') return nobody
  if (path.startsWith('/v1/lineage')) return w.pull
  if (/^\/v1\/(jobs|replays)/.test(path)) return w.job
  if (/^\/v1\/(auth|me|roles|sessions|tokens|wallets|webhooks)/.test(path)) return nobody
  return w[path.split('/')[2].replace(/ies$/, 'y').replace(/s$/, '')]
}
const filled = (path, w) => path.replaceAll(/\{([a-z_]+)\}/g, (_, name) => idOf(path, name, w))
// Bodies are empty: who may is decided before what is asked.
const call = ({ path, method }, role, w) => api.ask(method, filled(path, w), {
  ...(people[role] && { token: people[role].token }), ...(method === 'POST' && !/logout|\/hook/.test(path) && { body: {} }),
})

test('A9: what the routes with roles of their own want, written here a second time', () => {
  const wanted = {
    'GET /v1/runs': GLOBAL, 'GET /v1/stages': GLOBAL, 'GET /v1/pauses': GLOBAL, 'GET /v1/replays': GLOBAL, 'GET /v1/audit': GLOBAL,
    'GET /v1/explain/{kind}/{id}': GLOBAL, 'POST /v1/replays/preview': GLOBAL,
    'POST /v1/pauses': ['admin', 'operator'], 'POST /v1/pauses/end': ['admin', 'operator'], 'POST /v1/replays': ['admin', 'operator'],
    'POST /v1/replays/{id}/stop': ['admin', 'operator'], 'POST /v1/jobs/{id}/retry': ['admin', 'operator'], 'POST /v1/jobs/{id}/cancel': ['admin', 'operator'],
    'GET /v1/roles': ['admin', 'operator', 'auditor'], 'POST /v1/roles': ['admin'], 'DELETE /v1/roles/{id}': ['admin'],
    'GET /v1/projects/{id}/roles': ['admin', 'operator', 'auditor', 'owner', 'maintainer'],
    'POST /v1/projects/{id}/roles': ['admin', 'owner'], 'POST /v1/projects/{id}/hook': ['admin', 'owner'], 'POST /v1/projects/{id}/hook/rotate': ['admin', 'owner'], 'DELETE /v1/projects/{id}/roles/{grant}': ['admin', 'owner'],
    'POST /v1/projects/{id}/accounts': ['admin', 'owner', 'maintainer'], 'POST /v1/projects/{id}/accounts/challenge': ['admin', 'owner', 'maintainer'],
    'POST /v1/projects/{id}/accounts/contract': ['admin', 'owner', 'maintainer'], 'DELETE /v1/projects/{id}/accounts/{account}': ['admin', 'owner', 'maintainer'],
    'POST /v1/payouts/{id}/retry': ['admin', 'operator'],
  }
  const said = operations().filter(o => !['anyone', 'signed-in', 'github'].includes(o.op['x-roles'][0]))
  assert.deepEqual(Object.fromEntries(said.map(o => [`${o.method} ${o.path}`, o.op['x-roles']])), wanted)
  for (const { op, path } of operations()) {
    assert.ok(op['x-roles'].every(r => [...ROLES, 'anyone', 'signed-in', 'github'].includes(r)), path)
    assert.equal(op.security.length, { anyone: op.security.length, github: 0 }[op['x-roles'][0]] ?? 1, path)
  }
})

test('A9: every route as every role: let through or refused as the table says', { timeout: 300_000 }, async () => {
  const seen = { passed: 0, refused: 0 }
  for (const o of operations().filter(o => !/logout/.test(o.path))) {
    const roles = o.op['x-roles']
    for (const role of [...ROLES, 'signed-in', 'anonymous']) {
      const a = await call(o, role, world.public)
      const what = `${o.method} ${o.path} as ${role}: ${a.status} ${a.body?.code}`
      if (roles[0] === 'github') assert.deepEqual([a.status, a.body.code], [401, 'webhook.signature'], what)
      else if (roles[0] === 'anyone') assert.ok(![401, 403].includes(a.status) || /^\/v1\/auth/.test(o.path), what)
      else if (role === 'anonymous') assert.deepEqual([a.status, a.body.code], [401, 'auth.missing'], what)
      else if (roles[0] === 'signed-in' || roles.includes(role)) {
        assert.ok(a.status !== 401 && a.body?.code !== 'auth.role', what)
        seen.passed++
      } else {
        assert.deepEqual([a.status, a.body.code], [403, 'auth.role'], what)
        seen.refused++
      }
    }
  }
  assert.ok(seen.passed > 50 && seen.refused > 50, JSON.stringify(seen))
})

test('T9: every route that takes an id, with one of a private project: 404 for who has no role in it', { timeout: 300_000 }, async () => {
  // who has a role everywhere sees everything: there a stranger is refused whatever the id
  const everywhere = o => !o.op['x-object'] && GLOBAL.includes(o.op['x-roles'][0])
  const with_object = operations().filter(o => /\{/.test(o.path) && !everywhere(o) && !/^\/v1\/(auth|me|roles|sessions|tokens|wallets|webhooks)\//.test(o.path))
  assert.ok(with_object.length >= 12, `${with_object.length} routes`)
  for (const o of with_object) {
    const open = o.op['x-roles'][0] === 'anyone'
    for (const role of ['signed-in', ...(open ? ['anonymous'] : [])]) {
      const a = await call(o, role, world.private)
      const late = o.op.requestBody && !o.op['x-object'] // the statement knows, after the body was read
      assert.ok(a.status === 404 || (late && a.status === 422), `${o.method} ${o.path} as ${role}: ${a.status} ${a.text}`)
      assert.ok(!a.text.includes('ada/private'), o.path)
    }
    const insider = await call(o, 'owner', world.private)
    assert.ok(insider.status !== 404 || insider.body.code === 'role.not_found', `${o.method} ${o.path} as owner: ${insider.status} ${insider.text}`)
  }
  const fund = await api.post(`/v1/bounties/${world.private.bounty}/fund`, { tx_hash: `0x${'cd'.repeat(32)}` }, { token: people['signed-in'].token })
  assert.deepEqual([fund.status, fund.body.code], [404, 'bounty.not_found'])
  const made = await api.bounty(people['signed-in'].token, world.private.project)
  assert.deepEqual([made.status, made.body.code], [422, 'bounty.project_unknown'])
})

test('A9, T9: wallets, sessions and tokens of another person: 404, as one that there is not', async () => {
  const account = privateKeyToAccount(generatePrivateKey())
  const [me, other] = [await api.signIn(privateKeyToAccount(generatePrivateKey())), await api.signIn(account)]
  const wallet = await api.sql(`select id from core.wallet where person_id = '${me.person_id}'`)
  for (const [method, path, what, action] of [['DELETE', '/v1/wallets/{id}', wallet, 'wallet.unlink'], ['POST', '/v1/wallets/{id}/payout', wallet, 'wallet.payout'],
    ['DELETE', '/v1/sessions/{id}', me.session_id], ['DELETE', '/v1/tokens/{id}', me.session_id]]) {
    const ask = async id => {
      if (action) await api.stepUp({ account, token: other.token }, action, id)
      return api.ask(method, path.replace('{id}', id), { token: other.token })
    }
    const [theirs, none] = [await ask(what), await ask(nobody)]
    assert.deepEqual([theirs.status, theirs.body.code], [none.status, none.body.code], `${method} ${path}: ${theirs.text} ${none.text}`)
    assert.equal(theirs.status, 404, `${method} ${path}: ${theirs.text}`)
  }
  assert.equal((await api.get('/v1/wallets', { token: me.token })).status, 200, 'all of it is still there')
})

test('O11: a job whose args name nothing hides nothing: explain and lineage', async () => {
  const { bounty, submission, job } = world.public
  const names = ['delivery', 'submission', 'payout', 'contribution', 'refund', 'issue', 'project', 'token'].map(n => `"${n}_id": "none"`)
  const id = await api.sql(`select job_id from patchwork.enqueue('verify', 'verify.merge', '{${names}}', parent => ${job})`)
  await api.sql(`delete from q.ready where job_id = ${id}; insert into q.parked (job_id, queue, kind, attempt, error_code) values (${id}, 'verify', 'verify.merge', 1, 'json.type')`)
  for (const path of [`explain/bounty/${bounty}`, `explain/submission/${submission}`, `lineage/job/${job}`, `lineage/job/${id}`, `lineage/submission/${submission}`]) {
    const { status, text } = await api.get(`/v1/${path}`, { token: people.auditor.token })
    assert.equal(status, 200, `${path}: ${text}`)
  }
})

test('T9: lists show a private project\'s rows to those alone who have a role in it', async () => {
  const shown = async (path, role) => JSON.stringify((await api.get(path, { token: people[role]?.token })).body.items)
  for (const [path, id] of [['/v1/projects', world.private.project], ['/v1/bounties', world.private.bounty], ['/v1/jobs?limit=200', `"project_id":"${world.private.project}"`]]) {
    for (const role of ['anonymous', 'signed-in']) assert.ok(!(await shown(path, role)).includes(id), `${path} as ${role}`)
    for (const role of ['owner', 'maintainer', 'contributor', 'auditor']) assert.ok((await shown(path, role)).includes(id), `${path} as ${role}`)
  }
  assert.equal(await shown(`/v1/leaderboard?project_id=${world.private.project}`, 'anonymous'), '[]')
  for (const role of OBJECT) assert.equal((await api.get(`/v1/bounties/${world.private.bounty}`, { token: people[role].token })).status, 200, role)
})

test('a role is given once, works at once, ends at once; each with an event and a row in the audit log', async () => {
  const { token, person_id: person } = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  const path = `/v1/projects/${world.public.project}/roles`
  const give = (body, by) => api.post(path, { person_id: person, role: 'maintainer', reason: 'they know the code', ...body }, { token: people[by].token })
  assert.equal((await api.get(path, { token })).body.code, 'auth.role')
  for (const by of ['owner', 'admin']) await api.stepUp(people[by], 'role.grant', world.public.project)
  const made = await give({}, 'owner')
  assert.deepEqual([made.status, made.body.role, made.body.granted_by], [201, 'maintainer', `person/${people.owner.person_id}`], made.text)
  const again = await give({}, 'admin')
  assert.deepEqual([again.status, again.body.id], [200, made.body.id])
  const { items } = (await api.get(path, { token })).body
  assert.ok(items.some(g => g.id === made.body.id))
  assert.equal((await give({}, 'maintainer')).body.code, 'auth.role', 'a maintainer gives none')
  assert.equal((await give({ role: 'owner' }, 'owner')).status, 422)
  assert.equal((await give({ reason: '' }, 'owner')).status, 422)
  assert.equal((await give({ person_id: nobody }, 'owner')).body.code, 'role.person_unknown')
  assert.equal((await api.remove(`/v1/projects/${world.private.project}/roles/${made.body.id}`, { token: people.owner.token })).body.code, 'role.not_found',
    'a grant of another project')
  assert.equal((await api.remove(`${path}/${made.body.id}`, { token: people.owner.token })).status, 200)
  assert.equal((await api.get(path, { token })).body.code, 'auth.role')
  assert.equal(await api.sql(`select string_agg(action || ':' || actor_id || ':' || coalesce(reason, ''), ' ' order by id) from audit.log
    where object_type = 'person' and object_id = '${person}'`), `role.granted:person/${people.owner.person_id}:they know the code role.revoked:person/${people.owner.person_id}:`)
  assert.equal(await api.sql(`select string_agg(topic, ' ' order by topic) from q.outbox where subject = 'person/${person}'`), 'role.granted role.revoked')
})

test('A12: a stolen token gives no role to who could sign instead', async () => {
  const { person_id: person } = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  const give = async (path, role, by) => (await api.post(path, { person_id: person, role, reason: 'mine' }, { token: people[by].token })).body.code
  const path = `/v1/projects/${world.private.project}/roles`
  for (const other of [nobody, world.public.project]) await api.stepUp(people.owner, 'role.grant', other)
  assert.equal(await give(path, 'maintainer', 'owner'), 'auth.step_up_required', 'signed for another project')
  assert.equal(await give(path, 'maintainer', 'admin'), 'auth.step_up_required')
  await api.stepUp(people.admin, 'token.create', people.admin.person_id)
  await api.stepUp(people.admin, 'role.grant', person)
  assert.equal(await give('/v1/roles', 'operator', 'admin'), 'auth.step_up_required', 'signed for something else')
  assert.equal(await api.sql(`select count(*) from core.role_grant where person_id = '${person}'`), '0')
})

test('an admin gives global roles, a bounty its arbiter; role and object must belong together', async () => {
  const { token, person_id: person } = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  const give = body => api.post('/v1/roles', { person_id: person, reason: 'asked for', ...body }, { token: people.admin.token })
  await api.stepUp(people.admin, 'role.grant', people.admin.person_id)
  assert.equal((await api.get('/v1/roles', { token })).body.code, 'auth.role')
  const { body } = await give({ role: 'auditor' })
  assert.equal((await api.get('/v1/roles', { token })).status, 200)
  assert.equal((await give({ role: 'arbiter', bounty_id: world.public.bounty })).status, 201)
  for (const wrong of [{ role: 'admin', project_id: world.public.project }, { role: 'owner' }, { role: 'arbiter' }, { role: 'arbiter', project_id: world.public.project }]) {
    const a = await give(wrong)
    assert.deepEqual([a.status, a.body.code], [422, 'role.scope'], JSON.stringify(wrong))
  }
  assert.equal((await give({ role: 'owner', project_id: nobody })).body.code, 'project.not_found')
  assert.equal((await api.remove(`/v1/roles/${body.id}`, { token: people.admin.token })).status, 200)
  assert.equal((await api.get('/v1/roles', { token })).body.code, 'auth.role')
})

const base32 = bytes => [...bytes].map(b => b.toString(2).padStart(8, '0')).join('').match(/.{1,5}/g)
  .map(five => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')

test('A13: a machine\'s token: told once, kept as a hash, within its scopes, until its end; when it was last used is shown', async () => {
  const account = privateKeyToAccount(generatePrivateKey())
  const me = { account, ...await api.signIn(account) }
  const soon = () => new Date(Date.now() + 3_600_000).toISOString()
  const make = body => api.post('/v1/tokens', { name: 'ci', scopes: 'me:read', expires_at: soon(), ...body }, { token: me.token })
  const code = async (a, ...expected) => { const { status: s, body: b, text } = await a; assert.deepEqual([s, b.code], expected, text) }
  await code(make({}), 403, 'auth.step_up_required')
  const again = { account, ...await api.signIn(account) }
  await api.stepUp(again, 'token.create', me.person_id)
  await api.stepUp(me, 'token.create', nobody)
  await api.stepUp(me, 'wallet.payout', me.person_id)
  await code(make({}), 403, 'auth.step_up_required') // another session's, another person, another action
  assert.equal(await api.sql(`select count(*) from core.session where person_id = '${me.person_id}' and kind = 'machine'`), '0')
  await api.stepUp(me, 'token.create', me.person_id)
  const { status, body } = await make({})
  assert.equal(status, 201)
  assert.match(body.token, /^pwk_[a-z2-7]{58}$/, 'a prefix and a form that a scanner knows')
  assert.equal(await api.sql(`select count(*) from core.session s where s::text like '%${body.token.slice(4, 40)}%'`), '0')
  assert.equal(await api.sql(`select name from core.session where token_sha256 = sha256('${body.token}')`), 'ci')
  const listed = async () => (await api.get('/v1/tokens', { token: me.token })).body.items.find(t => t.id === body.id)
  assert.equal((await listed()).last_used_at, null)
  const answer = await api.get('/v1/me', { token: body.token })
  assert.deepEqual([answer.status, answer.body.person_id], [200, me.person_id])
  const { last_used_at: used, token: shown } = await listed()
  assert.ok(Math.abs(Date.now() - Date.parse(used)) < 60_000)
  assert.equal(shown, undefined)
  await code(api.post('/v1/projects', { full_name: 'ada/machine' }, { token: body.token }), 403, 'auth.scope')
  for (const path of ['/v1/sessions', '/v1/tokens', '/v1/roles']) await code(api.get(path, { token: body.token }), 403, 'auth.scope')
  await code(api.post('/v1/tokens', { name: 'more', scopes: 'me:read', expires_at: soon() }, { token: body.token }), 403, 'auth.scope')
  const wide = (await make({ scopes: 'projects:write me:read' })).body
  assert.equal((await api.post('/v1/projects', { full_name: 'ada/machine' }, { token: wide.token })).status, 201)
  await code(make({ scopes: 'everything' }), 422, 'auth.scope_unknown')
  await code(make({ expires_at: new Date(Date.now() - 1).toISOString() }), 422, 'auth.token_ttl')
  await code(make({ expires_at: new Date(Date.now() + 400 * 86_400_000).toISOString() }), 422, 'auth.token_ttl')
  await code(api.get('/v1/me', { token: `${body.token.slice(0, -1)}${body.token.endsWith('a') ? 'q' : 'a'}` }), 401, 'auth.token_malformed')
  await code(api.get('/v1/me', { token: `pwk_${'a'.repeat(58)}` }), 401, 'auth.token_malformed')
  await api.sql(`update core.session set expires_at = now() where id = '${wide.id}'`)
  await code(api.get('/v1/me', { token: wide.token }), 401, 'auth.session_ended')
  const secret = randomBytes(32)
  const sum = createHash('sha256').update(Buffer.concat([Buffer.from('pwk_'), secret])).digest().subarray(0, 4)
  await code(api.get('/v1/me', { token: `pwk_${base32(Buffer.concat([secret, sum]))}` }), 401, 'auth.token_unknown')
  const other = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  await code(api.remove(`/v1/tokens/${body.id}`, { token: other.token }), 404, 'session.not_found')
  assert.equal((await api.remove(`/v1/tokens/${body.id}`, { token: me.token })).status, 200)
  await code(api.get('/v1/me', { token: body.token }), 401, 'auth.session_ended')
  assert.equal(await api.sql(`select count(*) from audit.log where object_id = '${body.id}'`), '2', 'made and ended')
  await api.sql(`update core.statement set signed_at = signed_at - interval '5 minutes 1 second' where session_id = '${me.session_id}'`)
  await code(make({}), 403, 'auth.step_up_required')
})

test('A12: a held payout is tried again by an operator whose fresh signature names it, and by nobody else', async () => {
  const retry = (by, id = world.public.payout) => api.post(`/v1/payouts/${id}/retry`, { reason: 'the node is back' }, { token: people[by].token })
  const answer = async (a, ...expected) => assert.deepEqual([(await a).status, (await a).body.code], expected, (await a).text)
  await answer(retry('owner'), 403, 'auth.role')
  await answer(retry('operator'), 403, 'auth.step_up_required')
  const signed = (object, ago, action = 'payout.retry') => api.sql(`insert into core.statement (nonce, purpose, session_id, action, object_id, message, expires_at, signed_at)
    values ('${randomBytes(8).toString('hex')}', 'step_up', '${people.operator.session_id}', '${action}', '${object}', 'x', now(), now() - interval '${ago}')`)
  await signed(world.public.payout, '301 s')
  await signed(world.private.payout, '1 s')
  await signed(world.public.payout, '1 s', 'wallet.unlink')
  await answer(retry('operator'), 403, 'auth.step_up_required')
  await signed(world.public.payout, '200 s')
  await answer(retry('operator'), 409, 'payout.not_held')
  await api.sql(`update ledger.payout set state = 'held', blocker = 'an operator' where id = '${world.public.payout}'`)
  const done = await retry('operator')
  assert.equal(done.status, 202, done.text)
  assert.equal(await api.sql(`select kind || ' ' || created_by from q.job where id = ${done.body.job_id}`), `pay.quote person/${people.operator.person_id}`)
  assert.equal((await retry('operator')).body.job_id, done.body.job_id, 'the same again finds the job')
  assert.equal(await api.sql(`select reason from audit.log where action = 'payout.retried' limit 1`), 'the node is back')
})

test('the first admin is made by an operator\'s command, with a row in the audit log', async () => {
  const account = privateKeyToAccount(generatePrivateKey())
  const { token, person_id: person } = await api.signIn(account)
  const run = (...words) => api.stack.run('patchwork_owner', '--json', 'role', ...words)
  await assert.rejects(run('grant', 'admin', '--address', account.address), /--reason/)
  await assert.rejects(run('grant', 'owner', '--person', person, '--reason', 'x'), /role\.scope/)
  await assert.rejects(run('grant', 'admin', '--person', nobody, '--reason', 'x'), /role\.person_unknown/)
  await run('--dry-run', 'grant', 'admin', '--address', account.address, '--reason', 'looking')
  assert.equal((await api.get('/v1/roles', { token })).body.code, 'auth.role')
  const made = JSON.parse(await run('grant', 'admin', '--address', account.address, '--reason', 'the first one', '--actor', 'cli:ada'))
  assert.deepEqual([made.person_id, made.role, made.granted_by], [person, 'admin', 'cli:ada'])
  assert.equal((await api.get('/v1/roles', { token })).status, 200)
  const listed = (await run('list', '--person', person)).trim().split('\n').map(l => JSON.parse(l))
  assert.deepEqual(listed.map(g => g.id), [made.id])
  await run('revoke', made.id, '--reason', 'over', '--actor', 'cli:ada')
  assert.equal((await api.get('/v1/roles', { token })).body.code, 'auth.role')
  assert.equal(await api.sql(`select string_agg(action || '|' || actor_kind || '|' || actor_id || '|' || reason, ' ' order by id) from audit.log where object_id = '${person}'`),
    'role.granted|cli|cli:ada|the first one role.revoked|cli|cli:ada|over')
  // As a program of the version before does it, which writes its row itself: once; and by hand.
  await api.sql(`with made as (insert into core.role_grant (person_id, role, granted_by) values ('${person}', 'auditor', 'cli:eve') returning *)
    select audit.append('role.granted', 'person', person_id::text, jsonb_build_object('grant_id', id, 'role', role), 'cli', 'cli:eve', 'as before') from made`)
  await api.sql(`delete from core.role_grant where person_id = '${person}' and role = 'auditor'`)
  assert.equal(await api.sql(`select string_agg(concat_ws('|', action, actor_kind, reason), ' ' order by id) from audit.log
    where object_id = '${person}' and detail::jsonb ->> 'role' = 'auditor'`), 'role.granted|cli|as before role.revoked|role')
})
