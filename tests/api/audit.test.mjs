// The audit log under attack by somebody who owns the database (F45, T1), and asked by an auditor (T2). Where the chain is
// computed for comparison it is by audit_chain.mjs, not by the programs.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { command } from '../stack/parts.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'
import { openNote, recompute } from './audit_chain.mjs'

const dir = mkdtempSync('/var/tmp/patchwork-audit-test.')
const folder = `${dir}/checkpoints`, keyFile = `${dir}/audit-key`
const env = { PATCHWORK_AUDIT_KEY_FILE: keyFile, PATCHWORK_AUDIT_EXPORT_DIR: folder, PATCHWORK_AUDIT_CHECKPOINT_EVERY: '0s' }
let stack, key

before(async () => {
  mkdirSync(folder)
  stack = await startStack({ dir, parts: ['postgres'], programs: 'san', fsync: false, migrate: true, env: { all: env } })
})
after(async () => {
  await stack?.stop({ remove: true })
  rmSync(dir, { recursive: true, force: true })
})
const sql = text => stack.sql(text)
const as = (role, text) => sql(`set role patchwork_${role}; ${text}`)
const append = (n, action = 'test.done') => as('api', `select audit.append('${action}', 'thing', n::text, jsonb_build_object('n', n, 'text',
  E'\\u00e9"\\\\'), 'cli', 'ann', case when n % 2 = 0 then 'because' end) from generate_series(1, ${n}) n`)
const verify = (...options) => stack.run('patchwork_auditor', 'audit', 'verify', ...options)
const refused = (pattern, ...options) => assert.rejects(verify(...options), pattern)
// As a superuser who switches the triggers off
const tamper = text => sql(`begin; alter table audit.log disable trigger all; alter table audit.link disable trigger all;
  alter table audit.checkpoint disable trigger all; ${text}; alter table audit.log enable always trigger append_only;
  alter table audit.link enable always trigger append_only; alter table audit.checkpoint enable always trigger append_only; commit`)

test('T1: the first checkpoint makes the key, of a file that its owner alone may read, and seals what there is', async () => {
  await append(6)
  const said = JSON.parse(await stack.run('patchwork_owner', '--json', 'audit', 'checkpoint'))
  key = said.public_key
  assert.match(key, /^[0-9a-f]{64}$/)
  assert.equal(statSync(keyFile).mode & 0o777, 0o600)
  assert.equal(said.rows, Number(await sql('select count(*) from audit.log')))
  const note = readFileSync(`${folder}/${readdirSync(folder)[0]}`, 'utf8')
  assert.deepEqual(openNote(note, key), { origin: 'patchwork/local/audit', size: said.rows, hash: said.hash })
  assert.throws(() => openNote(note.replace(String(said.rows), String(said.rows + 1)), key), /bad signature/)
  const again = JSON.parse(await stack.run('patchwork_owner', '--json', 'audit', 'checkpoint'))
  assert.deepEqual([again.rows, again.public_key], [0, key], 'nothing new, and the same key')
})

test('T1: migrations and everything since are in it, and another program computes the same chain', async () => {
  await append(3)
  await as('worker', 'select audit.seal()')
  const chain = await recompute(sql)
  assert.equal(chain.length, Number(await sql('select count(*) from audit.log')))
  chain.forEach((row, i) => assert.deepEqual([row.seq, row.hash], [i + 1, row.stored]))
  assert.equal(await sql(`select count(*) from audit.log where action = 'migrate.applied' and object_id::int >= 5`),
    await sql('select count(*) from core.migration where number >= 5'))
  const said = JSON.parse(await verify('--json', '--checkpoints', folder))
  assert.deepEqual([said.valid, said.rows, said.head], [true, chain.length, chain.at(-1).hash])
  assert.equal(said.signed_rows, chain.length - 3)
  assert.equal(said.checkpoints, 2, 'the one in the database, and its file')
})

test('the chain is linked behind the writers: one that stays open holds up nobody, and is linked when it ends', async () => {
  await sql('create extension if not exists dblink')
  const places = () => sql(`select string_agg(l.object_id, ' ' order by k.seq) from audit.log l join audit.link k on k.log_id = l.id
    where l.action = 'test.order'`)
  await sql(`select dblink_connect('late', 'host=${stack.socket} port=${stack.port('postgres')} dbname=patchwork user=postgres');
    select dblink_exec('late', 'begin'); select * from dblink('late', $$select audit.append('test.order', 'thing', 'late')$$) as t (id bigint);
    select audit.append('test.order', 'thing', 'early'); select audit.seal();
    select dblink_exec('late', 'commit'); select audit.seal(); select dblink_disconnect('late')`)
  assert.equal(await places(), 'early late')
  assert.equal(await sql('select unsealed from audit.state'), '0')
  await verify()
})

test('F45: who works with the database cannot change a row, and its owner is refused by a trigger', async () => {
  for (const role of ['api', 'worker', 'relay', 'auditor'])
    for (const text of ['update audit.log set reason = null', 'delete from audit.log', 'truncate audit.log', 'delete from audit.link',
      'insert into audit.log (action) values (null)', 'insert into audit.link (seq) values (1)', 'update audit.checkpoint set note = null'])
      await assert.rejects(as(role, text), /permission denied/, `${role}: ${text}`)
  for (const text of ['update audit.log set reason = null', 'delete from audit.link', 'truncate audit.log', 'truncate audit.checkpoint',
    'set session_replication_role = replica; delete from audit.log'])
    await assert.rejects(sql(text), /audit\.append_only/, text)
  await assert.rejects(as('auditor', `select audit.append('a.b', 'c', 'd')`), /permission denied/)
  await as('api', `select audit.append('a.b', 'c', 'd', actor_kind => 'person', actor_id => 'x')`)
  assert.equal(await sql(`select db_role from audit.log where action = 'a.b'`), 'postgres', 'who was connected, whatever is claimed')
})

describe('F45: a superuser changes what was sealed', () => {
  let rows
  const signed = () => sql('select max(size) from audit.checkpoint')
  before(async () => {
    await append(5)
    key = JSON.parse(await stack.run('patchwork_owner', '--json', 'audit', 'checkpoint')).public_key
    rows = Number(await signed())
  })

  // Each one is named, and after it was undone the chain is whole again.
  const cases = [
    ['edited', k => `update audit.log set detail = '{"n": 9}' where id = (select log_id from audit.link where seq = ${k})`, 'audit.row_changed', k => k],
    ['its actor edited', k => `update audit.log set actor_id = 'bob' where id = (select log_id from audit.link where seq = ${k})`, 'audit.row_changed', k => k],
    ['its reason moved into the trace', k => `update audit.log set trace_id = reason, reason = null
      where id = (select log_id from audit.link where seq = ${k})`, 'audit.row_changed', k => k],
    ['deleted from the log', k => `delete from audit.log where id = (select log_id from audit.link where seq = ${k})`, 'audit.row_missing', k => k],
    ['deleted with its place', k => `delete from audit.log where id = (select log_id from audit.link where seq = ${k}); delete from audit.link where seq = ${k}`, 'audit.row_missing', k => k],
    ['reordered', k => `update audit.link set log_id = -log_id where seq in (${k}, ${k} + 1);
      update audit.link k set log_id = -o.log_id from (select seq, log_id from audit.link) o
      where k.seq in (${k}, ${k} + 1) and o.seq in (${k}, ${k} + 1) and o.seq <> k.seq`, 'audit.row_changed', k => k],
    ['its hash replaced', k => `update audit.link set hash = sha256('x') where seq = ${k}`, 'audit.row_changed', k => k],
    ['the tail truncated', k => `delete from audit.log where id in (select log_id from audit.link where seq > ${k}); delete from audit.link where seq > ${k}`, 'audit.truncated', k => k + 1],
  ]
  for (const [what, change, code, named] of cases)
    test(what, async () => {
      const k = rows - 3
      await sql('drop table if exists kept_log, kept_link; create table kept_log as select * from audit.log; create table kept_link as select * from audit.link')
      await tamper(change(k))
      await refused(new RegExp(`${code}: .*\\b${named(k)}\\b`))
      await tamper(`delete from audit.log; delete from audit.link; insert into audit.log overriding system value select * from kept_log;
        insert into audit.link select * from kept_link`)
    })
  test('and undone, the chain is whole', () => verify('--checkpoints', folder))

  const rehash = `do $$ declare h bytea := decode(repeat('00', 32), 'hex'); r record; n int := 0; begin
    update audit.link set seq = -seq;
    for r in select l as log, k.seq from audit.link k join audit.log l on l.id = k.log_id order by -k.seq loop
      n := n + 1; h := audit.hash(h, n, r.log); update audit.link set seq = n, hash = h where seq = r.seq;
    end loop; end $$`

  test('a row deleted and every hash after it computed anew: the checkpoints do not fit', async () => {
    await tamper(`delete from audit.link where log_id = (select log_id from audit.link where seq = 2); ${rehash}`)
    await refused(/audit\.(rewritten|truncated)/)
    await tamper(`delete from audit.link; insert into audit.link select * from kept_link`)
    await tamper(`update audit.log set reason = 'forged' where id = (select log_id from audit.link where seq = 2); ${rehash}`)
    await refused(/audit\.rewritten/)
    await tamper('delete from audit.checkpoint')
    assert.equal(JSON.parse(await verify('--json')).valid, true, 'the database alone can no longer tell')
    await refused(/audit\.rewritten: .* row \d+/, '--checkpoints', folder)
  })

  test('the tail truncated with its checkpoints: the exported ones know', async () => {
    await tamper(`delete from audit.log where id in (select log_id from audit.link where seq > 3); delete from audit.link where seq > 3`)
    assert.equal(JSON.parse(await verify('--json')).rows, 3)
    await refused(new RegExp(`audit\\.(rewritten|truncated)`), '--checkpoints', folder)
    await tamper(`delete from audit.log; delete from audit.link; insert into audit.log overriding system value select * from kept_log;
      insert into audit.link select * from kept_link where seq < ${rows}`)
    await tamper(`delete from audit.log where id = (select log_id from kept_link where seq = ${rows})`)
    await verify()
    await refused(new RegExp(`audit\\.truncated: .*first missing is ${rows}`), '--checkpoints', folder)
  })

  test('a checkpoint of another key, or of other numbers, is forged', async () => {
    await tamper(`insert into audit.checkpoint (size, hash, note) select seq, hash, 'not signed' from audit.link where seq = 1`)
    await refused(/audit\.checkpoint_forged: .* row 1 /)
    await tamper('delete from audit.checkpoint')
    await refused(/audit\.checkpoint_forged/, '--checkpoints', folder, '--key', key.replace(/^../, c => (c === '00' ? '01' : '00')))
  })

  test('a file that cannot be read, no key to sign with, and a folder that cannot be written to are named', async () => {
    await refused(/audit\.unreadable/, '--checkpoints', `${dir}/nowhere`)
    const [file, ...words] = command(stack, 'audit', 'checkpoint')
    const checkpoint = set => promisify(execFile)(file, words, { env: { ...process.env, ...stack.as('patchwork_owner'), ...set } })
    await assert.rejects(checkpoint({ PATCHWORK_AUDIT_KEY_FILE: undefined }), /audit\.no_key/)
    await assert.rejects(checkpoint({ ...env, PATCHWORK_AUDIT_EXPORT_DIR: `${dir}/nowhere` }), /audit\.export/)
  })

  test('a row slipped in with an old date has no place: it is named', async () => {
    await tamper(`insert into audit.log (actor_kind, actor_id, action, object_type, object_id, detail, at)
      values ('x', 'x', 'a.b', 'c', 'd', '{}', now() - interval '1 hour')`)
    await refused(/audit\.unsealed: 1 rows .* id \d+/)
    await as('worker', 'select audit.seal()')
    await verify()
  })
})

describe('a worker', () => {
  let worker
  before(async () => {
    rmSync(folder, { recursive: true })
    mkdirSync(folder)
    await sql(`insert into core.person (id) values ('00000000-0000-7000-8000-000000000001');
      insert into core.wallet (id, person_id, chain_id, caip10, address)
        values ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 1, 'eip155:1:0x', decode(repeat('01', 20), 'hex'));
      insert into core.session (id, person_id, wallet_id, expires_at) select gen_random_uuid(), '00000000-0000-7000-8000-000000000001',
        '00000000-0000-7000-8000-000000000002', now() - n * interval '1 day' from generate_series(1, 40) n, generate_series(1, 60);
      insert into core.refresh_token (sha256, session_id) select sha256(id::text::bytea), id from core.session;
      insert into core.idempotency (person_id, route, key, request_sha256, response, created_at)
        select '00000000-0000-7000-8000-000000000001', 'r', n::text, sha256('x'), '{}', now() - n * interval '1 day' from generate_series(1, 10) n`)
    const file = stack.program('patchwork')
    worker = launch({
      argv: [file, '--config', stack.path('patchwork.conf'), 'work', 'score'], log: stack.path('log/keeper.log'),
      env: { ...stack.as('patchwork_worker'), ...env }, tied: 'SIGTERM',
    })
  })
  after(() => stop(worker))

  test('T1: seals, signs and exports by itself', async () => {
    await append(4, 'test.kept')
    const total = Number(await sql('select count(*) from audit.log'))
    const note = await until('the checkpoint is exported', () => readdirSync(folder).filter(f => f.endsWith('.note')).map(f => openNote(readFileSync(`${folder}/${f}`, 'utf8'), key))
      .find(n => n.size >= total))
    assert.equal(note.hash, (await recompute(sql))[note.size - 1].hash)
    await verify('--checkpoints', folder)
    const states = await sql('select unsealed, checkpoint_size >= sealed from audit.state')
    assert.equal(states, '0|t')
  })

  test('sessions and answers that expired go, the others stay', async () => {
    await until('they are gone', async () => await sql(`select (select count(*) from core.session where expires_at < now() - interval '30 days')
      + (select count(*) from core.idempotency where created_at < now() - interval '7 days')`) === '0')
    assert.equal(await sql('select count(*) from core.session'), await sql('select count(*) from core.refresh_token'))
    assert.equal(await sql('select count(*) from core.session'), String(29 * 60))
    assert.equal(await sql('select count(*) from core.idempotency'), '6')
  })

  test('ends when it is told to, with nothing to complain about', async () => {
    await stop(worker)
    const log = readFileSync(stack.path('log/keeper.log'), 'utf8')
    assert.doesNotMatch(log, /level=(warn|error)|runtime error|Sanitizer/)
  })
})

describe('T2: an auditor asks', () => {
  const list = async (...options) => (await stack.run('patchwork_auditor', '--json', 'audit', 'list', ...options)).split('\n').filter(Boolean).map(l => JSON.parse(l))

  test('who, what, on what, when', async () => {
    await stack.run('patchwork_owner', 'relay', 'rewind', '--reason', 'the stream is new')
    await as('relay', `update q.outbox_cursor set id = 5`)
    await stack.run('patchwork_relay', 'relay', 'rewind', '--actor', 'cli:ann', '--reason', 'the stream was lost')
    const [rewound] = await list('--action', 'relay.rewind')
    await stack.run('patchwork_operator', 'pause', 'stage', 'score', '--actor', 'cli:eve', '--reason', 'a look')
    await stack.run('patchwork_operator', 'resume', 'stage', 'score', '--actor', 'eve', '--reason', 'looked')
    assert.deepEqual((await list('--action', 'queue.pause', '--by', 'eve')).map(r => r.actor), ['cli:eve'], 'named once')
    assert.deepEqual([rewound.actor, rewound.reason, rewound.object, rewound.db_role, rewound.detail.from_id],
      ['cli:ann', 'the stream was lost', 'sink/nats', 'patchwork_relay', 5])
    const since = rewound.at
    assert.ok((await list('--by', 'cli:ann')).every(r => r.actor === 'cli:ann'))
    assert.equal((await list('--by', 'bob')).length, 0)
    assert.deepEqual((await list('--object', 'thing/2', '--action', 'test.kept')).map(r => [r.detail.n, r.reason]), [[2, 'because']])
    assert.ok((await list('--until', since)).every(r => r.at < since))
    assert.equal((await list('--since', since, '--action', 'relay.rewind')).length, 1)
    assert.match(await stack.run('patchwork_auditor', 'audit', 'list', '--limit', '3'), /actor.*\n(.*\n)*.*relay\.rewind/)
  })

  test('page by page, each row once', async () => {
    const all = (await list('--limit', '1000')).map(r => r.id)
    const seen = []
    for (let last; ;) {
      const page = await list('--limit', '7', ...last ? ['--after', `${last.at},${last.id}`] : [])
      seen.push(...page.map(r => r.id))
      if (page.length < 7) break
      last = page.at(-1)
    }
    assert.deepEqual(seen, all)
  })

  test('what is changed by hand is in it, whatever the statement', async () => {
    await sql(`insert into core.chain (id, caip2, confirmations, escrow) values (1, 'eip155:1', 1, decode(repeat('00', 20), 'hex'));
      update core.chain set confirmations = 3 where id = 1; update core.chain set confirmations = 3 where id = 1;
      update core.person set status = 'suspended'; insert into ledger.chain_key (chain_id, address, next_nonce) values (1, decode(repeat('0a', 20), 'hex'), 0);
      update ledger.chain_key set next_nonce = 1; update ledger.chain_key set next_nonce = 9; update ledger.chain_key set stopped = 'pay.nonce_foreign';
      update ledger.chain_key set stopped = null`)
    assert.deepEqual((await list('--limit', '6')).map(r => [r.action, r.actor]).reverse(), [['chain.add', 'role:postgres'],
      ['chain.change', 'role:postgres'], ['person.suspended', 'role:postgres'], ['signer.nonce', 'role:postgres'],
      ['signer.stopped', 'role:postgres'], ['signer.resumed', 'role:postgres']])
  })
})

test('T1: a new key signs from now on, and both are trusted', async () => {
  rmSync(keyFile)
  await append(1)
  const { public_key } = JSON.parse(await stack.run('patchwork_owner', '--json', 'audit', 'checkpoint'))
  assert.notEqual(public_key, key)
  await refused(/audit\.checkpoint_forged/, '--key', key)
  await verify('--key', `${public_key},${key}`, '--checkpoints', folder)
})
