// The SQL of docs/operating.md, run as the page tells people to run it: as roles of a fresh database, and on a parked job.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { startStack } from '../stack/stack.mjs'

// Blocks of the page: what stands four columns in, headings apart.
const blocks = readFileSync('docs/operating.md', 'utf8').split(/\n(?! {4}|\n)/).flatMap(text => text.match(/(?:^ {4}.*\n?|^\n)+/gm) ?? [])
  .map(text => text.replace(/^ {4}/gm, '').trim())
const block = start => blocks.find(text => text.startsWith(start)) ?? assert.fail(`no block begins with ${start}`)

let stack
const dir = mkdtempSync('/var/tmp/patchwork-operating-test.')
before(async () => { stack = await startStack({ dir, parts: ['postgres'], programs: 'san', fsync: false, migrate: true }) })
after(async () => {
  await stack?.stop({ remove: true })
  rmSync(dir, { recursive: true, force: true })
})
const as = (role, text) => stack.sql(`set role patchwork_${role}; ${text}`)

const park = key => as('worker', `with job as (select q.enqueue('pay', 'pay.quote', '${key}', '{}') as id)
    select id from job`).then(async id => {
  await as('worker', `delete from q.ready where job_id = ${id};
    insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code)
      values (${id}, 1, 'parked', 1, 1, now(), now(), 'invalid', 'chain.reverts');
    insert into q.parked (job_id, queue, kind, attempt, error_code) values (${id}, 'pay', 'pay.quote', 1, 'chain.reverts')`)
  return id
})

test('a parked job is ready again, as its next attempt, and once', async () => {
  const id = await park('quote:one'), text = block('with parked as').replaceAll('4711', id)
  await as('worker', text)
  await as('worker', text)
  assert.equal(await stack.sql(`select queue, attempt from q.ready where job_id = ${id}`), 'pay|2')
  assert.equal(await stack.sql('select count(*) from q.parked'), '0')
})

test('a job that ended is ready again', async () => {
  const id = await park('quote:two')
  await as('worker', `delete from q.parked; ${block('insert into q.ready').replace('PAYOUT', 'two')}`)
  assert.equal(await stack.sql(`select queue, attempt from q.ready where job_id = ${id}`), 'pay|2')
})

test('the relay\'s lag and what the escrow must hold', async () => {
  await stack.sql(`insert into q.outbox_cursor (sink) values ('nats'); select q.emit('bounty.created', 'k', 'bounty/1', '{}')`)
  assert.match(await stack.sql(block('select now() - min')), /^\d+:\d\d:\d\d/)
})

test('each role may do what the table says, and no more', async () => {
  await as('auditor', 'select count(*) from q.run; select count(*) from q.outbox; select count(*) from proof.verdict; select sum(amount) from ledger.entry')
  for (const [role, text] of Object.entries({
    auditor: 'select from core.session', relay: 'select from q.job', api: 'select body from ingest.delivery',
    worker: 'select from core.auth_nonce',
  })) await assert.rejects(as(role, text), /permission denied/, `${role}: ${text}`)
  for (const text of ['update ledger.payout set state = state', 'delete from q.ready', 'insert into ledger.account default values', 'insert into q.run default values'])
    await assert.rejects(as('api', text), /permission denied/, text)
  for (const table of ['q.run', 'ledger.transfer', 'ledger.entry', 'core.bounty_event', 'ingest.evidence', 'proof.verdict'])
    await assert.rejects(as('worker', `delete from ${table}`), /permission denied/, table)
})

test('the roles are made by the SQL of the page', async () => {
  const [roles] = block('create role patchwork_owner').split('\\password')
  const names = [...roles.matchAll(/^create role (patchwork_\w+) +(login.*);$/gm)]
  assert.deepEqual(names.map(m => m[1].slice(10)), ['owner', 'api', 'worker', 'relay', 'auditor'])
  for (const [, name, rights] of names) await stack.sql(`alter role ${name} ${rights}`, 'postgres')
  const database = block('create role patchwork_owner').split('\n').filter(l => !/^create role|^\\/.test(l)).join('\n')
  const created = database.replaceAll('database patchwork', 'database patchwork_second').split(';').map(t => t.trim()).filter(Boolean)
  for (const text of created) await stack.sql(text, 'postgres')
  assert.equal(await stack.sql(`select has_database_privilege('patchwork_api', 'patchwork_second', 'connect'),
    has_database_privilege('public', 'patchwork_second', 'connect')`, 'postgres'), 't|f')
})
