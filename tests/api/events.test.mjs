// I6: every event that GitHub documents, all of its published examples, each through a worker: classified, and none crashes it.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { command } from '../stack/parts.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'

const require = createRequire(new URL('../stack/package.json', import.meta.url))
const corpus = require('@octokit/webhooks-examples/api.github.com/index.json')
const source = name => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
const PERSON = '00000000-0000-7000-8000-000000000001'
const PROJECT = '00000000-0000-7000-8000-000000000010'

// The table of docs/stages.md: event -> { actions, becomes }
const page = new Map([...source('docs/stages.md').matchAll(/^\| `(\w+)` \| ([^|]*) \| (handled|ignored) \| ([^|]+) \|$/gm)]
  .map(([, event, actions, becomes, why]) => [event, { actions: actions.trim().split(' ').filter(Boolean), becomes, why: why.trim() }]))
// The table of the sources, as the compiler reads it.
const table = new Map([...source('stages/sync/events.c').replace(/"\s*\n\s*"/g, '')
  .matchAll(/IGNORED\(\s*"(\w+)",\s*"([^"]*)"\)|\{\s*"(\w+)",\s*"([^"]*)",\s*DELIVERY_\w+,\s*"([^"]*)"\s*\}/g)]
  .map(m => [m[1] ?? m[3], { actions: (m[4] ?? '').split('|').filter(Boolean), becomes: m[1] ? 'ignored' : 'handled', why: m[2] ?? m[5] }]))

let stack
let worker
const sql = text => stack.sql(text)

before(async () => {
  stack = await startStack({
    dir: mkdtempSync(join(tmpdir(), 'patchwork-events-')), parts: ['postgres', 'github'], programs: 'san', fsync: false, migrate: true,
  })
  const control = (verb, body) => fetch(`${stack.url('github')}/_control/${verb}`, { method: 'POST', body: JSON.stringify(body) })
  const repository = corpus.find(e => e.name === 'pull_request').examples[0].repository
  await control('repo', { owner: repository.owner.login, name: repository.name, id: repository.id })
  await control('issue', { repo: repository.full_name, user: 'octocat', title: 'one' })
  await control('pull', { repo: repository.full_name, user: 'octocat', title: 'two' })
  await sql(`insert into core.person (id) values ('${PERSON}');
    insert into core.project (id, repo_id, full_name, default_branch, state, created_by)
      values ('${PROJECT}', ${repository.id}, '${repository.full_name}', 'main', 'verified', '${PERSON}')`)
})
after(async () => {
  if (worker) await stop(worker)
  await stack?.stop({ remove: true })
})

test('I6: the table has every event of the examples, and docs/stages.md shows it', () => {
  assert.equal(table.size, 58)
  assert.deepEqual([...table.keys()].sort(), corpus.map(e => e.name).sort())
  assert.deepEqual(page, table)
})

test('I6: each of the 329 examples is handled or ignored with its reason, and the worker lives', async () => {
  const all = corpus.flatMap(e => e.examples.map(body => ({ event: e.name, body })))
  assert.equal(all.length, 329)
  const rows = all.map(({ event, body }) => `('${event}', $b$${JSON.stringify(body).replaceAll('$b$', '')}$b$)`)
  await sql(`with d as (insert into ingest.delivery (guid, event, secret_no, body, body_sha256)
      select gen_random_uuid(), e, 0, convert_to(b, 'UTF8'), sha256(convert_to(b, 'UTF8')) from (values ${rows.join(',\n')}) v (e, b)
      returning id)
    select q.enqueue('sync', 'sync.delivery', 'delivery:' || id, jsonb_build_object('delivery_id', id)) from d`)
  worker = launch({
    argv: command(stack, 'work', 'sync'), env: stack.as('patchwork_worker'), log: stack.log('work'), pidFile: stack.pidFile('work'),
    tied: 'SIGKILL',
  })
  await until('all have their end', async () => await sql(`select count(*) from ingest.delivery where state = 'queued'`) === '0' ||
    await sql('select count(*) from q.parked') !== '0', { timeout: 60_000 })
  assert.equal(await sql(`select string_agg(j.kind || ' ' || j.args || ' ' || p.error_code, E'\\n') from q.parked p join q.job j on j.id = p.job_id`), '')
  const ends = JSON.parse(await sql(`select json_agg(json_build_array(event, convert_from(body, 'UTF8')::json ->> 'action', state, reason)) from ingest.delivery`))
  const own = ['project.unknown', 'delivery.no_repository', 'comment.no_command', 'push.elsewhere']
  for (const [event, action, state, reason] of ends) {
    const { becomes, actions } = table.get(event)
    const want = becomes === 'ignored' ? 'event.unsubscribed' : action && actions.length && !actions.includes(action) ? 'action.unsubscribed' : null
    if (want) assert.deepEqual([state, reason], ['ignored', want], `${event} ${action}`)
    else assert.ok(state === 'done' || own.includes(reason), `${event} ${action}: ${state} ${reason}`)
  }
  const handled = new Set(ends.filter(([,, state]) => state === 'done').map(([event]) => event))
  assert.deepEqual([...table].filter(([, r]) => r.becomes === 'handled').map(([e]) => e).filter(e => !handled.has(e)), ['issue_comment', 'ping', 'push'],
    'no example comment is a command, no example push changes a policy, and the example of a ping names no repository')
})
