// patchwork.enqueue, enqueue_many and wake by an ordinary client (npm pg), as a role that may execute them and nothing else.
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { load } from '../peers/load.mjs'
import { until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'

const { default: pg } = await load('pg')
let stack, pool

before(async () => {
  stack = await startStack({ dir: mkdtempSync(join(tmpdir(), 'patchwork-enqueue-')), parts: ['postgres'], programs: 'san', fsync: false, migrate: true })
  pool = new pg.Pool({ connectionString: stack.info.databases.patchwork_producer, max: 12 })
})
after(async () => {
  await pool?.end() // does not wait for its sessions, which must not see the server end
  if (stack) await until('no session of a producer', async () => (await stack.sql("select count(*) from pg_stat_activity where usename = 'patchwork_producer'")) === '0')
  await stack?.stop({ remove: true })
})

const enqueue = async (client, ...values) => (await client.query(
  'select * from patchwork.enqueue(queue => $1, kind => $2, args => $3, key => $4)', values)).rows[0]
const many = async (client, keys) => (await client.query(
  'select * from patchwork.enqueue_many(queue => $1, kind => $2, args => $3, keys => $4)',
  ['bulk', 'bulk.one', keys.map(k => JSON.stringify({ k })), keys])).rows
// One connection in a transaction; what act leaves open is rolled back.
const session = async act => {
  const client = await pool.connect()
  try {
    await client.query('begin')
    return await act(client)
  } finally {
    await client.query('rollback')
    client.release()
  }
}
const refused = (query, ...values) => pool.query(query, values).then(() => assert.fail('it was taken'), e => e)
const waits = pid => until(`${pid} waits`, async () => (await stack.sql(`select wait_event_type from pg_stat_activity where pid = ${pid}`)) === 'Lock')

test('O3: defaults, names and comments; EXECUTE is all that a producer has', async () => {
  const { rows: [row] } = await pool.query("select * from patchwork.enqueue('mail', 'mail.welcome')")
  assert.deepEqual(Object.keys(row), ['job_id', 'is_new'])
  assert.equal(await stack.sql(`select queue, kind, args, key, priority, created_by from q.job where id = ${row.job_id}`),
    'mail|mail.welcome|{}||0|patchwork_producer')
  const { rows: [late] } = await pool.query(`select * from patchwork.enqueue('mail', 'mail.welcome', '{"to": 7}', priority => -2,
    run_at => now() + interval '1 h', parent => $1, trace => 't', project_id => '018f0000-0000-7000-8000-00000000000a')`, [row.job_id])
  assert.equal(await stack.sql(`select args->>'to', prio, parent_id = ${row.job_id}, root_id = ${row.job_id}, trace, run_at > now(), project_id is not null
    from q.job join q.scheduled on job_id = id where id = ${late.job_id}`), '7|-2|t|t|t|t|t')
  for (const text of ['select * from q.job', "select q.enqueue('mail', 'mail.welcome', null, '{}')", 'delete from q.ready', 'create table patchwork.mine ()'])
    assert.equal((await refused(text)).code, '42501', text)
  assert.equal(await stack.sql(`select count(*) filter (where obj_description(p.oid) is null), count(*) filter (where proacl::text ~ '[{,]=X'), count(*) > 2
    from pg_proc p where pronamespace = 'patchwork'::regnamespace`), '0|0|t')
})

test('O3: the job exists if and only if the transaction commits', async () => {
  await session(async c => assert.equal((await enqueue(c, 'mail', 'mail.bill', {}, 'bill:1')).is_new, true))
  assert.equal(await stack.sql("select count(*) from q.job_key where key = 'bill:1'"), '0')
  await session(async c => {
    await enqueue(c, 'mail', 'mail.bill', {}, 'bill:1')
    await c.query('commit')
  })
  assert.equal(await stack.sql("select count(*) from q.job join q.ready on job_id = id where key = 'bill:1'"), '1')
})

test('O3: one key from many sessions at once: one says new, all say the same id', async () => {
  const keys = Array.from({ length: 40 }, (_, i) => `one:${i}`)
  const told = await Promise.all(Array.from({ length: 12 }, async () => {
    const client = await pool.connect()
    const rows = []
    for (const key of keys) rows.push(await enqueue(client, 'mail', 'mail.once', {}, key))
    client.release()
    return rows
  }))
  keys.forEach((key, i) => {
    assert.equal(new Set(told.map(rows => rows[i].job_id)).size, 1, key)
    assert.equal(told.filter(rows => rows[i].is_new).length, 1, key)
  })
  assert.equal(await stack.sql("select count(*) from q.job where kind = 'mail.once'"), '40')
})

test('O3: many keys from many sessions at once, in any order, some twice: each is new once, in one answer', async () => {
  const keys = Array.from({ length: 300 }, (_, i) => `k${i}`)
  const news = new Map(), ids = new Map()
  for (let round = 0; round < 3; round++) {
    const fresh = keys.map(k => `${round}:${k}`)
    const calls = Array.from({ length: 8 }, (_, i) => [...fresh.slice(i * 37), ...fresh.slice(0, i * 37), fresh[5], null])
    const told = await Promise.all(calls.map(list => many(pool, list)))
    told.forEach((rows, i) => rows.forEach((row, at) => {
      assert.equal(row.n, at + 1)
      const key = calls[i][at]
      if (key === null) return assert.equal(row.is_new, true)
      if (row.is_new) news.set(key, (news.get(key) ?? 0) + 1)
      assert.equal(ids.get(key) ?? row.job_id, row.job_id, key)
      ids.set(key, row.job_id)
    }))
  }
  assert.deepEqual([...new Set(news.values())], [1])
  assert.equal(news.size, 900)
  assert.equal(await stack.sql("select count(*), count(distinct key) from q.job where queue = 'bulk'"), `${900 + 24}|900`)
  assert.equal(await stack.sql("select count(*) from q.job where queue = 'bulk' and key is not null and args->>'k' <> key"), '0')
})

test('O3: who meets a key that is not committed yet waits, and is told how it ended', async () => {
  for (const end of ['rollback', 'commit']) {
    await session(async first => {
      const mine = await enqueue(first, 'mail', 'mail.race', {}, `race:${end}`)
      const second = await pool.connect()
      const { rows: [{ pid }] } = await second.query('select pg_backend_pid() as pid')
      const answer = many(second, []).then(() => second.query(
        "select * from patchwork.enqueue_many('mail', 'mail.race', array['{}']::jsonb[], array[$1])", [`race:${end}`]))
      await waits(pid)
      await first.query(end)
      const { rows: [row] } = await answer
      second.release()
      assert.equal(row.is_new, end === 'rollback')
      assert.equal(row.job_id === mine.job_id, end === 'commit')
    })
  }
})

test('O3: within a transaction and its savepoints a repeat is told as one; a savepoint that is undone takes its jobs with it', async () => {
  await session(async c => {
    assert.deepEqual((await many(c, ['s', 't', 's'])).map(r => r.is_new), [true, true, false])
    await c.query('savepoint a')
    assert.deepEqual((await many(c, ['s', 'u'])).map(r => r.is_new), [false, true])
    assert.equal((await enqueue(c, 'bulk', 'bulk.one', {}, 'u')).is_new, false)
    await c.query('rollback to savepoint a')
    assert.deepEqual((await many(c, ['u', 't'])).map(r => r.is_new), [true, false])
    await c.query('commit')
  })
  assert.equal(await stack.sql("select string_agg(key, ',' order by key) from q.job_key where key in ('s', 't', 'u')"), 's,t,u')
})

test('O3: an older snapshot that cannot see the survivor is refused as a serialization failure, never told a lie', async () => {
  await session(async c => {
    await c.query('set transaction isolation level repeatable read')
    await c.query('select 1 from pg_class limit 1')
    await enqueue(pool, 'mail', 'mail.seen', {}, 'seen')
    await assert.rejects(enqueue(c, 'mail', 'mail.seen', {}, 'seen'), { code: '40001' })
  })
})

test('O3: what is wrong is refused by name, and nothing of the call stays', async () => {
  const before = await stack.sql('select count(*) from q.job')
  const one = "select patchwork.enqueue($1, $2, $3, $4, priority => $5)"
  assert.equal((await refused(one, 'Mail', 'mail.one', '{}', null, 0)).constraint, 'queue.name')
  assert.equal((await refused(one, 'mail', 'mail one', '{}', null, 0)).constraint, 'queue.kind')
  assert.equal((await refused(one, 'mail', 'mail.one', '[]', null, 0)).constraint, 'queue.args')
  assert.equal((await refused(one, 'mail', 'mail.one', '{}', 'x'.repeat(513), 0)).constraint, 'queue.key')
  for (const p of [3, -3, 70000]) assert.equal((await refused(one, 'mail', 'mail.one', '{}', null, p)).constraint, 'queue.priority')
  const reserved = await refused(one, 'pay', 'pay.quote', '{}', 'quote:1', 0)
  assert.deepEqual([reserved.code, reserved.message, reserved.detail], ['PW001', 'queue.reserved', 'pay'])
  assert.equal((await refused("select patchwork.enqueue_many('pay', 'pay.quote', array['{}']::jsonb[])")).message, 'queue.reserved')
  assert.equal((await refused("select patchwork.enqueue_many('mail', 'mail.one', array['{}']::jsonb[], array['a', 'b'])")).message, 'queue.keys_length')
  assert.equal((await refused("select patchwork.enqueue('mail', 'mail.one', parent => 99999999)")).message, 'queue.parent_unknown')
  assert.equal(await stack.sql('select count(*) from q.job'), before)
})

test('O3: wake tells the listeners of the queue', async () => {
  const client = new pg.Client({ connectionString: stack.info.databases.patchwork_producer })
  const heard = []
  await client.connect()
  client.on('notification', n => heard.push(`${n.channel} ${n.payload}`))
  await client.query('listen patchwork_ready')
  await pool.query("select patchwork.wake('mail')")
  await until('a notification', () => heard.length > 0)
  await client.end()
  assert.deepEqual(heard, ['patchwork_ready mail'])
})
