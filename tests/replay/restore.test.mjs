// The backup drill: a base backup, the archived log, and a restore to a moment that payments have left behind. What operating.md says
// about it is what is done here.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFileSync, chownSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { until } from '../stack/proc.mjs'
import { deliver, releases } from '../stack/scenario.mjs'
import { stageSources } from './points.mjs'
import { attemptsOf, look, referee, report } from './referee.mjs'
import { operatorNonce, ROOT, World } from './world.mjs'

const BIN = '/usr/lib/postgresql/15/bin'
const MERGED = 'merged on GitHub, webhook taken'
const page = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8').replace(/\s+/g, ' ')
let world, worker, base

before(async () => {
  world = await World.start()
  base = realpathSync(world.stack.path('postgres'))
})
after(() => world?.end())

// As the user who owns the cluster.
const own = file => { const { uid, gid } = statSync(join(base, 'data')); chownSync(file, uid, gid) }
const asPostgres = (...argv) => {
  const line = process.getuid() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', '--', ...argv] : argv
  return promisify(execFile)(line[0], line.slice(1), { cwd: '/' })
}
const archived = async () => {
  const file = await world.sql('select pg_walfile_name(pg_switch_wal())')
  await until('the log is archived', async () => await world.sql(`select last_archived_wal >= '${file}' from pg_stat_archiver`) === 't')
}

async function archive() {
  mkdirSync(join(base, 'archive'), { mode: 0o700 })
  own(join(base, 'archive'))
  await world.sql(`alter system set archive_mode = on`)
  await world.sql(`alter system set archive_command = 'test ! -f ${base}/archive/%f && cp %p ${base}/archive/%f'`)
  appendFileSync(join(base, 'data/pg_hba.conf'), 'local replication all trust\n')
  await world.stack.restart('postgres')
}

const backup = () => asPostgres(`${BIN}/pg_basebackup`, '-h', world.stack.socket, '-p', world.stack.port('postgres'), '-U', 'postgres', '-D', `${base}/backup`, '-X', 'none', '-c', 'fast', '--no-sync')

async function restore(moment) {
  await world.stack.kill('postgres')
  renameSync(join(base, 'data'), join(base, 'lost'))
  renameSync(join(base, 'backup'), join(base, 'data'))
  appendFileSync(join(base, 'data/postgresql.auto.conf'), `restore_command = 'cp ${base}/archive/%f %p'
recovery_target_name = '${moment}'
recovery_target_action = 'promote'
archive_mode = off\n`)
  writeFileSync(join(base, 'data/recovery.signal'), '')
  own(join(base, 'data/recovery.signal'))
  await world.stack.start('postgres')
  await until('it is promoted', async () => await world.sql('select pg_is_in_recovery()').catch(() => 't') === 'f')
}

// The stream knows what the database has lost.
async function newStream() {
  await world.stack.kill('relay')
  await world.stack.kill('nats')
  rmSync(world.stack.path('nats'), { recursive: true, force: true })
  await world.stack.start('nats')
  await world.stack.start('relay')
  await world.stack.run('patchwork_relay', 'relay', 'rewind')
}

const payoutOf = c => world.sql(`select state || ' 0x' || encode(tx_hash, 'hex') from ledger.payout where submission_id = '${c.submission.id}'`)

test('O14, F26: restored to an earlier moment: payments since are adopted, nothing is paid twice, the referee finds nothing', async () => {
  await archive()
  worker = world.worker()
  const a = await world.play()
  await backup()
  const c = await world.play({ before: { [MERGED]: async () => {
    await world.quiet()
    await world.sql(`select pg_create_restore_point('drill')`)
    await archived()
  } } })
  await world.retire(worker)
  await restore('drill')

  assert.equal(await payoutOf(a), `paid ${a.payout.tx_hash}`, 'of the base backup')
  assert.equal(await world.sql(`select s.state || ' ' || p.state from core.submission s join core.pull p on p.id = s.pull_id where s.id = '${c.submission.id}'`), 'seen open', 'of the log, up to the moment')
  assert.equal(await payoutOf(c), '', 'lost')
  await newStream()
  worker = world.worker()
  await deliver(world.at, 'pull_request', 'closed', c.project.full_name, c.pull.number, { delivery: c.merge.merged_delivery })
  await until('what was paid is adopted', async () => await payoutOf(c) === `paid ${c.payout.tx_hash}`)
  assert.equal((await releases(world.at, c.payout.chain_key)).length, 1)

  const d = await world.play({ until: 'paid' })
  await until('the signer is stopped', async () => await world.sql('select stopped from ledger.chain_key') === 'pay.nonce_foreign')
  const send = await until('its payment waits', () => world.sql(`select job_id from q.scheduled join q.job on id = job_id where kind = 'pay.send'`))
  const [, update] = page.match(/`(update ledger\.chain_key set stopped = null, next_nonce = N where address = '\\x\.\.\.')`/)
  await world.sql(`set role patchwork_owner; ${update.replace('= N', `= ${await operatorNonce(world)}`).replace('...', world.at.wallets.operator.address.slice(2))}`)
  await world.stack.run('patchwork_operator', 'jobs', 'retry', send, '--reason', 'the transactions are ours')
  await until('it is paid', async () => (await payoutOf(d)).startsWith('paid '))

  await world.quiet()
  await until('the audit log is sealed', async () => await world.sql('select unsealed from audit.state') === '0')
  await until('every event is published', async () => await world.sql(`select count(*) from q.outbox o, q.outbox_cursor c
    where c.sink = 'nats' and (o.xid, o.id) > (c.xid, c.id)`) === '0')
  const seen = await referee(await look(world.at, world.sql, { acked: [], attempts: attemptsOf(stageSources()) }))
  assert.ok(seen.every(s => s.breaches.length === 0 && s.unasked.length === 0), `\n${report(seen)}`)
  await world.retire(worker)
})
