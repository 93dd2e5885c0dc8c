// Asking GitHub within its limits: many workers, one budget in the database; a stand-in that forbids windows of time and keeps
// every request that breaks them.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { command } from '../stack/parts.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'
import { eachSeed } from '../seed.mjs'

const TURNS = fileURLToPath(new URL('../../build/tests/outside/turns', import.meta.url))
const PATIENCE = { timeout: 60_000 }

let stack
let repo
let serial = 0
const sql = text => stack.sql(text)

const control = async (verb, body = {}) => {
  const resp = await fetch(`${stack.url('github')}/_control/${verb}`, { method: 'POST', body: JSON.stringify(body) })
  const json = await resp.json()
  assert.equal(resp.status, 200, JSON.stringify(json))
  return json
}
const said = async what => (await fetch(`${stack.url('github')}/_control/${what}`)).json()
const forget = () => fetch(`${stack.url('github')}/_control/log`, { method: 'DELETE' })
const rested = () => sql('update ingest.rate_budget set blocked_until = null, strikes = 0, points = 0, remaining = per_window')

before(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'patchwork-fetcher-'))
  stack = await startStack({ dir, parts: ['postgres', 'github'], programs: 'san', fsync: false, migrate: true, conf: { 'worker.poll': '100ms' } })
  repo = (await control('repo', { owner: 'ada', name: 'engine' })).repo
  for (let n = 1; n <= 25; n++) await control('issue', { repo: 'ada/engine', user: 'grace', title: `issue ${n}` })
  await control('rate', { limit: 1_000_000 })
  await sql(`insert into core.person (id) values ('00000000-0000-7000-8000-000000000001');
    insert into core.project (id, repo_id, full_name, default_branch, state, created_by) values
      ('00000000-0000-7000-8000-000000000010', ${repo.id}, 'ada/engine', 'main', 'verified', '00000000-0000-7000-8000-000000000001')`)
})
after(() => stack?.stop({ remove: true }))

test('I10: 10,000 requests of 16 workers (threads of two processes that ask as ours do), and none inside a forbidden window', async t => {
  await sql(`insert into ingest.rate_budget (credential, resource, per_window, remaining, per_minute)
    values ('default', 'core', 1000000, 1000000, 1000000)`)
  await control('windows', { every: 3000, kinds: ['retry_after', 'reset', 'too_many'], seconds: 1, serial: 1 })
  const crew = (requests, from) => promisify(execFile)(TURNS, [stack.url('github'), stack.path('secrets/github-token'),
    stack.database('patchwork_worker'), 8, requests, 25, repo.id, from].map(String))
  const crews = await Promise.all([crew(5000, 1_000_000), crew(5000, 2_000_000)])
  const did = crews.map(({ stdout }) => JSON.parse(stdout))
  const { seen, opened, most, violations } = await said('windows')
  t.diagnostic(JSON.stringify({ did, seen, opened, most }))
  assert.deepEqual(violations, [])
  assert.ok(seen >= 10_000 && opened >= 3, `${seen} requests, ${opened} windows`)
  assert.equal(most, 1, 'one at a time, over all processes')
  assert.deepEqual(did.map(d => d.failed), [0, 0])
  assert.equal(await sql('select count(*) from ingest.rate_hold'), '0', 'no turn is left over')
  await control('windows', {})
  await rested()
})

// --- real workers ---

const job = (kind, args) => sql(`select q.enqueue('sync', '${kind}', 'test:${++serial}', '${JSON.stringify(args)}')`)
const runs = async id => JSON.parse(await sql(`select coalesce(json_agg(json_build_object('state', state, 'code', error_code)
  order by attempt), '[]') from q.run where job_id = ${id}`))
const done = id => until(`job ${id} is done`, async () => await sql(`select 1 from q.run where job_id = ${id} and state = 'done'`) === '1', PATIENCE)
const issue = n => sql(`insert into core.issue (project_id, number) values ('00000000-0000-7000-8000-000000000010', ${n})
  on conflict (project_id, number) do update set number = excluded.number returning id`).then(text => text.split('\n')[0])

async function deliver(number, action = 'opened') {
  const { body } = await control('deliver', { event: 'pull_request', action, repo: 'ada/engine', number, send: false })
  const id = await sql(`with d as (insert into ingest.delivery (guid, event, secret_no, body, body_sha256)
    select '${randomUUID()}', 'pull_request', 0, b, sha256(b) from (select convert_to($text$${body}$text$, 'UTF8') as b) x returning id)
    select id from d`)
  return job('sync.delivery', { delivery_id: Number(id.split('\n')[0]) })
}

describe('workers', () => {
  const workers = []
  before(() => {
    for (const n of [1, 2])
      workers.push(launch({
        argv: command(stack, 'work', 'sync'), env: stack.as('patchwork_worker'), log: stack.log('work'),
        pidFile: stack.pidFile(`work-${n}`), tied: 'SIGKILL',
      }))
  })
  after(async () => { for (const w of workers) await stop(w) })

  test('I11: an issue that did not change costs nothing the second time', async () => {
    const id = await issue(3)
    await done(await job('sync.issue', { issue_id: id }))
    const before = await sql(`select remaining from ingest.rate_budget where credential = 'default' and resource = 'core'`)
    await forget()
    for (let i = 0; i < 3; i++) await done(await job('sync.issue', { issue_id: id }))
    assert.deepEqual((await said('log')).map(r => r.status), [304, 304, 304])
    assert.equal(await sql(`select remaining from ingest.rate_budget where credential = 'default' and resource = 'core'`), before)
    assert.equal(await sql('select title from core.issue where number = 3'), 'issue 3')
    await control('edit', { repo: 'ada/engine', number: 3, title: 'another title' })
    await done(await job('sync.issue', { issue_id: id }))
    assert.equal(await sql('select title from core.issue where number = 3'), 'another title')
  })

  test('I10: verify before command before sync before backfill: a fifth of the budget is kept for verify, more for who comes later', async () => {
    // as sync and verify declare it: 0 verify, 1 command, 2 sync, 3 backfill; what lies below a rank's floor is not for it
    const floors = [0, 200, 250, 500]
    const take = async (rank, remaining) => {
      await sql(`insert into ingest.rate_budget (credential, resource, per_window, remaining, reset_at) values ('ranks', 'core', 1000, ${remaining}, now() + interval '1 hour')
        on conflict (credential, resource) do update set per_window = 1000, remaining = excluded.remaining, reset_at = excluded.reset_at, points = 0`)
      const said = await sql(`select concat_ws(' ', granted, reason) from ingest.rate_take('ranks', 4711, 1, 1, 0, ${rank}, false, interval '1 minute', 1)`)
      await sql(`delete from ingest.rate_hold where credential = 'ranks'`)
      return said
    }
    for (const [rank, floor] of floors.entries()) {
      assert.equal(await take(rank, floor + 1), 't', `rank ${rank}, one above its floor`)
      assert.equal(await take(rank, floor), 'f github.budget', `rank ${rank}, at its floor`)
    }
    assert.equal(await take(0, 1), 't', 'verify has the last one')
    await sql(`delete from ingest.rate_budget where credential = 'ranks'`)
  })

  test('I10: at a fifth of the budget a sync job waits for the window, unburned, and goes on when there is more', async () => {
    const id = await issue(4)
    await sql(`update ingest.rate_budget set remaining = ceil(per_window * 0.2)::int + 1, reset_at = now() + interval '1 hour' where credential = 'default' and resource = 'core'`)
    await forget()
    const waiting = await job('sync.issue', { issue_id: id })
    await until('it is put off', async () => await sql(`select count(*) from q.scheduled where job_id = ${waiting}`) === '1', PATIENCE)
    assert.deepEqual(await said('log'), [], 'GitHub is not asked')
    assert.equal(await sql(`select string_agg(distinct error_code, ' ') from q.run where job_id = ${waiting}`), 'github.budget')
    await rested()
    await sql(`update q.scheduled set run_at = now() where job_id = ${waiting}`)
    await done(waiting)
  })

  test('I14: every body that was read is kept by its hash', async () => {
    const sha = await sql(`select encode(evidence_sha256, 'hex') from ingest.fetch_cache where subject = '/repositories/${repo.id}/issues/3'`)
    assert.equal(await sql(`select encode(sha256(bytes), 'hex') from ingest.evidence where sha256 = '\\x${sha}'`), sha)
    assert.match(await sql(`select convert_from(bytes, 'UTF8') from ingest.evidence where sha256 = '\\x${sha}'`), /"title":"another title"/)
  })

  test('F10: Retry-After with 403 and 429, a spent window, GraphQL\'s 200 with an error: nobody asks before the end, no attempt is burned', t => eachSeed(t, 1, async ({ shuffle }) => {
    const pulls = []
    for (let i = 0; i < 3; i++)
      pulls.push(await control('pull', { repo: 'ada/engine', user: 'grace', title: `pull ${i}`, commits: [{ message: 'x' }] }))
    await control('windows', { every: 2, kinds: shuffle(['retry_after', 'too_many', 'reset', 'graphql']), seconds: 1, serial: 1, times: 4 })
    const jobs = []
    for (const p of pulls) jobs.push(await deliver(p.number))
    for (const id of jobs) await done(id)
    const { opened, violations } = await said('windows')
    await control('windows', {})
    await rested()
    assert.deepEqual(violations, [])
    assert.equal(opened, 4)
    const all = (await Promise.all(jobs.map(runs))).flat()
    assert.deepEqual(all.filter(r => !['done', 'snoozed'].includes(r.state)), [])
  }))

  test('F10: a secondary limit that names no end is waited for a minute, and longer the next time', async () => {
    await control('windows', { every: 1, kinds: ['secondary'] })
    const id = await issue(4)
    const first = await job('sync.issue', { issue_id: id })
    await until('it is told', async () => (await runs(first)).some(r => r.code === 'github.rate_limited'), PATIENCE)
    const wait = () => sql(`select round(extract(epoch from blocked_until - now())) from ingest.rate_budget
      where credential = 'default' and resource = 'core'`).then(Number)
    const told = await until('the wait is known', wait, PATIENCE)
    assert.ok(told > 40 && told <= 61, `${told} s`)
    const second = await job('sync.issue', { issue_id: await issue(5) })
    await until('the other waits, too', async () => (await runs(second)).some(r => r.code === 'github.blocked'), PATIENCE)
    assert.equal((await said('windows')).seen, 1, 'nobody asked')
    await control('windows', { every: 1, kinds: ['secondary'] })
    await sql(`update ingest.rate_budget set blocked_until = null; update q.scheduled set run_at = now() where job_id = ${first}`)
    const again = await until('told once more', async () => (await said('windows')).seen === 1 && await wait(), PATIENCE)
    assert.ok(again > 90 && again <= 121, `${again} s`)
    await control('windows', {})
    await rested()
    await sql('update q.scheduled set run_at = now()')
    for (const j of [first, second]) await done(j)
  })

  test('F11: 500, 502, cut-off bodies, broken connections, truncated JSON: tried again, nothing half stored', t => eachSeed(t, 1, async ({ below, pick }) => {
    const whole = JSON.stringify([{ sha: 'a'.repeat(40), commit: { message: 'x' } }])
    const faults = [{ status: 500 }, { status: pick([502, 503, 504]) }, { truncate: 1 + below(40) }, { reset: true, times: 2 + below(2) },
      { body: whole.slice(0, 1 + below(whole.length - 1)) }]
    await Promise.all(faults.map(async fault => {
      const p = await control('pull', { repo: 'ada/engine', user: 'grace', title: 'a pull', body: 'Fixes #3', commits: [{ message: 'x' }] })
      await control('fault', { match: { path: `/pulls/${p.number}/commits` }, ...fault })
      const id = await deliver(p.number)
      await until('it failed once', async () => (await runs(id)).some(r => r.state === 'failed'), PATIENCE)
      const [rows, ends] = (await sql(`select (select count(*) from core.pull where number = ${p.number}),
        (select count(*) from q.run where job_id = ${id} and state = 'done')`)).split('|')
      assert.equal(rows, ends, 'no row before the job is done')
      await done(id)
      const all = await runs(id)
      assert.ok(all.filter(r => r.state === 'failed').length <= 4, JSON.stringify(all))
      assert.equal(await sql(`select state from core.pull where number = ${p.number}`), 'open')
      assert.equal(await sql(`select count(*) from core.pull_issue_link l join core.pull p on p.id = l.pull_id where p.number = ${p.number}`), '1')
    }))
  }))
})
