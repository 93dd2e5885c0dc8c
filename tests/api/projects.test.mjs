// Projects: registered once, asked about by a job, listed page by page.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

let api, me, other
before(async () => {
  api = await startApi()
  me = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  other = await api.signIn(privateKeyToAccount(generatePrivateKey()))
})
after(() => api.stop())

const rows = () => Promise.all(['core.project', 'q.job', 'q.outbox'].map(api.rows))
const register = (name, token = me.token) => api.post('/v1/projects', { full_name: name }, { token })

test('a repository is registered with its job and its event, once', async () => {
  const before = await rows()
  const made = await register('ada/engine')
  assert.equal(made.status, 201, made.text)
  assert.match(made.body.id, UUID)
  assert.deepEqual([made.body.full_name, made.body.state, made.body.created_by], ['ada/engine', 'unverified', me.person_id])
  const { body: job } = await api.get(`/v1/jobs/${made.body.job_id}`)
  assert.deepEqual([job.queue, job.kind, job.key, job.args, job.created_by, job.state],
    ['sync', 'sync.project', `project:${made.body.id}`, { project_id: made.body.id }, `person/${me.person_id}`, 'ready'])
  assert.equal(await api.sql(`select topic, subject, project_id from q.outbox where key = '${made.body.id}'`),
    `project.created|project/${made.body.id}|${made.body.id}`)
  const again = await register('Ada/Engine')
  assert.deepEqual([again.status, again.body.id, again.body.job_id], [200, made.body.id, made.body.job_id])
  const taken = await register('ada/engine', other.token)
  assert.deepEqual([taken.status, taken.body.code], [409, 'project.exists'])
  assert.deepEqual((await rows()).map((n, i) => n - before[i]), [1, 1, 1])
})

test('P1: the address of a repository\'s page says the same as its name', async () => {
  for (const [name, form] of ['https://github.com/ada/page-1', 'https://github.com/ada/page-2/', 'https://github.com/ada/page-3.git', 'HTTPS://GitHub.com/ada/page-4.git/']
    .map((form, i) => [`ada/page-${i + 1}`, form])) {
    const { status, body, text } = await register(form)
    assert.deepEqual([status, body.full_name], [201, name], text)
    const again = await register(name)
    assert.deepEqual([again.status, again.body.id], [200, body.id])
  }
  for (const wrong of ['https://github.com/ada', 'https://github.com/ada/x/issues', 'http://github.com/ada/x', 'https://example.org/ada/x', 'https://github.com.example.org/ada/x',
    'https://github.com//x', 'https://github.com/ada/.git', 'https://github.com/'])
    assert.deepEqual(await register(wrong).then(a => [a.status, a.body.code]), [422, 'project.name'], wrong)
})

test('many at once register it once', async () => {
  const before = await rows()
  const answers = await Promise.all(Array.from({ length: 20 }, () => register('ada/notes')))
  assert.ok(answers.every(a => a.status === 200 || a.status === 201 || (a.status === 409 && a.body.code === 'project.name_taken')), answers.map(a => a.text).join('\n'))
  assert.equal(answers.filter(a => a.status === 201).length, 1)
  assert.deepEqual((await rows()).map((n, i) => n - before[i]), [1, 1, 1])
})

test('the caller\'s trace goes on in the job', async () => {
  const trace = '0af7651916cd43dd8448eb211c80319c'
  const answer = await api.post('/v1/projects', { full_name: 'ada/traced' },
    { token: me.token, headers: { traceparent: `00-${trace}-b7ad6b7169203331-01` } })
  const { body: job } = await api.get(`/v1/jobs/${answer.body.job_id}`)
  assert.match(job.trace, new RegExp(`^00-${trace}-[0-9a-f]{16}-01$`))
  const made = await api.post('/v1/projects', { full_name: 'ada/untraced' }, { token: me.token, headers: { traceparent: '00-0-0-0' } })
  assert.match((await api.get(`/v1/jobs/${made.body.job_id}`)).body.trace, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
})

test('names that no repository has', async () => {
  const before = await rows()
  for (const name of ['ada', '/x', 'ada/', '-ada/x', 'a/b/c', 'ada/..', 'ada/a b', `${'a'.repeat(40)}/x`, 'ada/é']) {
    const a = await register(name)
    assert.equal(a.status, 422, name)
    assert.ok(['project.name', 'json.range'].includes(a.body.code), name)
  }
  assert.deepEqual(await rows(), before)
})

test('one project, with an ETag that stays until it changes', async () => {
  const id = await api.verifiedProject(me.token, 'ada/etag', 31)
  const first = await api.get(`/v1/projects/${id}`)
  assert.deepEqual([first.status, first.body.repo_id, first.body.state, first.body.default_branch], [200, 31, 'verified', 'main'])
  const etag = first.headers.get('etag')
  const same = await api.get(`/v1/projects/${id}`, { headers: { 'if-none-match': etag } })
  assert.deepEqual([same.status, same.text], [304, ''])
  await api.sql(`update core.project set archived = true where id = '${id}'`)
  const changed = await api.get(`/v1/projects/${id}`, { headers: { 'if-none-match': etag } })
  assert.equal(changed.status, 200)
  assert.notEqual(changed.headers.get('etag'), etag)
  const head = await api.ask('HEAD', `/v1/projects/${id}`)
  assert.deepEqual([head.status, head.text, head.headers.get('etag')], [200, '', changed.headers.get('etag')])
})

test('P11: every hook of a project is shown, newest first, with what became of its own deliveries; one that is gone is not', async () => {
  const { body: { id } } = await register('ada/hooks')
  const none = (await api.get(`/v1/projects/${id}`)).body
  assert.deepEqual([none.hook, none.hooks], [null, []])
  const made = (who, more = 'null') => api.sql(`insert into core.hook (project_id, person_id, gone_at) values ('${id}', '${who.person_id}', ${more}) returning id`)
  const [, first, second] = [await made(me, 'now()'), await made(me), await made(other)]
  await api.sql(`insert into ingest.hook_delivery (hook_id, guid, github_id, event, status, delivered_at, redelivered_at)
    select '${first}', gen_random_uuid(), n, 'push', 502, now(), case n when 1 then now() end from generate_series(1, 3) n`)
  const { hook, hooks } = (await api.get(`/v1/projects/${id}`)).body
  assert.deepEqual(hooks.map(h => [h.id, h.failed, h.missing, h.redelivered]), [[second, 0, 0, 0], [first, 3, 3, 1]])
  assert.deepEqual(hook, hooks[0])
})

test('pages neither repeat nor miss a row while others are added', async () => {
  await api.sql(`insert into core.project (repo_id, full_name, state, created_by, created_at)
    select 1000 + n, 'many/r' || n, 'degraded', '${me.person_id}', now() - n % 7 * interval '1 microsecond' from generate_series(1, 45) n`)
  const seen = []
  let cursor
  for (let page = 0; ; page++) {
    const { status, body } = await api.get(`/v1/projects?state=degraded&limit=10${cursor ? `&cursor=${cursor}` : ''}`)
    assert.equal(status, 200)
    seen.push(...body.items.map(p => p.full_name))
    await api.sql(`insert into core.project (repo_id, full_name, state, created_by) values (${2000 + page}, 'late/r${page}', 'degraded', '${me.person_id}')`)
    if (!body.next_cursor) break
    assert.equal(body.items.length, 10)
    cursor = body.next_cursor
  }
  assert.equal(seen.length, 45)
  assert.equal(new Set(seen).size, 45)
  const wrong = async (query, code) => {
    const a = await api.get(`/v1/projects?${query}`)
    assert.deepEqual([a.status, a.body.code], [400, code], query)
  }
  await wrong(`state=verified&cursor=${cursor}`, 'query.cursor')
  await wrong(`cursor=${cursor}`, 'query.cursor')
  await wrong(`state=degraded&cursor=${cursor.slice(0, -2)}AA`, 'query.cursor')
  await wrong('cursor=', 'query.cursor')
  const bounties = await api.get(`/v1/bounties?cursor=${cursor}`)
  assert.equal(bounties.body.code, 'query.cursor', 'a cursor of another list')
})
