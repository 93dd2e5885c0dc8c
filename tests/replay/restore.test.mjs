// The backup drill: a base backup, the archived log, and a restore to a moment that payments have left behind; and a failover to a
// standby that payments have left behind. What operating.md says about them is what is done here.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFileSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { DATABASE, psql } from '../stack/postgres.mjs'
import { answers, freePort, launch, stop, until } from '../stack/proc.mjs'
import { deliver, releases } from '../stack/scenario.mjs'
import { stageSources } from './points.mjs'
import { attemptsOf, look, referee, report } from './referee.mjs'
import { operatorNonce, ROOT, World } from './world.mjs'

const BIN = '/usr/lib/postgresql/15/bin'
const MERGED = 'merged on GitHub, webhook taken'
const page = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8').replace(/\s+/g, ' ')
const notes = mkdtempSync(join(tmpdir(), 'patchwork-notes-'))
const AUDIT = { PATCHWORK_AUDIT_KEY_FILE: join(notes, 'key'), PATCHWORK_AUDIT_EXPORT_DIR: join(notes, 'out'), PATCHWORK_AUDIT_CHECKPOINT_EVERY: '0s' }
let world, worker, base, standby, auditKey

before(async () => {
  mkdirSync(AUDIT.PATCHWORK_AUDIT_EXPORT_DIR)
  world = await World.start({ env: { audit: AUDIT, '--json': AUDIT } })
  base = realpathSync(world.stack.path('postgres'))
  auditKey = JSON.parse(await world.stack.run('patchwork_owner', '--json', 'audit', 'checkpoint')).public_key
})
after(async () => {
  await stop(standby, { signal: 'SIGINT' })
  await world?.end()
  rmSync(notes, { recursive: true, force: true })
})

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

const served = () => until('the API has its database again', () => answers(`${world.at.api}/readyz`))

async function archive() {
  mkdirSync(join(base, 'archive'), { mode: 0o700 })
  own(join(base, 'archive'))
  await world.sql(`alter system set archive_mode = on`)
  await world.sql(`alter system set archive_command = 'test ! -f ${base}/archive/%f && cp %p ${base}/archive/%f'`)
  appendFileSync(join(base, 'data/pg_hba.conf'), 'local replication all trust\n')
  await world.stack.restart('postgres')
  await served()
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
  await served()
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

  await paysAgain()
  await looksRight()
  await world.retire(worker)
})

// Behind what another state of the database has sent: the signer is stopped until somebody says that the transactions are ours.
async function paysAgain() {
  const d = await world.play({ until: 'paid' })
  await until('the signer is stopped', async () => await world.sql('select stopped from ledger.chain_key') === 'pay.nonce_foreign')
  const send = await until('its payment waits', () => world.sql(`select job_id from q.scheduled join q.job on id = job_id where kind = 'pay.send'`))
  const [, update] = page.match(/`(update ledger\.chain_key set stopped = null, next_nonce = N where address = '\\x\.\.\.')`/)
  await world.sql(`set role patchwork_owner; ${update.replace('= N', `= ${await operatorNonce(world)}`).replace('...', world.at.wallets.operator.address.slice(2))}`)
  await world.stack.run('patchwork_operator', 'jobs', 'retry', send, '--reason', 'the transactions are ours')
  await until('it is paid', async () => (await payoutOf(d)).startsWith('paid '))
}

async function looksRight() {
  await world.quiet()
  await until('the audit log is sealed', async () => await world.sql('select unsealed from audit.state') === '0')
  await until('every event is published', async () => await world.sql(`select count(*) from q.outbox o, q.outbox_cursor c
    where c.sink = 'nats' and (o.xid, o.id) > (c.xid, c.id)`) === '0')
  const seen = await referee(await look(world.at, world.sql, { acked: [], attempts: attemptsOf(stageSources()), auditKey }))
  assert.equal(await world.unbalanced(), '0')
  assert.ok(seen.every(s => s.breaches.length === 0 && s.unasked.length === 0), `\n${report(seen)}`)
}

// --- failover ---

// A standby that follows without anybody waiting for it.
async function follow() {
  for (const name of ['restore_command', 'recovery_target_name', 'recovery_target_action']) await world.sql(`alter system reset ${name}`)
  appendFileSync(join(base, 'data/pg_hba.conf'), 'local replication all trust\n')
  await world.sql('select pg_reload_conf()')
  await asPostgres(`${BIN}/pg_basebackup`, '-h', world.stack.socket, '-p', world.stack.port('postgres'), '-U', 'postgres', '-D', `${base}/standby`, '-R', '-X', 'stream', '-c', 'fast', '--no-sync')
  const port = await freePort()
  const settings = { port, listen_addresses: '', unix_socket_directories: world.stack.socket, max_connections: 200, max_prepared_transactions: 2, fsync: 'off' }
  standby = launch({
    argv: [`${BIN}/postgres`, '-D', `${base}/standby`, ...Object.entries(settings).flatMap(([k, v]) => ['-c', `${k}=${v}`])],
    log: world.stack.log('standby'), user: process.getuid() === 0 ? 'postgres' : undefined,
  })
  return text => psql(world.stack.socket, port, DATABASE, text)
}

// The standby has all that there is, and gets nothing more.
async function cut(ask) {
  const at = await world.sql('select pg_current_wal_lsn()')
  await until('the standby has caught up', () => ask(`select pg_last_wal_replay_lsn() >= '${at}'`).then(v => v === 't', () => false))
  await stop(standby, { signal: 'SIGINT' })
}

// Its address moves to the standby, which takes writes a moment later.
async function failover() {
  await world.stack.kill('postgres')
  renameSync(join(base, 'data'), join(base, 'primary'))
  renameSync(join(base, 'standby'), join(base, 'data'))
  appendFileSync(join(base, 'data/postgresql.auto.conf'), `primary_conninfo = ''\n`)
  await world.stack.start('postgres')
  await until('the worker has met a database that only reads', () => /code=db\.read_only/.test(readFileSync(world.stack.log('work'), 'utf8')))
  assert.equal(await world.sql('select pg_promote()'), 't')
  await served()
}

const lastNote = folder => join(folder, readdirSync(folder).sort((a, b) => parseInt(a.match(/\d+/)) - parseInt(b.match(/\d+/))).at(-1))

test('F25: failover to a standby that lacks the last moments, under running programs: nothing is paid twice, the loss is told', async () => {
  const folder = AUDIT.PATCHWORK_AUDIT_EXPORT_DIR
  worker = world.worker(AUDIT)
  await world.play() // the signer is known
  const ask = await follow()
  const c = await world.play({ before: { [MERGED]: async () => {
    await world.quiet()
    await cut(ask)
  } } })
  await until('the audit log is signed up to the payment', async () => {
    const [unsealed, rows] = (await world.sql(`select unsealed || ' ' || (select max(seq) from audit.link) from audit.state`)).split(' ')
    return unsealed === '0' && readdirSync(folder).some(f => Number(f.match(/^checkpoint-(\d+)\.note$/)?.[1]) >= Number(rows))
  })
  copyFileSync(lastNote(folder), join(notes, 'kept')) // before it is known what is lost, and more is signed
  await failover()

  assert.equal(await payoutOf(c), '', 'lost')
  await deliver(world.at, 'pull_request', 'closed', c.project.full_name, c.pull.number, { delivery: c.merge.merged_delivery })
  await until('what was paid is adopted', async () => await payoutOf(c) === `paid ${c.payout.tx_hash}`)
  assert.equal((await releases(world.at, c.payout.chain_key)).length, 1)
  await assert.rejects(world.stack.run('patchwork_auditor', 'audit', 'verify', '--checkpoints', join(notes, 'kept'), '--key', auditKey), /audit\.(truncated|rewritten)/, 'what is lost is told')
  await newStream()
  await paysAgain()
  await looksRight()
  await world.retire(worker)
})
