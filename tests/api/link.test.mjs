// A5: a person links a GitHub account by OAuth's code flow with PKCE; the API asks GitHub nothing, a job does. A6: numbers bind, names
// are shown. GitHub here is tests/fakes/github; the last tests hold the same programs against an OAuth server that is not ours.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { command } from '../stack/parts.mjs'
import { alive, answers, freePort, launch, stop, until } from '../stack/proc.mjs'
import { ended, faultPoints } from '../replay/points.mjs'
import { sha256, startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const { kinds } = faultPoints()
const PHASES = kinds['sync.link']
const RETURN = 'https://app.example/linked'

let api, app
const workers = []
before(async () => {
  api = await startApi({ parts: ['postgres', 'redis', 'github', 'api'], conf: { 'worker.lease': '1s', 'worker.poll': '250ms', 'auth.github_return': RETURN } })
  app = { client_id: 'patchwork-local', client_secret: api.stack.secret('oauth-secret'), callback: `${api.url}/v1/auth/github/callback` }
})
after(async () => {
  for (const w of workers) await stop(w)
  const said = readFileSync(api.stack.log('api'), 'utf8') + (workers.length ? readFileSync(api.stack.log('work'), 'utf8') : '')
  await api.stop()
  assert.doesNotMatch(said, /gh[our]_[0-9a-f]{36}|pwl_[A-Za-z0-9_-]{43}|code_verifier/, 'no token, code or verifier is in a log')
})

let serial = 0
function worker(env = {}, file = 'patchwork.conf') {
  const argv = command(api.stack, 'work', 'sync')
  argv[argv.indexOf('--config') + 1] = api.stack.path(file)
  const w = launch({
    argv, env: { ...api.stack.as('patchwork_worker'), ...env }, log: api.stack.log('work'), pidFile: api.stack.pidFile(`work-${++serial}`), tied: 'SIGKILL',
  })
  workers.push(w)
  return w
}
const retire = w => stop(workers.splice(workers.indexOf(w), 1)[0])

const code = a => [a.status, a.body?.code]
const github = async (verb, body) => (await fetch(`${api.stack.url('github')}/_control/${verb}`, { method: 'POST', body: JSON.stringify(body ?? {}) })).json()
const asked = async () => (await fetch(`${api.stack.url('github')}/_control/log`)).json()
const newcomer = () => api.signIn(privateKeyToAccount(generatePrivateKey()))
const begin = async me => {
  const a = await api.post('/v1/me/github', undefined, { token: me.token })
  assert.equal(a.status, 201, a.text)
  return a.body
}
const hop = async url => {
  const answer = await fetch(url, { redirect: 'manual' })
  return { status: answer.status, location: answer.headers.get('location'), cache: answer.headers.get('cache-control'), text: await answer.text() }
}
const fragment = url => Object.fromEntries(new URLSearchParams(new URL(url).hash.slice(1)))
// What a browser does between the frontend's page and the frontend's page.
async function browse(url, user, more = {}) {
  await github('oauth', { ...app, user, ...more })
  const at = await hop(url)
  assert.equal(at.status, 302, at.text)
  return hop(at.location)
}
const confirm = (me, word) => api.post('/v1/me/github/confirm', { confirm: word }, { token: me.token })
const poll = (me, id) => api.get(`/v1/me/github/${id}`, { token: me.token })
const shown = async me => (await api.get('/v1/me/github', { token: me.token })).body
const decided = (me, id) => until('the attempt is decided', async () => {
  const a = await poll(me, id)
  return a.status !== 202 && a
})
async function link(me, user, more) {
  const { id, url } = await begin(me)
  const back = await browse(url, user, more)
  const { confirm: word } = fragment(back.location)
  const a = await confirm(me, word)
  assert.equal(a.status, 202, a.text)
  return decided(me, id)
}
const user = (login, id, more = {}) => github('user', { login, id, ...more })

test('A5: without an app there is nothing to link by', async () => {
  const me = await newcomer()
  const port = await freePort()
  const conf = readFileSync(api.stack.path('patchwork-api.conf'), 'utf8').replace(/^auth\.github_client_id.*$/m, '').replace(/^api\.listen.*$/m, `api.listen = 127.0.0.1:${port}`)
  writeFileSync(api.stack.path('without.conf'), conf, { mode: 0o600 })
  const other = launch({ argv: [api.stack.program('patchwork-api'), api.stack.path('without.conf')], log: api.stack.log('without'), tied: 'SIGKILL' })
  try {
    const url = `http://127.0.0.1:${port}`
    await until('it is up', () => answers(`${url}/livez`))
    const refused = async (method, path, token) => {
      const a = await fetch(url + path, { method, headers: token ? { authorization: `Bearer ${token}` } : {} })
      assert.deepEqual([a.status, (await a.json()).code], [503, 'link.unconfigured'])
    }
    await refused('POST', '/v1/me/github', me.token)
    await refused('GET', '/v1/auth/github/callback?code=a&state=b')
  } finally {
    await stop(other)
  }
})

test('A5: the address asks for a code with state and S256, and names the exact redirect; nobody has asked GitHub', async () => {
  const me = await newcomer()
  const { id, url, expires_at: end } = await begin(me)
  const at = new URL(url)
  assert.equal(at.origin + at.pathname, `${api.stack.url('github')}/login/oauth/authorize`)
  const q = Object.fromEntries(at.searchParams)
  assert.deepEqual(Object.keys(q).sort(), ['client_id', 'code_challenge', 'code_challenge_method', 'redirect_uri', 'response_type', 'state'])
  assert.deepEqual([q.client_id, q.redirect_uri, q.response_type, q.code_challenge_method], ['patchwork-local', app.callback, 'code', 'S256'])
  assert.match(q.state, /^[A-Za-z0-9_-]{22}$/, '128 bits')
  assert.match(q.code_challenge, /^[A-Za-z0-9_-]{43}$/)
  assert.ok(Date.parse(end) > Date.now() && Date.parse(end) <= Date.now() + 601_000)
  assert.notEqual(new URL((await begin(me)).url).searchParams.get('state'), q.state)
  const [hash, verifier] = (await api.sql(`select encode(state_sha256, 'hex') || ' ' || encode(verifier, 'hex') from core.account_link where id = '${id}'`)).split(' ')
  assert.equal(hash, sha256(q.state), 'the state is kept as a hash')
  assert.equal(verifier.length, 2 * (49 + 43), 'the verifier is sealed')
  assert.deepEqual([(await poll(me, id)).status, (await shown(me)).state], [202, 'none'])
  assert.deepEqual(code(await poll(await newcomer(), id)), [404, 'link.not_found'], 'nobody else\'s business')
  assert.deepEqual(await asked(), [])
})

test('A5: linked: the callback keeps a sealed code, the session confirms, a job exchanges it; the token is sealed', async () => {
  const me = await newcomer()
  await user('ada', 583231)
  const { id, url } = await begin(me)
  const from = (await asked()).length
  const back = await browse(url, 'ada')
  assert.deepEqual([back.status, back.cache], [303, 'no-store'])
  assert.ok(back.location.startsWith(`${RETURN}#link=${id}&confirm=pwl_`), back.location)
  const { confirm: word } = fragment(back.location)
  const row = () => api.sql(`select state || ' ' || (code is not null) || ' ' || (verifier is not null) from core.account_link where id = '${id}'`)
  assert.equal(await row(), 'answered true true')
  assert.deepEqual([(await confirm(me, word)).status, (await confirm(me, word)).status], [202, 202], 'said twice, the same job')
  assert.equal(await api.sql(`select count(*) from q.job where key = 'link:${id}'`), '1')
  assert.equal((await poll(me, id)).status, 202)
  assert.deepEqual((await asked()).slice(from).map(r => new URL(r.url, app.callback).pathname), ['/login/oauth/authorize'], 'the browser alone was there')
  worker()
  const done = await decided(me, id)
  assert.deepEqual([done.status, done.body.state], [200, 'linked'], done.text)
  const account = await shown(me)
  assert.deepEqual([account.state, account.login, account.provider_uid, account.method, account.revoked_at], ['linked', 'ada', 583231, 'oauth', null])
  assert.deepEqual((await api.get('/v1/me', { token: me.token })).body.accounts.map(a => a.provider_uid), [583231])
  assert.equal(await row(), 'linked false false')
  const calls = (await asked()).slice(from + 1)
  assert.deepEqual(calls.map(r => `${r.method} ${r.url}`), ['POST /login/oauth/access_token', 'GET /user'])
  const [sealed, key] = (await api.sql(`select encode(sealed, 'hex') || ' ' || key_id from core.account_token where id = '${id}'`)).split(' ')
  assert.equal(sealed.length, 2 * (49 + 40))
  assert.match(key, /^[0-9a-f]{16}$/)
  assert.doesNotMatch(Buffer.from(sealed, 'hex').toString('latin1'), /gho_/)
  assert.equal(await api.sql(`select string_agg(topic, ' ') from q.outbox where subject = 'person/${me.person_id}'`), 'account.linked')
  assert.equal(await api.sql(`select string_agg(action || ' ' || actor_kind || ':' || actor_id, ',') from audit.log where object_type = 'person'
    and object_id = '${me.person_id}'`), `account.linked person:${me.person_id}`)
})

test('A5: a state that is missing, foreign, used or too late is refused; so is what comes without a code', async () => {
  const me = await newcomer()
  const back = query => api.get(`/v1/auth/github/callback?${query}`)
  assert.deepEqual(code(await back('code=abc')), [400, 'query.value'])
  assert.deepEqual(code(await back('state=')), [400, 'query.value'])
  assert.deepEqual(code(await back('code=abc&state=AAAAAAAAAAAAAAAAAAAAAA')), [403, 'link.state_unknown'])
  assert.deepEqual(code(await back('code=a&code=b&state=AAAAAAAAAAAAAAAAAAAAAA')), [400, 'query.duplicate'])
  const attempt = await begin(me)
  const state = new URL(attempt.url).searchParams.get('state')
  assert.deepEqual(code(await back(`state=${state}`)), [400, 'link.no_code'])
  await api.sql(`update core.account_link set expires_at = now() where id = '${attempt.id}'`)
  assert.deepEqual(code(await back(`code=abc&state=${state}`)), [410, 'link.expired'])
  assert.deepEqual(code(await poll(me, attempt.id)), [410, 'link.expired'])
  const second = await begin(me)
  const taken = new URL(second.url).searchParams.get('state')
  await api.stack.kill('github', 'SIGSTOP')
  const go = await hop(`${app.callback}?code=abc&state=${taken}&iss=https%3A%2F%2Fgithub.com&setup_action=install`)
    .finally(() => api.stack.kill('github', 'SIGCONT'))
  assert.equal(go.status, 303, 'GitHub is away, and what else it says is passed over')
  assert.deepEqual(code(await back(`code=abc&state=${taken}`)), [409, 'link.state_used'])
  const third = await begin(me)
  await api.post('/v1/auth/logout', undefined, { token: me.token })
  assert.deepEqual(code(await back(`code=abc&state=${new URL(third.url).searchParams.get('state')}`)), [401, 'auth.session_ended'])
  assert.deepEqual(code(await api.post('/v1/me/github', undefined)), [401, 'auth.missing'])
})

test('A5: an address that somebody else is made to open links nobody: only the session that began can confirm', async () => {
  const [attacker, victim] = [await newcomer(), await newcomer()]
  await user('victim', 900001)
  const { id, url } = await begin(attacker)
  const { confirm: word } = fragment((await browse(url, 'victim')).location) // in the victim's browser
  assert.deepEqual(code(await confirm(attacker, `${word.slice(0, -1)}${word.endsWith('a') ? 'b' : 'a'}`)), [404, 'link.unknown'], 'the attacker does not see it')
  assert.deepEqual(code(await confirm(victim, word)), [403, 'link.session'])
  assert.deepEqual(code(await confirm(attacker, word)), [403, 'link.session'], 'and is over')
  assert.equal(await api.sql(`select actor_id || ' ' || (detail::jsonb ->> 'link_id') from audit.log where action = 'account.link_foreign'
    and object_id = '${attacker.person_id}'`), `${victim.person_id} ${id}`)
  assert.deepEqual(code(await poll(attacker, id)), [403, 'link.session'])
  assert.equal(await api.sql(`select (code is null and verifier is null)::text from core.account_link where id = '${id}'`), 'true')
  assert.equal(await api.sql(`select count(*) from q.job where key = 'link:${id}'`), '0')
  assert.deepEqual([(await shown(attacker)).state, (await shown(victim)).state], ['none', 'none'])
})

test('A5: denied at GitHub; another verifier, a code of somebody else\'s, settings that are wrong: each has its word', async () => {
  const me = await newcomer()
  const first = await begin(me)
  const denied = await browse(first.url, 'ada', { deny: true })
  assert.equal(denied.location, `${RETURN}#link=${first.id}&code=link.denied`)
  assert.deepEqual(code(await poll(me, first.id)), [403, 'link.denied'])
  const through = async (tamper, settings = {}) => {
    const { id, url } = await begin(me)
    await github('oauth', { ...app, user: 'ada', ...settings.before })
    const there = await hop(tamper.authorize?.(url) ?? url)
    const back = await hop(tamper.callback?.(there.location) ?? there.location)
    await github('oauth', { ...app, user: 'ada', ...settings.after })
    await confirm(me, fragment(back.location).confirm)
    return code(await decided(me, id))
  }
  const swap = (name, value) => url => { const u = new URL(url); u.searchParams.set(name, value); return u.href }
  assert.deepEqual(await through({ authorize: swap('code_challenge', 'x'.repeat(43)) }), [409, 'link.code'], 'the verifier is another one\'s')
  assert.deepEqual(await through({ callback: swap('code', 'f'.repeat(36)) }), [409, 'link.code'])
  assert.deepEqual(await through({}, { after: { client_secret: 'another' } }), [503, 'link.client'])
  const plain = await begin(me)
  await github('oauth', { ...app, user: 'ada' })
  const refused = await hop((await hop(swap('code_challenge_method', 'plain')(plain.url))).location)
  assert.equal(fragment(refused.location).code, 'link.github_refused')
  assert.deepEqual(code(await poll(me, plain.id)), [409, 'link.github_refused'])
  assert.equal((await shown(me)).state, 'none')
})

test('A6: one account is one person\'s, one person has one account; both are found out by number', async () => {
  const [one, other] = [await newcomer(), await newcomer()]
  await user('grace', 600001)
  await user('linus', 600002)
  assert.equal((await link(one, 'grace')).status, 200)
  assert.deepEqual(code(await link(other, 'grace')), [409, 'account.linked'])
  assert.deepEqual(code(await link(one, 'linus')), [409, 'account.person_linked'])
  assert.equal(await api.sql(`select count(*) from core.account_token where person_id = '${other.person_id}'`), '0', 'no token is kept for nothing')
  assert.equal((await link(one, 'grace')).status, 200, 'the same once more is the same')
  assert.equal(await api.sql(`select count(*) from core.external_account where provider_uid = 600001`), '1')
  assert.equal(await api.sql(`select count(*) from core.account_token where person_id = '${one.person_id}'`), '1')
})

test('A6: a login is renamed, and another takes the old name: account, history and what is to come stay with the number', async () => {
  const [me, thief] = [await newcomer(), await newcomer()]
  await user('hopper', 700001)
  assert.equal((await link(me, 'hopper')).status, 200)
  await github('login', { user: 'hopper', login: 'amazing-grace' })
  await user('hopper', 700002)
  assert.equal((await link(thief, 'hopper')).status, 200, 'a name that is free again is another account')
  await api.sql(`update core.external_account set checked_at = now() - interval '2 days' where provider_uid = 700001`)
  await api.sql(`select q.enqueue('sync', 'sync.accounts', null, '{}')`)
  await until('GitHub was asked again', async () => (await shown(me)).login === 'amazing-grace')
  const [mine, theirs] = [await shown(me), await shown(thief)]
  assert.deepEqual([mine.state, mine.provider_uid, theirs.login, theirs.provider_uid], ['linked', 700001, 'hopper', 700002])
  const whose = login => api.sql(`select person_id from core.external_account where provider = 'github' and revoked_at is null
    and provider_uid = ${login}`)
  assert.deepEqual([await whose(700001), await whose(700002)], [me.person_id, thief.person_id])
  assert.equal(await api.sql(`select count(*) from core.external_account where person_id = '${me.person_id}'`), '1', 'the same row')
})

test('A6: a merge that waited for its author is verified once the number is linked, whatever the name', async () => {
  const me = await newcomer()
  const project = await api.verifiedProject(me.token, 'ada/late', 77001)
  const { body: { id: bounty } } = await api.bounty(me.token, project)
  await api.sql(`with issue as (select issue_id from core.bounty where id = '${bounty}'), p as (
      insert into core.pull (project_id, provider_pull_id, number, title, author_uid, author_login, author_type, state, base_ref, head_sha, merge_sha,
        merged_at, source_updated_at) values ('${project}', 88001, 7, 'Fix', 700009, 'before', 'User', 'merged', 'main', repeat('a', 40), repeat('b', 40), now(), now())
      returning id), s as (insert into core.submission (bounty_id, pull_id, evidence_level, state, reason)
        select '${bounty}', id, 5, 'verifying', 'verify.author_unlinked' from p returning id)
    select q.enqueue('verify', 'verify.merge', 'merge:' || id || ':' || repeat('b', 40), jsonb_build_object('submission_id', id),
      run_at => now() + interval '50 minutes') from s`)
  const ready = () => api.sql(`select count(*) from q.ready r join q.job j on j.id = r.job_id where j.kind = 'verify.merge'`)
  assert.equal(await ready(), '0')
  await user('after', 700009)
  assert.equal((await link(me, 'after')).status, 200)
  assert.equal(await ready(), '1')
})

test('A5: unlinked: GitHub forgets the token, history stays, somebody else may link the account', async () => {
  const [me, next] = [await newcomer(), await newcomer()]
  await user('margaret', 800001)
  assert.deepEqual(code(await api.remove('/v1/me/github', { token: me.token })), [404, 'account.not_linked'])
  const { body: { id } } = await link(me, 'margaret')
  const from = (await asked()).length
  const a = await api.remove('/v1/me/github', { token: me.token })
  assert.deepEqual([a.status, a.body.provider_uid, a.body.login], [200, 800001, 'margaret'])
  assert.deepEqual(code(await api.remove('/v1/me/github', { token: me.token })), [404, 'account.not_linked'])
  await until('the token is gone', async () => await api.sql(`select count(*) from core.account_token where id = '${id}'`) === '0')
  const calls = (await asked()).slice(from)
  assert.deepEqual(calls.map(r => [r.method, r.url, r.status]), [['DELETE', '/applications/patchwork-local/token', 204]])
  const left = await shown(me)
  assert.deepEqual([left.state, left.provider_uid, left.revoked_reason], ['revoked', 800001, 'unlinked'])
  assert.equal((await link(next, 'margaret')).status, 200)
  assert.equal(await api.sql(`select count(*) from core.external_account where provider_uid = 800001`), '2')
  assert.equal(await api.sql(`select string_agg(topic, ' ' order by id) from q.outbox where subject = 'person/${me.person_id}'`), 'account.linked account.unlinked')
  assert.equal(await api.sql(`select string_agg(action || ' ' || actor_kind, ',' order by id) from audit.log where object_type = 'person'
    and object_id = '${me.person_id}'`), 'account.linked person,account.revoked person')
})

test('A5: a token that was taken back at GitHub ends the link; one that ends by itself does not', async () => {
  const [me, other] = [await newcomer(), await newcomer()]
  await user('barbara', 810001)
  await user('radia', 810002)
  assert.equal((await link(me, 'barbara')).status, 200)
  const { body: { id } } = await link(other, 'radia', { lives: 28800, refresh: false })
  await api.sql(`update core.account_token set expires_at = now() where id = '${id}' and expires_at > now() + interval '7 hours'`)
  await github('revoke', { user: 'barbara' })
  await github('revoke', { user: 'radia' })
  await api.sql(`update core.external_account set checked_at = now() - interval '2 days' where provider_uid in (810001, 810002)`)
  await api.sql(`select q.enqueue('sync', 'sync.accounts', null, '{}'); select q.enqueue('sync', 'sync.account', null, '{"token_id":"${id}"}')`)
  await until('the link is over', async () => (await shown(me)).state === 'revoked')
  assert.equal((await shown(me)).revoked_reason, 'link.token_revoked')
  assert.equal(await api.sql(`select count(*) from core.account_token where person_id = '${me.person_id}'`), '0')
  assert.equal(await api.sql(`select body ->> 'reason' from q.outbox where topic = 'account.unlinked' and subject = 'person/${me.person_id}'`), 'link.token_revoked')
  await until('both were looked at', async () => await api.sql(`select count(*) from q.run r join q.job j on j.id = r.job_id where r.state = 'done'
    and j.kind = 'sync.account' and j.args ->> 'token_id' = '${id}'`) === '2')
  assert.equal((await shown(other)).state, 'linked')
  assert.equal((await link(me, 'barbara')).status, 200, 'and may begin again')
})

// A token of eight hours that has come to its end; and GitHub is asked whether the account is still the same.
async function ending(me, login, id) {
  await user(login, id)
  const { body: { id: token } } = await link(me, login, { lives: 28800 })
  await endNow(token)
  return token
}
const endNow = id => api.sql(`update core.account_token set expires_at = now() where id = '${id}' and expires_at > now() + interval '7 hours'`)
const lookAgain = id => api.sql(`select q.enqueue('sync', 'sync.account', null, '{"token_id":"${id}"}')`)
const looked = job => until('it was looked at', async () => await api.sql(`select count(*) from q.run where job_id = ${job} and state = 'done'`) === '1')
const relink = async me => (await shown(me)).relink_reason
const tokenRow = id => api.sql(`select concat_ws(' ', renewals, renewing_at is null, expires_at > now() + interval '7 hours', length(refresh)) from core.account_token
  where id = '${id}'`)
const explained = async me => JSON.parse(await api.stack.run('patchwork_operator', 'explain', me.person_id, '--json'))

test('A5: a token that ends is renewed by its refresh token, once for all who wait; unlinking ends both', async () => {
  const me = await newcomer()
  const id = await ending(me, 'annie', 811001)
  assert.equal(await tokenRow(id), `0 t f ${49 + 40}`)
  const from = (await asked()).length
  const jobs = [await lookAgain(id), await lookAgain(id), await lookAgain(id)]
  for (const job of jobs) await looked(job)
  assert.equal(await tokenRow(id), `1 t t ${49 + 40}`)
  const calls = (await asked()).slice(from).map(r => `${r.method} ${r.url} ${r.status}`)
  assert.deepEqual(calls.sort(), [...Array(3).fill('GET /user 200'), 'POST /login/oauth/access_token 200'])
  assert.deepEqual([(await shown(me)).state, await relink(me)], ['linked', null])
  await endNow(id)
  await looked(await lookAgain(id))
  assert.equal(await tokenRow(id), `2 t t ${49 + 40}`, 'and the next one by the next')
  assert.equal(await api.sql(`select string_agg(key, ',' order by id) from q.job where kind = 'sync.renew' and args ->> 'token_id' = '${id}'`), `renew:${id}:0,renew:${id}:1`)
  await endNow(id)
  assert.equal((await api.remove('/v1/me/github', { token: me.token })).status, 200)
  await until('the tokens are gone', async () => await tokenRow(id) === '')
  const last = (await asked()).slice(-2).map(r => `${r.method} ${r.url} ${r.status}`)
  assert.deepEqual(last, ['POST /login/oauth/access_token 200', 'DELETE /applications/patchwork-local/token 204'], 'GitHub ends a token that it still knows')
})

test('A5: a refresh token that was taken back ends the link; faults are waited for, an app that GitHub does not know too', async () => {
  const [me, other] = [await newcomer(), await newcomer()]
  const id = await ending(me, 'evelyn', 812001)
  await github('revoke', { user: 'evelyn' })
  await lookAgain(id)
  await until('the link is over', async () => (await shown(me)).state === 'revoked')
  assert.equal((await shown(me)).revoked_reason, 'link.token_revoked')
  assert.equal(await tokenRow(id), '')
  const said = await explained(me)
  assert.deepEqual([said.object, said.state, said.code, said.who], ['account', 'revoked', 'link.token_revoked', 'contributor'])

  const second = await ending(other, 'ida', 812002)
  await github('fault', { match: { path: '^/login/oauth/access_token' }, reset: true })
  await github('oauth', { ...app, client_secret: 'another', user: 'ida' })
  const job = await lookAgain(second)
  const renewal = `select id from q.job where key = 'renew:${second}:0'`
  await until('GitHub does not know the app', async () => await api.sql(`select count(*) from q.run where job_id = (${renewal}) and error_code = 'link.renewal_client'`) !== '0')
  await github('oauth', { ...app, user: 'ida' })
  await looked(job)
  assert.equal(await tokenRow(second), `1 t t ${49 + 40}`)
  assert.deepEqual([(await shown(other)).state, await relink(other)], ['linked', null])
})

test('A5: no person\'s account; a token that GitHub gave and does not take; limits and faults are waited for', async () => {
  const me = await newcomer()
  await user('acme', 820001, { type: 'Organization' })
  assert.deepEqual(code(await link(me, 'acme')), [409, 'link.account_type'])
  await user('frances', 820002)
  const fault = f => github('fault', f)
  await fault({ match: { path: '^/user$' }, status: 401, json: { message: 'Bad credentials' } })
  assert.deepEqual(code(await link(me, 'frances')), [409, 'link.token'])
  await fault({ match: { path: '^/login/oauth/access_token' }, status: 502, body: 'Bad Gateway' })
  assert.deepEqual(code(await link(me, 'frances')), [409, 'link.interrupted'], 'the code was spent, and the answer lost')
  await fault({ match: { path: '^/login/oauth/access_token' }, reset: true })
  await fault({ match: { path: '^/user$' }, status: 429, headers: { 'retry-after': '1' }, json: { message: 'slow down' } })
  await fault({ match: { path: '^/user$' }, truncate: 10 })
  assert.equal((await link(me, 'frances')).status, 200)
  assert.equal(await api.sql(`select count(*) from core.account_token where person_id = '${me.person_id}'`), '1')
})

test('A5: tokens go from one key to the next; another key, and a box of another row, open nothing', async () => {
  const me = await newcomer()
  await user('katherine', 830001)
  const { body: { id } } = await link(me, 'katherine', { lives: 28800 })
  const one = workers.at(-1)
  const keys = async (...words) => JSON.parse(await api.stack.run('patchwork_worker', 'keys', ...words, '--json'))
  const list = async () => (await api.stack.run('patchwork_worker', 'keys', 'list', '--json')).trim().split('\n').map(l => JSON.parse(l))
  const [{ key_id: old, tokens }, ...none] = await list()
  assert.deepEqual(none, [])
  writeFileSync(api.stack.path('secrets/next-key'), `${'5e'.repeat(32)}\n`, { mode: 0o600 })
  const conf = readFileSync(api.stack.path('patchwork.conf'), 'utf8')
  const seal = (first, other) => conf.replace(/^seal\.key_file.*$/m, [`seal.key_file = ${api.stack.path(`secrets/${first}`)}`,
    ...(other ? [`seal.key_file_other = ${api.stack.path(`secrets/${other}`)}`] : [])].join('\n'))
  await retire(one)
  writeFileSync(api.stack.path('patchwork.conf'), seal('next-key', 'seal-key'), { mode: 0o600 })
  try {
    assert.deepEqual(await keys('rewrap', '--dry-run'), { tokens, rewrapped: tokens, dry_run: true })
    assert.equal((await list())[0].key_id, old)
    assert.deepEqual(await keys('rewrap', '--reason', 'yearly'), { tokens, rewrapped: tokens, dry_run: false })
    assert.deepEqual(await keys('rewrap'), { tokens, rewrapped: 0, dry_run: false })
    const [{ key_id: now }] = await list()
    assert.notEqual(now, old)
    assert.equal(await api.sql(`select string_agg(distinct refresh_key_id, ',') from core.account_token`), now, 'those for renewals too')
    assert.equal(await api.sql(`select object_id || ' ' || reason || ' ' || (detail::jsonb ->> 'tokens') from audit.log where action = 'keys.rewrapped'`), `${now} yearly ${tokens}`)
    writeFileSync(api.stack.path('patchwork.conf'), seal('next-key'), { mode: 0o600 })
    const w = worker()
    const recheck = async what => {
      const job = await api.sql(`select q.enqueue('sync', 'sync.account', null, '{"token_id":"${id}"}')`)
      const [state, error] = await until('it was looked at', async () => {
        const said = await api.sql(`select state || ' ' || coalesce(error_code, '-') from q.run where job_id = ${job} and state in ('done', 'parked')`)
        return said && said.split(' ')
      })
      assert.deepEqual([state, error], what)
    }
    await recheck(['done', '-'])
    await endNow(id)
    await recheck(['done', '-'])
    assert.equal(await tokenRow(id), `1 t t ${49 + 40}`, 'renewed by what the new key opens')
    await api.sql(`update core.account_token t set sealed = o.sealed from core.account_token o where t.id = '${id}' and o.id = (select id from core.account_token
      where id <> '${id}' limit 1)`)
    await recheck(['parked', 'seal.broken'])
    await retire(w)
    writeFileSync(api.stack.path('patchwork.conf'), seal('seal-key'), { mode: 0o600 })
    const v = worker()
    await recheck(['parked', 'seal.key_unknown'])
    await retire(v)
  } finally {
    writeFileSync(api.stack.path('patchwork.conf'), conf, { mode: 0o600 })
  }
})

async function killed(w, point) {
  await until(`killed at ${point}`, () => !alive(w))
  assert.equal(await ended(w), 'SIGKILL', point)
}

test('A5, F15: a worker that is killed at each point leaves an account that is linked once, or an attempt that says why not', { timeout: 300_000 }, async () => {
  for (const w of [...workers]) await retire(w)
  await api.sql('delete from core.account_token') // what the test before left behind
  assert.deepEqual(kinds['sync.account'], PHASES)
  const LOST = ['sync.link.effected', 'sync.link.settling'] // the code is spent, and nobody has the token
  const LINKED = id => api.sql(`select count(*) from core.external_account a join core.account_token t on t.account_id = a.id where a.person_id = '${id}'`)
  for (const [n, phase] of PHASES.entries()) {
    const me = await newcomer()
    const who = `killed-${n}`
    await user(who, 900100 + n)
    const { id, url } = await begin(me)
    const { confirm: word } = fragment((await browse(url, who)).location)
    const first = worker({ PATCHWORK_FAULT: `sync.link.${phase}:kill` })
    assert.equal((await confirm(me, word)).status, 202)
    await killed(first, `sync.link.${phase}`)
    const second = worker({ PATCHWORK_FAULT: `sync.account.${phase}:kill` })
    let at = id
    if (LOST.includes(`sync.link.${phase}`)) {
      assert.deepEqual(code(await decided(me, id)), [409, 'link.interrupted'], phase)
      assert.equal(await LINKED(me.person_id), '0')
      const again = await begin(me)
      at = again.id
      assert.equal((await confirm(me, fragment((await browse(again.url, who)).location).confirm)).status, 202)
    }
    await killed(second, `sync.account.${phase}`)
    workers.splice(0)
    const w = worker()
    const end = await decided(me, at)
    assert.deepEqual([end.status, (await shown(me)).provider_uid], [200, 900100 + n], `${phase}: ${end.text}`)
    assert.equal(await LINKED(me.person_id), '1')
    assert.equal(await api.sql(`select count(*) from q.outbox where topic = 'account.linked' and subject = 'person/${me.person_id}'`), '1')
    await retire(w)
  }
})

// A worker for each point of the kind, one after the other, until the last one has settled it.
async function killedAtEach(kind) {
  for (const phase of kinds[kind]) {
    const w = worker({ PATCHWORK_FAULT: `${kind}.${phase}:kill` })
    await killed(w, `${kind}.${phase}`)
    workers.splice(workers.indexOf(w), 1)
  }
}
const runs = kind => api.sql(`select string_agg(r.state || ' ' || r.attempt, ',' order by r.attempt) from q.run r join q.job j on j.id = r.job_id
  where j.kind = '${kind}' and j.id = (select max(id) from q.job where kind = '${kind}')`)
const lostButOne = kind => [...kinds[kind].slice(1).map((_, i) => `rescued ${i + 1}`), `done ${kinds[kind].length}`].join()

test('A5, F15: a worker that is killed at each point of unlinking, or of the daily look, leaves it done, once', { timeout: 300_000 }, async () => {
  const me = await newcomer()
  await user('mary', 900200)
  const first = worker()
  const { body: { id } } = await link(me, 'mary')
  await retire(first)
  await api.sql(`update core.external_account set checked_at = now() - case provider_uid when 900200 then interval '2 days' else '0' end`)
  await api.sql(`select q.enqueue('sync', 'sync.accounts', null, '{}')`)
  await killedAtEach('sync.accounts')
  assert.equal(await runs('sync.accounts'), lostButOne('sync.accounts'))
  assert.equal(await api.sql(`select count(*) from q.job where kind = 'sync.account' and key like 'account:${id}:%'`), '1')
  const second = worker()
  await until('GitHub was asked', async () => await api.sql(`select count(*) from core.external_account
    where provider_uid = 900200 and checked_at > now() - interval '1 day'`) === '1')
  await retire(second)

  assert.equal((await api.remove('/v1/me/github', { token: me.token })).status, 200)
  await killedAtEach('sync.unlink')
  assert.equal(await runs('sync.unlink'), lostButOne('sync.unlink'))
  assert.equal(await api.sql(`select count(*) from core.account_token where id = '${id}'`), '0')
  const left = await shown(me)
  assert.deepEqual([left.state, left.provider_uid, left.revoked_reason], ['revoked', 900200, 'unlinked'])
  assert.equal(await api.sql(`select string_agg(topic, ' ' order by id) from q.outbox where subject = 'person/${me.person_id}'`), 'account.linked account.unlinked')
})

test('A5, F15: a worker that is killed at each point of a renewal leaves the next token, or an account that says it must be linked again', { timeout: 300_000 }, async () => {
  for (const w of [...workers]) await retire(w)
  const LOST = ['effected', 'settling'] // the refresh token is used up, and nobody has the pair that it gave
  const first = worker()
  const accounts = []
  for (const [n, phase] of kinds['sync.renew'].entries()) {
    const me = await newcomer()
    accounts.push({ phase, n, me, id: await ending(me, `renewed-${n}`, 900300 + n) })
  }
  await retire(first)
  for (const { phase, n, me, id } of accounts) {
    const job = await lookAgain(id)
    const second = worker({ PATCHWORK_FAULT: `sync.renew.${phase}:kill` })
    await killed(second, `sync.renew.${phase}`)
    workers.splice(workers.indexOf(second), 1)
    const w = worker()
    await looked(job)
    const left = await shown(me)
    assert.equal(left.state, 'linked', phase)
    if (LOST.includes(phase)) {
      assert.deepEqual([await relink(me), await tokenRow(id)], ['link.renewal_lost', ''], phase)
      const said = await explained(me)
      assert.deepEqual([said.object, said.state, said.code, said.who], ['account', 'linked', 'link.renewal_lost', 'contributor'])
      assert.match(said.explain, /must link it again/)
      assert.equal((await link(me, `renewed-${n}`, { lives: 28800 })).status, 200)
      assert.equal(await relink(me), null, 'linked again, all is well')
    } else
      assert.deepEqual([await relink(me), await tokenRow(id)], [null, `1 t t ${49 + 40}`], phase)
    await retire(w)
  }
})

test('A5: an OAuth server that is not ours takes our address, our verifier, our exchange', { timeout: 300_000 }, async () => {
  const { OAuth2Server } = require('oauth2-mock-server')
  const peer = new OAuth2Server(undefined, undefined, { endpoints: { userinfo: '/user' } })
  await peer.issuer.keys.generate('RS256')
  await peer.start(0, '127.0.0.1')
  const at = `http://127.0.0.1:${peer.address().port}`
  const seen = []
  peer.service.on('beforeUserinfo', (answer, req) => {
    seen.push(req.headers.authorization)
    answer.body = { id: 840001, login: 'peer', type: 'User', created_at: '2011-01-25T18:44:36Z' }
  })
  peer.service.on('beforeResponse', (answer, req) => seen.push(req.body))
  const w = worker({ PATCHWORK_GITHUB_REST_URL: at, PATCHWORK_GITHUB_OAUTH_TOKEN_URL: `${at}/token` })
  const there = url => url.replace(`${api.stack.url('github')}/login/oauth`, at)
  try {
    const me = await newcomer()
    const { id, url } = await begin(me)
    const go = await hop(there(url))
    assert.equal(go.status, 302, go.text)
    const { confirm: word } = fragment((await hop(go.location)).location)
    assert.equal((await confirm(me, word)).status, 202)
    const end = await decided(me, id)
    assert.equal(end.status, 200, end.text)
    const [form, bearer] = seen
    assert.deepEqual([form.grant_type, form.client_id, form.client_secret, form.redirect_uri], ['authorization_code', app.client_id, app.client_secret, app.callback])
    assert.equal(createHash('sha256').update(form.code_verifier).digest('base64url'), new URL(url).searchParams.get('code_challenge'))
    assert.match(bearer, /^Bearer eyJ/)
    assert.deepEqual([(await shown(me)).provider_uid, (await shown(me)).login], [840001, 'peer'])
    assert.equal(await api.sql(`select extract(year from created_at) from core.external_account where provider_uid = 840001`), '2011', 'how old the account is')

    assert.equal(await api.sql(`select concat_ws(' ', renewals, expires_at > now() + interval '30 minutes', length(refresh)) from core.account_token where id = '${id}'`), `0 t ${49 + 36}`)
    await api.sql(`update core.account_token set expires_at = now() where id = '${id}'`)
    await looked(await lookAgain(id))
    const renewal = seen.filter(s => s.grant_type === 'refresh_token')
    assert.deepEqual(renewal.map(f => [f.client_id, f.client_secret, Object.keys(f).length]), [[app.client_id, app.client_secret, 4]])
    assert.match(renewal[0].refresh_token, /^[0-9a-f-]{36}$/)
    assert.match(seen.at(-1), /^Bearer eyJ/, 'asked with the next token')
    assert.equal(await api.sql(`select renewals from core.account_token where id = '${id}'`), '1')
    peer.service.once('beforeResponse', answer => { answer.statusCode = 400; answer.body = { error: 'invalid_grant' } })
    await api.sql(`update core.account_token set expires_at = now() where id = '${id}'`)
    await lookAgain(id)
    await until('the link is over', async () => (await shown(me)).revoked_reason === 'link.token_revoked')

    const other = await newcomer()
    const wrong = await begin(other)
    const swapped = new URL(there(wrong.url))
    swapped.searchParams.set('code_challenge', new URL((await begin(other)).url).searchParams.get('code_challenge'))
    await confirm(other, fragment((await hop((await hop(swapped)).location)).location).confirm)
    assert.deepEqual(code(await decided(other, wrong.id)), [409, 'link.code'], 'the verifier of another attempt')
  } finally {
    await retire(w)
    await peer.stop()
  }
})
