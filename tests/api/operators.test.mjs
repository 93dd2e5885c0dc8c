// What operators do over the API, and who may: pauses, retries, cancels, replays, explanations, the audit log (O5, O13). A9 in
// roles.test.mjs calls each of these routes as every role; what the CLI does with the same functions is in operator.test.mjs.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { command } from '../stack/parts.mjs'
import { startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const nobody = '00000000-0000-7000-8000-000000000000'
const payout = n => `0190163d-8694-739b-aaaf-${String(n).padStart(12, '0')}`
let api
const people = {}
before(async () => {
  api = await startApi()
  for (const role of ['admin', 'operator', 'auditor', 'stranger']) {
    people[role] = await api.signIn(privateKeyToAccount(generatePrivateKey()))
    if (role !== 'stranger') await granted(people[role], role)
  }
  for (const role of ['admin', 'operator']) await signed(people[role], '-1 hour') // however long all this takes
})
after(() => api.stop())

const sql = text => api.sql(text)
const granted = (who, role) => sql(`insert into core.role_grant (person_id, role, granted_by) values ('${who.person_id}', '${role}', 'test')`)
const signed = (who, ago, { action = 'jobs.pay', object = who.person_id } = {}) => sql(`insert into core.statement (nonce, purpose, session_id, action, object_id, message,
  expires_at, signed_at) values (gen_random_uuid(), 'step_up', '${who.session_id}', '${action}', '${object}', 'x', now(), now() - interval '${ago}')`)
const get = (path, as = 'auditor') => api.get(path, { token: people[as].token })
const post = (path, body, as = 'operator') => api.post(path, body, { token: people[as].token })
const code = async (answer, ...expected) => { const { status, body, text } = await answer; assert.deepEqual([status, body.code], expected, text) }
const person = role => `person:${people[role].person_id}`
const audited = async (type, id) => (await sql(`select coalesce(string_agg(action || '|' || actor_kind || '|' || actor_id || '|' || reason, ' ' order by id), '')
  from audit.log where object_type = '${type}' and object_id = '${id}'`))
const newJob = (queue, kind, args = {}) => sql(`select q.enqueue('${queue}', '${kind}', null, '${JSON.stringify(args)}')`)
const job = {
  ended: async (kind = 'pay.quote', args = {}, state = 'done', error = null) => {
    const id = await newJob(kind.split('.')[0], kind, args)
    await sql(`delete from q.ready where job_id = ${id}; insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code)
      values (${id}, 1, '${state}', 1, 1, now(), now(), ${error ? `'invalid', '${error}'` : 'null, null'})`)
    return Number(id)
  },
  parked: async (error, kind = 'pay.quote', args = {}) => {
    const id = await job.ended(kind, args, 'parked', error)
    await sql(`insert into q.parked (job_id, queue, kind, attempt, error_code) values (${id}, '${kind.split('.')[0]}', '${kind}', 1, '${error}')`)
    return id
  },
  claimed: async () => {
    const id = await newJob('pay', 'pay.send')
    await sql(`delete from q.ready where job_id = ${id}; insert into q.claim (worker, queue, lease, job_ids, attempts, burned, suspects)
      values (1, 'pay', '1 hour', '{${id}}', '{1}', '{0}', '{false}')`)
    return Number(id)
  },
}

test('O13: who is signed in is told what they may everywhere', async () => {
  for (const role of ['admin', 'operator', 'auditor']) assert.deepEqual((await get('/v1/me', role)).body.roles, [role])
  assert.deepEqual((await get('/v1/me', 'stranger')).body.roles, [])
})

test('O4: a job says how far it is, and which of its steps are behind it', async () => {
  const id = await job.claimed(), other = Number(await newJob('verify', 'verify.merge'))
  await sql(`insert into q.progress (job_id, attempt, done, total, note, told_at) values (${id}, 1, 700, 1500, 'issues', '2026-01-02T03:04:05Z');
    insert into q.step (job_id, name, attempt, output, done_at) values (${id}, 'render', 1, null, '2026-01-02T03:04:04Z'),
      (${id}, 'collect', 1, '{"n": 7}', '2026-01-02T03:04:03Z')`)
  const at = s => Date.parse(`2026-01-02T03:04:0${s}Z`)
  const { body } = await get(`/v1/jobs/${id}`)
  assert.deepEqual({ ...body.progress, told_at: Date.parse(body.progress.told_at) }, { attempt: 1, done: 700, total: 1500, note: 'issues', told_at: at(5) })
  assert.deepEqual(body.steps.map(s => ({ ...s, done_at: Date.parse(s.done_at) })),
    [{ name: 'collect', attempt: 1, output: { n: 7 }, done_at: at(3) }, { name: 'render', attempt: 1, output: null, done_at: at(4) }])
  const { body: silent } = await get(`/v1/jobs/${other}`)
  assert.deepEqual([silent.progress, silent.steps], [null, []])
  await sql(`delete from q.progress; delete from q.step; delete from q.claim; delete from q.ready`)
})

describe('O13: pauses', () => {
  const pause = (what, name, reason = 'GitHub is down', as) => post('/v1/pauses', { what, name, reason }, as)
  const end = (what, name, reason = 'it is back', as) => post('/v1/pauses/end', { what, name, reason }, as)

  test('a pause is made once, seen by auditors, ended once; each with one audit row', async () => {
    const made = await pause('stage', 'score')
    assert.deepEqual([made.status, made.body.actor, made.body.reason], [201, person('operator'), 'GitHub is down'], made.text)
    const again = await pause('stage', 'score', 'me too', 'admin')
    assert.deepEqual([again.status, again.body], [200, made.body], 'the first one stays')
    assert.deepEqual((await get('/v1/pauses')).body, { items: [made.body], next_cursor: null })
    const { items } = (await get('/v1/stages')).body
    assert.deepEqual(items.map(s => [s.queue, s.paused]), [['sync', false], ['verify', false], ['prove', false], ['pay', false], ['score', true]])
    assert.deepEqual((await end('stage', 'score')).body, { what: 'stage', name: 'score', changed: true })
    assert.equal((await end('stage', 'score')).body.changed, false)
    assert.deepEqual((await get('/v1/pauses')).body.items, [])
    assert.equal(await audited('stage', 'score'),
      `queue.pause|person|${person('operator')}|GitHub is down queue.resume|person|${person('operator')}|it is back`)
  })

  test('stages are told as the command tells them', async () => {
    await sql(`update q.job set created_at = now() - interval '1 hour' where id = ${await newJob('verify', 'verify.merge')}`)
    const { items } = (await get('/v1/stages')).body
    const said = (await api.stack.run('patchwork_operator', 'stages', '--json')).trim().split('\n').map(l => JSON.parse(l))
    const still = ({ oldest_wait, ...rest }) => rest
    assert.deepEqual(items.map(still), said.map(still))
    const wait = items.find(s => s.queue === 'verify').oldest_wait
    assert.ok(wait >= 3600 && wait < 4200, String(wait))
    await sql('delete from q.ready')
  })

  test('a name that nothing has, a reason that is none, a role that may not', async () => {
    for (const [what, name] of [['stage', 'scor'], ['kind', 'verify'], ['project', 'northwind'], ['project', nobody]]) await code(pause(what, name), 422, 'queue.pause_unknown')
    await code(pause('worker', 'score'), 422, 'json.range')
    await code(pause('stage', 'score', ''), 422, 'json.range')
    await code(pause('stage', 'score', 'x'.repeat(1001)), 422, 'json.range')
    await code(post('/v1/pauses', { what: 'stage', name: 'score' }), 422, 'json.missing')
    for (const as of ['auditor', 'stranger']) {
      await code(pause('stage', 'score', 'mine', as), 403, 'auth.role')
      await code(end('stage', 'score', 'mine', as), 403, 'auth.role')
    }
    for (const path of ['/v1/pauses', '/v1/stages', '/v1/replays', '/v1/audit']) await code(get(path, 'stranger'), 403, 'auth.role')
    assert.equal(await sql('select count(*) from q.pause'), '0')
  })

  test('the database looks at the role itself, whatever the API says', async () => {
    for (const [who, refused] of [['auditor', true], ['stranger', true], ['admin', false]]) {
      const said = await sql(`set role patchwork_api; select q.operator_resume('${people[who].person_id}', 'stage', 'score', 'x')`).catch(e => e.message)
      assert.equal(/auth\.role/.test(said), refused, said)
    }
    await sql(`update core.person set status = 'suspended' where id = '${people.admin.person_id}'`)
    const said = await sql(`set role patchwork_api; select q.operator_retry('${people.admin.person_id}', 1, 'x')`).catch(e => e.message)
    await sql(`update core.person set status = 'active' where id = '${people.admin.person_id}'`)
    assert.match(said, /auth\.role/)
  })

  test('a pause stops a claim, its end lets it go on', async () => {
    assert.equal((await pause('kind', 'score.payout')).status, 201)
    const aside = await newJob('score', 'score.payout', { payout_id: payout(1) })
    const other = await newJob('score', 'score.unheard')
    const worker = launch({
      argv: command(api.stack, 'work', 'score'), env: api.stack.as('patchwork_worker'),
      log: api.stack.path('log/score.log'), pidFile: api.stack.path('run/score.pid'),
    })
    const runs = id => sql(`select count(*) from q.run where job_id = ${id}`)
    try {
      await until('the job after it is run', async () => await runs(other) !== '0')
      assert.equal(await runs(aside), '0')
      assert.deepEqual((await get('/v1/jobs?state=held')).body.items.map(j => String(j.id)), [aside])
      assert.match((await get(`/v1/explain/job/${aside}`)).body.text, /paused by person:.*: GitHub is down/)
      assert.equal((await end('kind', 'score.payout')).body.changed, true)
      await until('it is run', async () => await runs(aside) !== '0')
    } finally {
      await stop(worker)
    }
    await sql('delete from q.scheduled; delete from q.parked; delete from q.ready')
  })
})

describe('O13: one job', () => {
  const retry = (id, as) => post(`/v1/jobs/${id}/retry`, { reason: 'the node is back' }, as)
  const cancel = (id, as) => post(`/v1/jobs/${id}/cancel`, { reason: 'withdrawn' }, as)

  test('a parked job is run again; what has ended, runs or is not there is refused by its code', async () => {
    const id = await job.parked('pay.refused')
    const made = await retry(id)
    assert.deepEqual([made.status, made.body], [202, { id, state: 'ready' }], made.text)
    await code(retry(id), 409, 'job.not_waiting')
    assert.equal(await audited('job', id), `operator.retry|person|${person('operator')}|the node is back`)
    await code(retry(await job.ended()), 409, 'job.ended')
    await code(retry(4711000), 404, 'job.not_found')
    for (const as of ['auditor', 'stranger']) await code(retry(id, as), 403, 'auth.role')
  })

  test('a job that waits is cancelled, one that runs is asked to end; twice is once', async () => {
    const waits = Number(await newJob('pay', 'pay.send')), runs = await job.claimed()
    for (const [id, state] of [[waits, 'cancelled'], [runs, 'running']]) {
      const made = await cancel(id), again = await cancel(id)
      assert.deepEqual([made.status, made.body], [202, { id, state }], made.text)
      assert.deepEqual([again.status, again.body], [200, { id, state }], again.text)
      assert.equal(await audited('job', id), `job.cancel|person|${person('operator')}|withdrawn`)
    }
    await code(cancel(await job.ended()), 409, 'job.ended')
    const replayed = await job.parked('pay.refused')
    await sql(`delete from q.parked where job_id = ${replayed}; update q.job set replay_of = ${replayed} where id = ${await newJob('pay', 'pay.quote')}`)
    await code(cancel(replayed), 409, 'job.ended')
    assert.equal(await sql(`select count(*) from q.cancel where job_id = ${replayed}`), '0')
    await code(cancel(4711000), 404, 'job.not_found')
    for (const as of ['auditor', 'stranger']) await code(cancel(waits, as), 403, 'auth.role')
    await sql('delete from q.cancel; delete from q.claim')
  })
})

describe('O5: replays', () => {
  const reason = 'the node is back'
  const preview = (body, as = 'auditor') => post('/v1/replays/preview', body, as)
  const replay = (body, as) => post('/v1/replays', { reason, ...body }, as)
  const taken = async batch => JSON.parse(await sql(`select coalesce(json_agg(job_id order by job_id), '[]') from q.replay where batch = ${batch}`))

  test('executing gives exactly what the preview said, by each filter', async () => {
    const begun = await sql('select to_json(clock_timestamp()) #>> \'{}\'')
    const jobs = [await job.ended('pay.quote', { payout_id: payout(1) }), await job.parked('chain.reverts', 'pay.quote', { payout_id: payout(2) }),
      await job.ended('verify.merge'), await job.ended('sync.issue', {}, 'cancelled', 'queue.cancelled')]
    await newJob('pay', 'pay.quote')
    const own = { since: begun }
    for (const [body, wanted] of [
      [own, jobs], [{ ...own, kind: 'pay.quote' }, jobs.slice(0, 2)], [{ ...own, stage: 'verify' }, [jobs[2]]], [{ ...own, state: 'parked' }, [jobs[1]]],
      [{ ...own, state: 'cancelled' }, [jobs[3]]], [{ ...own, code: 'chain.reverts' }, [jobs[1]]], [{ ids: [jobs[3], jobs[0]] }, [jobs[0], jobs[3]]]]) {
      const seen = await preview(body)
      assert.equal(seen.status, 200, seen.text)
      assert.deepEqual([seen.body.jobs, seen.body.sample.map(j => j.id)], [wanted.length, wanted], JSON.stringify(body))
      assert.equal(seen.body.kinds.reduce((n, k) => n + k.jobs, 0), wanted.length)
      for (const k of [...seen.body.kinds, ...seen.body.sample]) assert.ok(k.does.length > 10 && /^(done\|)?(asks|acts|rows)$/.test(k.outcomes), seen.text)
      const made = await replay({ ...body, rate: '6/h' })
      assert.deepEqual([made.status, made.body.jobs], [202, wanted.length], made.text)
      assert.deepEqual(await taken(made.body.batch), wanted, JSON.stringify(body))
      assert.equal(await audited('batch', made.body.batch), `operator.replay|person|${person('operator')}|${reason}`)
      await post(`/v1/replays/${made.body.batch}/stop`, { reason: 'enough' })
    }
  })

  test('twice the same are two; progress, stop, and who asked are in the list', async () => {
    const ids = [await job.ended('pay.quote', { payout_id: payout(11) }), await job.ended('pay.quote', { payout_id: payout(12) })]
    const first = (await replay({ ids, rate: '6/h' })).body, second = (await replay({ ids, rate: '1000' }, 'admin')).body
    assert.equal(second.batch, first.batch + 1)
    await sql('set role patchwork_worker; select q.replay_release()')
    await sql(`update q.batch set filled_at = filled_at - interval '1 minute' where id = ${second.batch}`)
    await sql('set role patchwork_worker; select q.replay_release()')
    const { items } = (await get('/v1/replays?limit=2')).body
    assert.deepEqual(items.map(b => [b.batch, b.state, b.total, b.released, b.waiting, b.running, b.actor, b.reason, b.filter.ids]),
      [[second.batch, 'ended', 2, 2, 0, 2, person('admin'), reason, ids], [first.batch, 'open', 2, 1, 1, 1, person('operator'), reason, ids]])
    assert.deepEqual((await get(`/v1/jobs?batch=${second.batch}`)).body.items.map(j => j.replay_of), [...ids].reverse())
    assert.equal((await get(`/v1/jobs/${ids[0]}`)).body.replays.length, 2)
    const stopping = as => post(`/v1/replays/${first.batch}/stop`, { reason: 'one was enough' }, as)
    await code(stopping('auditor'), 403, 'auth.role')
    for (let i = 0; i < 2; i++) assert.deepEqual((await stopping()).body, { batch: first.batch, state: 'stopped' })
    assert.equal(await audited('batch', first.batch), `operator.replay|person|${person('operator')}|${reason} operator.replay_stop|person|${person('operator')}|one was enough`)
    await code(post(`/v1/replays/${second.batch}/stop`, { reason }), 409, 'replay.ended')
    await code(post('/v1/replays/4711000/stop', { reason }), 404, 'replay.not_found')
    const pages = [(await get('/v1/replays?limit=1')).body]
    pages.push((await get(`/v1/replays?limit=1&cursor=${pages[0].next_cursor}`)).body)
    assert.deepEqual(pages.map(p => p.items[0].batch), [second.batch, first.batch])
  })

  test('what cannot be a replay is refused before anything is written', async () => {
    const n = await sql('select count(*) from q.batch')
    for (const ask of [preview, replay]) {
      await code(ask({}), 422, 'replay.too_wide')
      for (const ids of [[], 'all', [0], [1.5], ['7'], Array.from({ length: 1001 }, (_, i) => i + 1)]) await code(ask({ ids }), 422, 'json.type')
      await code(ask({ state: 'ready' }), 422, 'json.range')
      await code(ask({ kind: 'pay.send' }, 'stranger'), 403, 'auth.role')
    }
    await code(replay({ kind: 'pay.send' }, 'auditor'), 403, 'auth.role')
    await code(replay({ kind: 'no.such' }), 422, 'replay.empty')
    for (const rate of ['fast', '0', '10001/s']) await code(replay({ kind: 'pay.quote', rate }), 422, 'replay.rate')
    assert.equal((await preview({ kind: 'no.such' })).body.jobs, 0)
    assert.equal(await sql('select count(*) from q.batch'), n)
  })
})

test('A12: what runs jobs of stage pay again wants a fresh signature of the session\'s wallet, as a held payout does; nothing else does', async () => {
  const account = privateKeyToAccount(generatePrivateKey())
  const late = { account, ...await api.signIn(account) }
  await granted(late, 'operator')
  const { token, person_id } = late
  const [done, parked] = [await job.ended('pay.quote', { payout_id: payout(21) }), await job.parked('pay.refused', 'pay.quote', { payout_id: payout(22) })]
  const other = [await job.ended('verify.merge'), await job.parked('github.gone', 'verify.merge')]
  const since = await sql(`select to_json(created_at) #>> '{}' from q.job where id = ${done}`)
  const reason = 'the node is back'
  const retry = id => api.post(`/v1/jobs/${id}/retry`, { reason }, { token })
  const replay = body => api.post('/v1/replays', { reason, rate: '6/h', ...body }, { token })
  const preview = async body => (await api.post('/v1/replays/preview', body, { token })).body.step_up
  const written = () => sql('select (select count(*) from q.batch) + (select count(*) from q.ready)')
  const was = await written()
  const refused = async () => {
    await code(retry(parked), 403, 'auth.step_up_required')
    for (const body of [{ ids: [done] }, { ids: [other[0], parked] }, { since }, { stage: 'pay', since }]) await code(replay(body), 403, 'auth.step_up_required')
    assert.equal(await written(), was)
    assert.equal(await audited('job', parked), '')
  }
  await refused()
  await signed(late, '301 s')
  await signed(late, '1 s', { action: 'payout.retry' })
  await signed(late, '1 s', { object: people.operator.person_id })
  await refused()
  for (const asked of [`operator_retry('${person_id}', ${parked}, 'x')`, `operator_retry('${person_id}', '${people.operator.session_id}', ${parked}, 'x')`,
    `operator_replay('${person_id}', '{${done}}', null, null, null, null, null, null, null, 1, 'x')`])
    assert.match(await sql(`set role patchwork_api; select q.${asked}`).catch(e => e.message), /auth\.step_up_required/, asked)
  assert.deepEqual([await preview({ ids: [done, other[0]] }), await preview({ ids: [other[0]] })], ['jobs.pay', null])
  assert.equal((await retry(other[1])).status, 202)
  assert.equal((await replay({ ids: [other[0]] })).status, 202)
  await code(retry(done), 409, 'job.ended')

  await api.stepUp(late, 'jobs.pay', person_id)
  for (const made of [await retry(parked), await replay({ ids: [done] })]) assert.equal(made.status, 202, made.text)
  const { paths } = (await api.get('/openapi.json')).body
  for (const path of ['/v1/jobs/{id}/retry', '/v1/replays']) assert.equal(paths[path].post['x-step-up-sometimes'], 'jobs.pay', path)
})

test('O11: explain says over the API what the command says', async () => {
  const id = await job.parked('pay.refused')
  const { status, body } = await get(`/v1/explain/job/${id}`)
  const said = JSON.parse(await api.stack.run('patchwork_operator', 'explain', String(id), '--json'))
  assert.deepEqual([status, body.text, body.who, body.state, body.code], [200, said.explain, 'operator', 'parked', 'pay.refused'])
  for (const path of [`job/${id}0000`, `bounty/${nobody}`, `payout/${id}`, 'job/x', `wallet/${nobody}`, `submission/${people.admin.person_id}`])
    await code(get(`/v1/explain/${path}`), 404, 'explain.not_found')
  await code(get(`/v1/explain/job/${id}`, 'stranger'), 403, 'auth.role')
})

describe('O13: the audit log and the jobs, by filter and page', () => {
  const walk = async path => {
    const items = []
    for (let cursor = ''; cursor !== null;) {
      const { status, body, text } = await get(`${path}${cursor && `&cursor=${cursor}`}`)
      assert.equal(status, 200, text)
      items.push(...body.items)
      cursor = body.next_cursor
    }
    return items
  }

  test('T2: who did what to what, when: each filter, newest first, no row twice', async () => {
    const all = await walk('/v1/audit?limit=7')
    assert.deepEqual(all.map(r => r.id), JSON.parse(await sql('select json_agg(id order by at desc, id desc) from audit.log')))
    for (const [query, keep] of [
      [`actor=${person('operator')}`, r => r.actor === person('operator')], ['action=queue.pause', r => r.action === 'queue.pause'],
      ['object=stage/score', r => r.object === 'stage/score'], [`actor=${person('operator')}&action=job.cancel`, r => r.actor === person('operator') && r.action === 'job.cancel'],
      ['object=stage/score&action=queue.resume', r => r.object === 'stage/score' && r.action === 'queue.resume'], ['actor=nobody', () => false],
      [`since=${all[5].at}&until=${all[2].at}`, (_, i) => i > 2 && i <= 5]])
      assert.deepEqual((await walk(`/v1/audit?limit=3&${query}`)).map(r => r.id), all.filter(keep).map(r => r.id), query)
    assert.ok(all.filter(r => r.actor === person('operator')).length > 3)
    assert.ok(all.filter(r => r.actor === person('operator')).every(r => r.reason && r.detail && r.db_role === 'patchwork_api'))
    await signed(people.admin, '1 second', { action: 'role.grant' })
    const granted = await post('/v1/roles', { person_id: people.stranger.person_id, role: 'auditor', reason: 'asked for' }, 'admin')
    assert.deepEqual((await walk(`/v1/audit?actor=${person('admin')}&action=role.granted`)).map(r => [r.object, r.actor]), [[`person/${people.stranger.person_id}`, person('admin')]],
      'whichever way the kind is written before the id')
    await api.remove(`/v1/roles/${granted.body.id}`, { token: people.admin.token })
  })

  test('jobs by state, code, kind, time and project', async () => {
    const all = await walk('/v1/jobs?limit=5')
    const ids = JSON.parse(await sql('select json_agg(id order by id desc) from q.job'))
    assert.deepEqual(all.map(j => j.id), ids)
    const kept = async (query, keep) => assert.deepEqual((await walk(`/v1/jobs?limit=3&${query}`)).map(j => j.id), all.filter(keep).map(j => j.id), query)
    for (const state of new Set([...all.map(j => j.state), 'scheduled', 'running', 'held'])) await kept(`state=${state}`, j => j.state === state)
    assert.ok(new Set(all.map(j => j.state)).size >= 4)
    await kept('kind=pay.quote', j => j.kind === 'pay.quote')
    await kept('queue=pay&state=done', j => j.queue === 'pay' && j.state === 'done')
    await kept('code=chain.reverts', j => j.error_code === 'chain.reverts')
    await kept('code=chain.reverts&state=done', () => false)
    await kept('parked=false', j => j.state !== 'parked')
    const [until, since] = [all[2].created_at, all[6].created_at]
    await kept(`since=${since}&until=${until}`, j => since <= j.created_at && j.created_at < until)
    await kept(`project_id=${nobody}`, () => false)
  })
})

// The statements on many rows, by the plan that PostgreSQL keeps for all parameters and by the one for these.
describe('O13: no page reads a table from end to end', () => {
  const BUFFERS = 30_000
  before(async () => {
    await sql(`select setval('q.job_id', 200000);
      insert into q.job (id, queue, kind, args, root_id, created_by, created_at, project_id)
        select g, 'pay', case when g % 2 = 0 then 'pay.send' else 'pay.quote' end, '{}', g, 'cli:ann', now() - (60000 - g) * interval '1 min',
          case when g % 50 = 0 then '${nobody}'::uuid end from generate_series(10001, 55000) g;
      insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_code)
        select g, 1, case when g % 10 = 0 then 'parked' else 'done' end, 1, 1, now(), now(), case when g % 10 = 0 then 'chain.reverts' end from generate_series(10001, 55000) g;
      insert into q.parked (job_id, queue, kind, attempt, error_code) select g, 'pay', 'pay.send', 1, 'chain.reverts' from generate_series(10010, 55000, 10) g;
      insert into audit.log (at, actor_kind, actor_id, action, object_type, object_id, detail)
        select now() - (30000 - g) * interval '1 min', 'cli', case when g % 3 = 0 then 'cli:bob' else 'cli:ann' end, case when g % 1000 = 0 then 'test.rare' else 'test.done' end,
          'thing', (g % 2)::text, '{}' from generate_series(1, 30000) g`)
    await sql('select sum(q.spans_ahead(40)) from generate_series(1, 3)')
    await sql('analyze q.job; analyze q.run; analyze q.parked; analyze audit.log; analyze q.span')
  })

  const explain = async (file, given, mode) => {
    const text = readFileSync(`sql/${file}.sql`, 'utf8')
    const types = [...text.matchAll(/^-- in +(\w+) +([\w[\]]+)/gm)].map(([, name, type]) => [name, type])
    const values = types.map(([name]) => name in given ? `'${given[name]}'` : name === 'page' ? '51' : 'null')
    const plan = JSON.parse(await sql(`set role patchwork_api; set plan_cache_mode = ${mode}; prepare asked (${types.map(t => t[1])}) as ${text};
      explain (analyze, buffers, format json) execute asked (${values})`))[0].Plan
    const nodes = p => [p, ...(p.Plans ?? []).flatMap(nodes)]
    const scanned = nodes(plan).filter(n => n['Node Type'] === 'Seq Scan' && n['Actual Loops'] > 0 && n['Actual Rows'] + (n['Rows Removed by Filter'] ?? 0) > 10_000)
    return { buffers: plan['Shared Hit Blocks'] + plan['Shared Read Blocks'], scanned: scanned.map(n => n['Relation Name']), rows: plan['Actual Rows'] }
  }
  const bounded = (file, filters) => {
    for (const given of filters)
      test(`${file} by ${JSON.stringify(given)}`, async () => {
        for (const mode of ['force_generic_plan', 'force_custom_plan']) {
          const seen = await explain(file, given, mode)
          assert.ok(seen.buffers < BUFFERS && seen.scanned.length === 0, `${mode}: ${JSON.stringify(seen)}`)
        }
      })
  }
  bounded('job/list', [{}, { after: '40000' }, { kind: 'no.such' }, { state: 'done' }, { state: 'ready' }, { state: 'parked', kind: 'pay.quote' }, { code: 'chain.reverts' },
    { code: 'no.such' }, { project_id: nobody, state: 'cancelled' }, { since: '2100-01-01' }, { until: '2000-01-01' }, { parked: 'true' }, { batch: '7' }])
  bounded('audit/page', [{}, { action: 'test.rare' }, { actor: 'cli:ann', action: 'test.rare' }, { object: 'thing/1', action: 'test.rare' }, { actor: 'cli:nobody' },
    { object: 'thing/7' }, { since: '2100-01-01' }, { until: '2000-01-01', actor: 'cli:bob' }])
  bounded('replay/list', [{}])

  test('a search for what is rare goes on over short pages, and ends', async () => {
    const found = []
    let pages = 0
    for (let cursor = ''; cursor !== null; pages++) {
      const { body } = await get(`/v1/audit?actor=cli:ann&action=test.rare&limit=200${cursor && `&cursor=${cursor}`}`)
      found.push(...body.items.map(r => r.id))
      cursor = body.next_cursor
    }
    assert.deepEqual(found, JSON.parse(await sql(`select json_agg(id order by at desc, id desc) from audit.log where actor_id = 'cli:ann' and action = 'test.rare'`)))
    assert.ok(pages > 2, `${pages} pages`)
  })

  test('a replay that would look at too many jobs is refused; one by a narrower filter is not', async () => {
    const preview = body => post('/v1/replays/preview', body)
    await code(preview({ kind: 'pay.send' }), 422, 'replay.too_wide')
    await code(post('/v1/replays', { stage: 'pay', reason: 'all of it' }), 422, 'replay.too_wide')
    assert.equal((await preview({ code: 'chain.reverts' })).body.jobs, Number(await sql(`select count(distinct job_id) from q.run r where error_code = 'chain.reverts'
      and not exists (select from q.job j where j.id = r.job_id and j.replay_of is not null)`)))
    assert.equal((await preview({ project_id: nobody })).body.jobs, 900)
  })
})
