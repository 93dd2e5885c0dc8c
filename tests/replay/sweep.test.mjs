// I8, I9, I12, F9: a repository is read from the beginning, and what no delivery told is found, by workers that are killed at every
// point of these jobs: nothing twice, nothing left out, one request at a time.
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { command } from '../stack/parts.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'
import { eachSeed } from '../seed.mjs'
import { ended, faultPoints } from './points.mjs'

const PERSON = '00000000-0000-7000-8000-000000000001'
const PROJECT = '00000000-0000-7000-8000-000000000010'
const ISSUES = 1500
const kinds = faultPoints().kinds
const points = ['sync.reconcile', 'sync.sweep', 'sync.pull'].map(kind => kinds[kind].map(p => `${kind}.${p}:kill`))

let stack
let repo
const workers = []
const sql = text => stack.sql(text)
const control = async (verb, body = {}) => {
  const resp = await fetch(`${stack.url('github')}/_control/${verb}`, { method: 'POST', body: JSON.stringify(body) })
  const json = await resp.json()
  assert.equal(resp.status, 200, JSON.stringify(json))
  return json
}
const said = async what => (await fetch(`${stack.url('github')}/_control/${what}`)).json()
let serial = 0
const reconcile = () => sql(`select q.enqueue('sync', 'sync.reconcile', 'test:${++serial}', '{}')`)
const quiet = () => until('nothing is left to do', async () => await sql(`select (select count(*) from q.ready) + (select count(*) from q.claim)
  + (select count(*) from q.scheduled join q.job on id = job_id where kind <> 'verify.deadline')`) === '0', { timeout: 60_000 })
const parked = () => sql(`select coalesce(string_agg(kind || ' ' || error_code, ', '), '') from q.parked`)

function worker(env = {}) {
  const n = workers.length + 1
  const w = launch({
    argv: command(stack, 'work', 'sync'), env: { ...stack.as('patchwork_worker'), ...env }, log: stack.log('work'),
    pidFile: stack.pidFile(`work-${n}`), tied: 'SIGKILL',
  })
  workers.push(w)
  return w
}

before(async () => {
  stack = await startStack({
    dir: mkdtempSync(join(tmpdir(), 'patchwork-sweep-')), parts: ['postgres', 'github'], programs: 'san', fsync: false, migrate: true,
    conf: { 'worker.lease': '1s', 'worker.poll': '100ms' },
  })
  repo = (await control('repo', { owner: 'ada', name: 'engine' })).repo
  await control('clock', { skew: -5900 }) // on the ninth page or so of what follows
  await control('pull', { repo: 'ada/engine', user: 'grace', title: 'a pull request' })
  await control('pull', { repo: 'ada/engine', user: 'grace', title: 'closed long ago' })
  await control('close', { repo: 'ada/engine', number: 2 })
  // the first 150 within one second: more than a page holds
  await control('issues', { repo: 'ada/engine', user: 'grace', count: 150, per_second: 150, from: 7000 })
  await control('issues', { repo: 'ada/engine', user: 'grace', count: ISSUES - 150, per_second: 7, from: 6000 })
  await sql(`insert into core.person (id) values ('${PERSON}');
    insert into core.project (id, repo_id, full_name, default_branch, state, created_by)
      values ('${PROJECT}', ${repo.id}, 'ada/engine', 'main', 'verified', '${PERSON}')`)
})
after(async () => {
  for (const w of workers) await stop(w)
  await stack?.stop({ remove: true })
})

test(`I12, F15: ${ISSUES} issues are read once each, though a worker is killed at each of ${points.flat().length} points`, async t => {
  const killed = async at => {
    for (const fault of at) assert.equal(await ended(worker({ PATCHWORK_FAULT: fault })), 'SIGKILL', `${fault} is reached`)
  }
  const [reconciling, sweeping, pulling] = points
  await control('windows', { serial: 1 })
  await reconcile()
  await killed([...reconciling, ...sweeping, 'sync.sweep.effected:kill:3'])
  const [told, known] = (await sql(`select done || ' ' || note, (select seen from ingest.sync_cursor) from q.progress`)).split('|')
  assert.ok(Number(known) > 100)
  assert.equal(told, `${known} issues and pull requests of the first reading`)
  await killed(pulling)
  worker()
  await quiet()
  assert.equal(await parked(), '')
  assert.equal(await sql('select count(*) from q.progress'), '0')
  assert.equal(await sql('select count(*) || \' \' || count(distinct number) || \' \' || min(number) || \' \' || max(number) from core.issue'),
    `${ISSUES} ${ISSUES} 3 ${ISSUES + 2}`)
  assert.equal(await sql(`select count(*) from core.issue where title <> 'issue ' || (case when number < 153 then number - 3 else number - 153 end)`), '0')
  assert.equal(await sql('select number || \' \' || state from core.pull'), '1 open', 'what was closed before is not fetched')
  assert.equal(await sql('select count(*) from ingest.missed'), '0', 'nothing was missed before the first sweep')
  const { most, violations, seen } = await said('windows')
  t.diagnostic(`${seen} requests`)
  assert.deepEqual([most, violations], [1, []])
})

test('I8, I9, F9: an hour without deliveries: what changed is found, and listed', t => eachSeed(t, 1, async ({ below, shuffle }) => {
  const [edited, closed] = shuffle([3 + below(ISSUES / 2), ISSUES / 2 + 3 + below(ISSUES / 2)])
  await control('clock', { skew: -600 })
  for (const [verb, body] of shuffle([
    ['edit', { number: edited, title: 'another title' }], ['close', { number: closed, by: 'ada' }],
    ['issue', { user: 'grace', title: 'new' }], ['merge', { number: 1, by: 'ada' }],
  ])) await control(verb, { repo: 'ada/engine', ...body })
  await reconcile()
  await quiet()
  assert.equal(await sql('select title from core.issue where number = ' + edited), 'another title')
  assert.equal(await sql('select state || \' \' || state_reason from core.issue where number = ' + closed), 'closed completed')
  assert.equal(await sql(`select title from core.issue where number = ${ISSUES + 3}`), 'new')
  assert.equal(await sql('select state from core.pull where number = 1'), 'merged')
  assert.equal(await sql('select string_agg(number || case when is_pull then \' pull\' else \'\' end, \', \' order by number) from ingest.missed'),
    ['1 pull', ...[edited, closed].sort((a, b) => a - b), ISSUES + 3].join(', '))
}))

test('I11: a repository that did not change costs one answer of 304', async () => {
  await reconcile()
  await quiet()
  await fetch(`${stack.url('github')}/_control/log`, { method: 'DELETE' })
  await reconcile()
  await quiet()
  assert.deepEqual((await said('log')).map(r => r.status), [304])
  assert.equal(await parked(), '')
})

test('I8: a first worker makes the schedules that every installation wants, and they run; what operators decided stays', async () => {
  const list = () => sql(`select string_agg(concat_ws(' ', name, cron, kind, enabled), ', ' order by name) from q.schedule`)
  const start = async () => {
    const w = worker({ PATCHWORK_WORKER_SCHEDULES: 'true' })
    await until('it is at work', async () => await sql(`select count(*) from q.worker where substring(name from ':([0-9]+)$')::int = ${w.pid}`) === '1')
  }
  assert.equal(await list(), '')
  await start()
  assert.equal(await list(), ['accounts 17 * * * * sync.accounts t', 'hooks 5-59/10 * * * * sync.hooks t',
    'ownership 23 * * * * sync.reverify t', 'reconcile */10 * * * * sync.reconcile t'].join(', '))
  await sql(`update q.schedule set next_at = q.cron_next(cron, zone, now() - interval '61 min')`)
  await until('each has run', async () => await sql(`select count(distinct split_part(key, ':', 2)) from q.job j join q.run r on r.job_id = j.id
    where j.key like 'cron:%' and r.state = 'done'`) === '4')
  await quiet()
  assert.equal(await parked(), '')
  await sql(`update q.schedule set enabled = false, cron = '0 * * * *' where name = 'hooks'; delete from q.schedule where name = 'ownership'`)
  await start()
  assert.match(await list(), /hooks 0 \* \* \* \* sync\.hooks f, ownership 23 /)
})
