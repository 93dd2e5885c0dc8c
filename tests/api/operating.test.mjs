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

const operator = (...words) => stack.run('patchwork_operator', ...words)
const why = ['--reason', 'the cause is gone', '--actor', 'grace']

test('amounts are numeric(78,0), times know their zone, ids are uuid or bigint, in every table', async () => {
  const odd = await stack.sql(`select string_agg(format('%s.%s %s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by 1)
    from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname !~ '^(pg_|information_schema)' and c.relkind in ('r', 'p') and not c.relispartition and (
      format_type(a.atttypid, a.atttypmod) in ('timestamp without time zone', 'money', 'real', 'numeric')
      or (a.atttypid = 'numeric'::regtype and format_type(a.atttypid, a.atttypmod) <> 'numeric(78,0)')
      or (a.attname = 'id' and format_type(a.atttypid, a.atttypmod) not in ('uuid', 'bigint')))`)
  assert.equal(odd, 'ingest.rate_budget.points numeric, ledger.books.unbalanced numeric(80,0)', 'points are no amount, and a sum of amounts is longer')
})

test('a parked job is ready again, as its next attempt, and once; a dry run changes nothing', async () => {
  const id = await park('quote:one')
  await operator('jobs', 'retry', id, '--dry-run')
  assert.equal(await stack.sql(`select count(*) from q.parked where job_id = ${id}`), '1')
  assert.deepEqual(JSON.parse(await operator('jobs', 'retry', id, ...why, '--json')), { job_id: Number(id), result: 'retried' })
  assert.equal(await stack.sql(`select queue, attempt from q.ready where job_id = ${id}`), 'pay|2')
  assert.equal(await stack.sql('select count(*) from q.parked'), '0')
  await assert.rejects(operator('jobs', 'retry', id, ...why, '--json'), /ready/)
  assert.equal(await stack.sql(`select count(*) from q.ready where job_id = ${id}`), '1')
  assert.equal(await stack.sql(`select actor_id, reason, detail::jsonb ->> 'was' from audit.log where action = 'operator.retry' and object_id = '${id}'`),
    'cli:grace|the cause is gone|parked')
})

test('a job that ended is replayed as a new one, and waits for nobody any more', async () => {
  const id = await park('quote:two')
  const batch = JSON.parse(await operator('jobs', 'replay', id, ...why, '--json'))
  await as('worker', 'select q.replay_release()')
  assert.equal(await stack.sql(`select j.queue, j.kind, j.batch, r.attempt, j.args = o.args from q.ready r join q.job j on j.id = r.job_id
    join q.job o on o.id = j.replay_of where o.id = ${id}`), `pay|pay.quote|${batch.batch}|1|t`)
  assert.equal(await stack.sql(`select count(*) from q.parked where job_id = ${id}`), '0')
  assert.equal(JSON.parse(await operator('jobs', 'show', id, '--json')).state, 'replayed')
})

test('without a reason, or with an option that is not there, nothing is done', async () => {
  for (const words of [['jobs', 'retry', '1'], ['jobs', 'replay', ...why], ['jobs', 'list', '--colour', 'red'], ['jobs', 'list', '--state', 'lost'], ['jobs']])
    await assert.rejects(operator(...words), /usage|--reason|no option|--state|needs/, words.join(' '))
})

test('what the escrow must hold at least, by asset: what is there for others, not what has left', async () => {
  const asset = '00000000-0000-0000-0000-00000000000a'
  await stack.sql(`
    insert into core.chain (id, caip2, confirmations, escrow) values (338, 'eip155:338', 1, decode(repeat('ee', 20), 'hex'));
    insert into core.asset (id, caip19, chain_id, token, symbol, decimals) values ('${asset}', 'eip155:338/erc20:0xaa', 338, decode(repeat('aa', 20), 'hex'), 'USDX', 6);
    with made as (insert into ledger.account (kind, owner_id, asset_id) select kind, gen_random_uuid(), '${asset}'
      from unnest(array['escrow', 'payable', 'in_transit', 'external']) kind returning id, kind)
    insert into ledger.balance (account_id, posted) select id, case kind when 'escrow' then 700 when 'payable' then 20 when 'in_transit' then 3 else 5000 end from made`)
  assert.equal(await as('auditor', block('select asset_id, sum(posted)')), `${asset}|723`)
})

test('each role may do what the table says, and no more', async () => {
  await as('auditor', 'select count(*) from q.run; select count(*) from q.outbox; select count(*) from proof.verdict; select sum(amount) from ledger.entry')
  for (const [role, text] of Object.entries({
    auditor: 'select from core.session', relay: 'select from q.job', api: 'select body from ingest.delivery',
    worker: 'select from core.auth_nonce', operator: 'delete from q.parked',
  })) await assert.rejects(as(role, text), /permission denied/, `${role}: ${text}`)
  for (const text of ['update ledger.payout set state = state', 'delete from q.ready', 'insert into ledger.account default values', 'insert into q.run default values'])
    await assert.rejects(as('api', text), /permission denied/, text)
  for (const [table, column] of [['core.wallet', 'linked_at'], ['core.payout_wallet', 'chosen_at'], ['core.project', 'state'], ['core.bounty', 'state'],
    ['core.contribution', 'state'], ['core.contribution', 'confirmed_at'], ['core.issue', 'state'], ['core.person', 'status']])
    await assert.rejects(as('api', `insert into ${table} (${column}) values (default)`), /permission denied/, `${table}.${column}`)
  for (const table of ['q.run', 'ledger.transfer', 'ledger.entry', 'core.bounty_event', 'ingest.evidence', 'proof.verdict'])
    await assert.rejects(as('worker', `delete from ${table}`), /permission denied/, table)
  for (const role of ['worker', 'api', 'relay', 'operator', 'auditor'])
    await assert.rejects(as(role, 'update q.run set state = state'), /permission denied/, role)
})

test('the roles are made by the SQL of the page', async () => {
  const [roles] = block('create role patchwork_owner').split('\\password')
  const names = [...roles.matchAll(/^create role (patchwork_\w+) +(login.*);$/gm)]
  assert.deepEqual(names.map(m => m[1].slice(10)), ['owner', 'api', 'worker', 'relay', 'auditor', 'operator'])
  for (const [, name, rights] of names) await stack.sql(`alter role ${name} ${rights}`, 'postgres')
  const database = block('create role patchwork_owner').split('\n').filter(l => !/^create role|^\\/.test(l)).join('\n')
  const created = database.replaceAll('database patchwork', 'database patchwork_second').split(';').map(t => t.trim()).filter(Boolean)
  for (const text of created) await stack.sql(text, 'postgres')
  assert.equal(await stack.sql(`select has_database_privilege('patchwork_api', 'patchwork_second', 'connect'),
    has_database_privilege('public', 'patchwork_second', 'connect')`, 'postgres'), 't|f')
})
