// patchwork cron ...: what an operator does with periodic jobs, and what is written down of it.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startStack } from '../stack/stack.mjs'

let stack
before(async () => {
  stack = await startStack({ dir: mkdtempSync(join(tmpdir(), 'patchwork-cron-')), parts: ['postgres'], programs: 'san', fsync: false, migrate: true })
})
after(() => stack?.stop({ remove: true }))

const cron = (...words) => {
  const env = { ...process.env, ...stack.as('patchwork_worker'), USER: 'alice', SUDO_USER: '' }
  const { status, stdout, stderr } = spawnSync('build/san/patchwork', ['--config', stack.path('patchwork.conf'), 'cron', ...words], { env, encoding: 'utf8' })
  return { status, stdout, stderr, rows: words.includes('--json') ? stdout.split('\n').filter(Boolean).map(l => JSON.parse(l)) : undefined }
}
const NIGHTLY = ['nightly', '--cron', '30 2 * * mon-fri', '--queue', 'score', '--kind', 'score.nightly', '--zone', 'Europe/Berlin', '--args', '{"all": true}']

test('cron add, list, next, disable, enable, remove', async () => {
  const added = cron('add', ...NIGHTLY, '--catch-up', 'all', '--most', '7', '--reason', 'weekly letter', '--json')
  assert.equal(added.status, 0, added.stderr)
  assert.deepEqual([added.rows[0].name, added.rows[0].is_new], ['nightly', true])
  const [row] = cron('list', '--json').rows
  assert.deepEqual([row.name, row.cron, row.zone, row.queue, row.kind, row.args, row.catch_up, row.enabled, row.actor, row.reason],
    ['nightly', '30 2 * * mon-fri', 'Europe/Berlin', 'score', 'score.nightly', { all: true }, 'all 7', true, 'cli:alice', 'weekly letter'])
  assert.equal(row.next_at, added.rows[0].next_at)
  const next = cron('next', 'nightly', '--count', '6', '--json').rows
  assert.equal(next.length, 6)
  assert.equal(next[0].tick, row.next_at)
  for (const { local } of next) assert.match(local, /^(Mon|Tue|Wed|Thu|Fri) \d{4}-\d\d-\d\d 02:30 Europe\/Berlin$/)
  assert.match(cron('list').stdout, /nightly +30 2 \* \* mon-fri +Europe\/Berlin/)
  assert.equal(cron('disable', 'nightly', '--reason', 'no letter', '--json').rows[0].result, 'changed')
  assert.equal(cron('disable', 'nightly', '--reason', 'no letter', '--json').rows[0].result, 'unchanged')
  assert.equal(cron('list', '--json').rows[0].next_at, null)
  assert.equal(cron('enable', 'nightly', '--reason', 'a letter', '--actor', 'cli:bob', '--json').rows[0].result, 'changed')
  assert.equal(cron('remove', 'nightly', '--reason', 'done', '--json').rows[0].result, 'removed')
  assert.deepEqual(cron('list', '--json').rows, [])
  assert.equal(await stack.sql("select string_agg(action || ' ' || actor_id || ' ' || reason, ', ' order by id) from audit.log where object_type = 'schedule'"),
    ['operator.cron_add cli:alice weekly letter', 'operator.cron_disable cli:alice no letter', 'operator.cron_enable cli:bob a letter',
      'operator.cron_remove cli:alice done'].join(', '))
})

test('--dry-run says what would be, and changes nothing', async () => {
  const before = await stack.sql('select count(*) from audit.log')
  const dry = cron('add', ...NIGHTLY, '--reason', 'try', '--dry-run', '--json')
  assert.equal(dry.status, 0, dry.stderr)
  assert.ok(dry.rows[0].next_at)
  assert.deepEqual(cron('list', '--json').rows, [])
  assert.equal(await stack.sql('select count(*) from audit.log'), before)
})

test('what is refused, and how', () => {
  const refused = (code, ...words) => {
    const r = cron(...words)
    assert.equal(r.status, 1, `${words}: ${r.stderr}`)
    assert.match(r.stderr, new RegExp(`^patchwork: ${code}: `, 'm'))
    assert.equal(r.stdout, '')
  }
  const add = fields => ['add', 'x', ...Object.entries({ cron: '@daily', queue: 'test', kind: 'test.one', reason: 'r', ...fields }).flatMap(([k, v]) => [`--${k}`, v])]
  refused('cron.expression', ...add({ cron: '61 * * * *' }))
  refused('cron.never', ...add({ cron: '0 0 30 feb *' }))
  refused('cron.zone', ...add({ zone: 'Mars/Base' }))
  refused('cron.catch_up', ...add({ 'catch-up': 'maybe' }))
  refused('cron.catch_up_most', ...add({ most: '0' }))
  refused('queue.name', ...add({ queue: 'Test' }))
  refused('queue.args', ...add({ args: '[]' }))
  refused('queue.priority', ...add({ priority: '5' }))
  refused('cron.unknown', 'next', 'nobody')
  refused('cron.unknown', 'remove', 'nobody', '--reason', 'r')
  refused('cron.unknown', 'enable', 'nobody', '--reason', 'r')
  for (const words of [['add', 'x', '--cron', '@daily', '--queue', 'test', '--kind', 'test.one'], ['remove', 'x'], ['add', 'x', '--reason', 'r'], ['next']])
    assert.equal(cron(...words).status, 2, words.join(' '))
})
