// The history of runs over the API and by the command, and how old history leaves (O4). What is found by each filter, and at what
// cost, is asked of 200,000 runs in tests/db/queue_history_test.c.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, copyFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { require } from '../peers/load.mjs'
import { command } from '../stack/parts.mjs'
import { until } from '../stack/proc.mjs'
import { startApi } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const SIZE = 4_000_000
let api, auditor
const sql = text => api.sql(text)
const owner = (...words) => api.stack.run('patchwork_owner', 'history', ...words)
const rows = text => text.split('\n').filter(Boolean).map(l => JSON.parse(l))

// jobs from+1 .. from+n, each with a run; every tenth run failed first
const made = (from, n, ago = '800 days') => sql(`
  insert into q.job (id, queue, kind, args, root_id, created_by, created_at)
    select g, 'pay', case when g % 2 = 0 then 'pay.send' else 'pay.quote' end, jsonb_build_object('n', g), g, 'cli:ann', now() - interval '${ago}'
    from generate_series(${from + 1}, ${from + n}) g;
  insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code, error)
    select g, a, case when a < n then 'failed' else 'done' end, 1, 1, now() - interval '${ago}', now() - interval '${ago}' + a * interval '1 min',
      case when a < n then 'retry' end, case when a < n then 'node.away' end, case when a < n then 'no answer' end
    from generate_series(${from + 1}, ${from + n}) g, lateral (select case when g % 10 = 0 then 2 else 1 end) c (n), generate_series(1, n) a`)

before(async () => {
  api = await startApi()
  auditor = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  await sql(`insert into core.role_grant (person_id, role, granted_by) values ('${auditor.person_id}', 'auditor', 'test')`)
  await made(0, 1500)
  await made(SIZE, 40)
  await sql(`select setval('q.job_id', ${2 * SIZE})`)
  await sql('select q.partitions_ahead()')
  await made(2 * SIZE, 5, '0 days')
  await sql(`select q.spans_ahead(5000)`)
  await sql('analyze q.job')
})
after(() => api.stop())

const ask = (query = '') => api.get(`/v1/runs${query}`, { token: auditor.token })
// every page of a list
const walk = async query => {
  const items = []
  let pages = 0
  for (let cursor = ''; cursor !== null; pages++) {
    const { status, body } = await ask(`?${query}${cursor && `&cursor=${cursor}`}`)
    assert.equal(status, 200, JSON.stringify(body))
    items.push(...body.items)
    cursor = body.next_cursor
  }
  return { items, pages }
}

describe('O4: GET /v1/runs', () => {
  test('all runs, those of the newest job first, page by page, none twice', async () => {
    const { items } = await walk('limit=200')
    const keys = items.map(r => `${r.job_id}.${r.attempt}`)
    const all = (await sql(`select job_id || '.' || attempt from q.run order by job_id desc, attempt desc`)).trim().split('\n')
    assert.deepEqual(keys, all)
  })

  test('a run says who, when, how it ended and why', async () => {
    const { body } = await ask('?job=20')
    assert.deepEqual(body.items.map(r => [r.attempt, r.state, r.error_code, r.kind, r.actor]),
      [[2, 'done', null, 'pay.send', 'cli:ann'], [1, 'failed', 'node.away', 'pay.send', 'cli:ann']])
    assert.ok(body.items.every(r => Date.parse(r.started_at) < Date.parse(r.finished_at)))
    assert.ok(!('more' in body.items[0]) && !('cursor' in body.items[0]))
  })

  test('filters together; a search that finds nothing ends', async () => {
    const { items } = await walk('kind=pay.send&state=failed&code=node.away&actor=cli:ann&queue=pay&limit=50')
    assert.equal(items.length, 154)
    assert.ok(items.every(r => r.kind === 'pay.send' && r.state === 'failed'))
    assert.deepEqual((await walk('kind=pay.never')).items, [])
    assert.equal((await walk('since=2100-01-01T00:00:00Z')).items.length, 0)
    assert.equal((await walk(`since=${new Date(Date.now() - 86400_000).toISOString()}`)).items.length, 5)
  })

  test('a short page with a next one: the cursor leads on to what is far away', async () => {
    // a kind in spans that no longer tell: their lists are too long
    await sql('update q.span set kinds = null, jobs = 0, made_until = seen_at')
    const { items, pages } = await walk('kind=pay.quote&state=failed')
    assert.deepEqual(items, [])
    const one = await walk('actor=cli:ann&kind=pay.quote&limit=7')
    assert.equal(one.items.length, 750 + 20 + 3)
    assert.ok(pages >= 1 && one.pages > 100)
    await sql('select q.span_read(n) from q.span')
  })

  test('a foreign cursor and a wrong filter are refused', async () => {
    assert.equal((await ask('?cursor=AAAA')).body.code, 'query.cursor')
    assert.equal((await ask('?state=odd')).status, 400)
    assert.equal((await api.get('/v1/runs')).status, 401)
  })
})

describe('O4: patchwork history', () => {
  const list = async (...words) => rows(await api.stack.run('patchwork_auditor', 'history', 'list', '--json', ...words))

  test('list: by filter, and on from a cursor', async () => {
    assert.deepEqual((await list('--job', '20')).map(r => [r.job_id, r.attempt, r.state]), [[20, 2, 'done'], [20, 1, 'failed']])
    const first = await list('--kind', 'pay.send', '--state', 'failed', '--code', 'node.away', '--by', 'cli:ann', '--limit', '3')
    const next = await list('--kind', 'pay.send', '--state', 'failed', '--limit', '1', '--after', first[2].cursor)
    assert.deepEqual([...first, ...next].map(r => r.job_id), [SIZE + 40, SIZE + 30, SIZE + 20, SIZE + 10])
    await assert.rejects(list('--state', 'ready'), /--state is done/)
    await assert.rejects(list('--after', 'x'), /--after is what/)
  })

  const file = n => join(api.dir, `history-${n}.jsonl`)
  const leave = (verb, n, path, ...more) => owner(verb, String(n), '--export', path, '--reason', 'old', '--actor', 'cli:ada', '--json', ...more)
  const states = async () => Object.fromEntries(rows(await owner('partitions', '--json')).map(p => [p.n, p.state]))

  test('partitions: which are due, filling, or kept', async () => {
    assert.deepEqual(await states(), { 0: 'due', 1: 'due', 2: 'filling', 3: 'filling', 4: 'filling' })
    await sql(`insert into q.parked (job_id, queue, kind, attempt) values (${SIZE + 7}, 'pay', 'pay.quote', 1)`)
    assert.equal((await states())[1], 'live')
  })

  test('export: a line per job with its runs, counted, hashed as sha256sum does; no file is overwritten', async () => {
    const said = rows(await owner('export', '0', '--to', file(0), '--json'))[0]
    const text = readFileSync(file(0), 'utf8'), lines = rows(text)
    assert.deepEqual([lines[0].partition, lines.at(-1)], [0, { jobs: 1500, runs: 1650 }])
    assert.equal(said.sha256, createHash('sha256').update(text).digest('hex'))
    assert.deepEqual([said.jobs, said.runs, lines.length], [1500, 1650, 1502])
    const job = lines[20]
    assert.deepEqual([job.job.id, job.job.args, job.runs.map(r => r.state)], [20, { n: 20 }, ['failed', 'done']])
    await assert.rejects(owner('export', '0', '--to', file(0)), /history\.file_exists/)
    assert.equal(readFileSync(file(0), 'utf8'), text)
    await assert.rejects(owner('export', '77', '--to', file(77)), /history\.partition_unknown/)
    assert.ok(!existsSync(file(77)) && !existsSync(`${file(0)}.part`))
    await assert.rejects(owner('export', '0', '--to', join(api.dir, 'no', 'folder')), /history\.file/)
    // whoever exports it, in whichever time zone, writes the same bytes
    await sql(`alter role patchwork_auditor set timezone = 'Asia/Kathmandu'`)
    const again = rows(await api.stack.run('patchwork_auditor', 'history', 'export', '0', '--to', join(api.dir, 'again'), '--json'))[0]
    assert.equal(again.sha256, said.sha256)
  })

  test('detach is refused: no reason, live jobs, a young partition, a file that differs', async () => {
    await owner('export', '1', '--to', file(1))
    await assert.rejects(owner('detach', '1', '--export', file(1)), /--reason/)
    await assert.rejects(leave('detach', 1, file(1)), /history\.live/)
    await assert.rejects(leave('detach', 2, file(2)), /history\.file/)
    copyFileSync(file(0), `${file(0)}.changed`)
    appendFileSync(`${file(0)}.changed`, '\n')
    await assert.rejects(leave('detach', 0, `${file(0)}.changed`), /history\.differs/)
    await assert.rejects(leave('detach', 1, file(0)), /history\.differs/)
    const [program, ...words] = command(api.stack, 'history', 'detach', '0', '--export', file(0), '--reason', 'old')
    const env = { ...process.env, ...api.stack.as('patchwork_owner'), PATCHWORK_HISTORY_KEEP: '3650d' }
    await assert.rejects(promisify(execFile)(program, words, { env }), /history\.young: the newest of partition 0/)
    assert.equal((await states())[0], 'due')
    assert.equal(await sql('select count(*) from q.detached'), '0')
  })

  test('detach: the dry run changes nothing; then it is out of the history, with an audit row; its tables stay until drop', async () => {
    assert.equal(rows(await leave('detach', 0, file(0), '--dry-run'))[0].dry_run, true)
    assert.equal((await states())[0], 'due')
    await assert.rejects(leave('drop', 0, file(0)), /history\.not_detached/)
    const said = rows(await leave('detach', 0, file(0)))[0]
    assert.deepEqual([said.jobs, said.runs], [1500, 1650])
    assert.equal((await states())[0], 'detached')
    assert.equal(await sql('select count(*) from q.job where id < 4000000'), '0')
    assert.equal(await sql('select count(*) from q.job_0'), '1500')
    assert.deepEqual(await list('--job', '20'), [])
    assert.equal((await walk('limit=200')).items.length, 44 + 5)
    await assert.rejects(leave('detach', 0, file(0)), /history\.detached/)
    assert.equal(await sql(`select actor_kind || ' ' || object_id || ' ' || (detail::jsonb ->> 'jobs') || ' ' || reason from audit.log
      where action = 'operator.history_detach'`), 'cli 0 1500 old')
    assert.equal(await sql('select count(*) from q.span where n < 1953'), '0')
  })

  // A detach that is cancelled while it waits for a reader: PostgreSQL has begun it, and has it finished by FINALIZE alone.
  async function interrupted(parent, n) {
    const reader = sql(`set application_name = 'reader'; begin; lock table q.${parent} in access share mode; select pg_sleep(60)`).catch(() => {})
    const is = application => `select pid from pg_stat_activity where application_name = '${application}'`
    await until('a reader reads', async () => await sql(`select count(*) from pg_locks where granted and relation = 'q.${parent}'::regclass and pid in (${is('reader')})`) === '1')
    const detach = sql(`set application_name = 'detach';\nalter table q.${parent} detach partition q.${parent}_${n} concurrently`).catch(e => e)
    const pending = () => sql(`select inhdetachpending from pg_inherits where inhrelid = 'q.${parent}_${n}'::regclass`)
    await until('it is begun', async () => await pending() === 't')
    await sql(`select pg_cancel_backend(pid) from (${is('detach')}) x`)
    assert.match((await detach).message, /canceling statement/)
    await sql(`select pg_terminate_backend(pid) from (${is('reader')}) x`)
    await reader
    assert.equal(await pending(), 't')
  }

  test('detach: what was interrupted is taken up by the same command', async () => {
    await sql(`delete from q.parked`)
    await sql(`insert into q.detached (n, jobs, runs, sha256, actor, reason) values
      (1, 40, 44, '\\x${createHash('sha256').update(readFileSync(file(1))).digest('hex')}', 'cli:ada', 'old')`)
    await sql('alter table q.run detach partition q.run_1')
    await interrupted('job', 1)
    assert.equal((await states())[1], 'detaching')
    await assert.rejects(leave('detach', 1, file(0)), /history\.differs/)
    assert.equal(rows(await leave('detach', 1, file(1)))[0].runs, 44)
    assert.equal((await states())[1], 'detached')
  })

  test('drop wants the export once more; then the tables are gone', async () => {
    await assert.rejects(leave('drop', 0, `${file(0)}.changed`), /history\.differs/)
    assert.equal(rows(await leave('drop', 0, file(0), '--dry-run'))[0].jobs, 1500)
    assert.equal(await sql(`select to_regclass('q.job_0') is not null`), 't')
    await leave('drop', 0, file(0))
    assert.equal(await sql(`select coalesce(to_regclass('q.job_0')::text, to_regclass('q.run_0')::text, 'gone')`), 'gone')
    await assert.rejects(leave('drop', 0, file(0)), /history\.not_detached/)
    assert.deepEqual(await states(), { 1: 'detached', 2: 'filling', 3: 'filling', 4: 'filling' })
    assert.equal(await sql(`select string_agg(concat_ws(' ', actor_kind, actor_id, object_type, object_id, reason), ', ') from audit.log
      where action = 'operator.history_drop'`), 'cli cli:ada partition 0 old', 'once, by the one that was carried out')
  })

  test('only the owner detaches and drops', async () => {
    for (const role of ['patchwork_auditor', 'patchwork_operator', 'patchwork_worker', 'patchwork_api'])
      await assert.rejects(api.stack.run(role, 'history', 'drop', '1', '--export', file(1), '--reason', 'mine'), /db\.(denied|permission|refused|grants?)|denied/, role)
  })
})
