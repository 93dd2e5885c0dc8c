// What the replay tests share: a stack whose workers the test starts and kills, contributions of people who are new each
// time, and what one contribution left behind in every table, with names for ids, so that two can be compared.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from '../peers/load.mjs'
import { rpc } from '../stack/evm.mjs'
import { command } from '../stack/parts.mjs'
import { launch, stop, tail, until } from '../stack/proc.mjs'
import { pinnedBlock, play, releases, tokenBalance } from '../stack/scenario.mjs'
import { startStack } from '../stack/stack.mjs'
import { ended, ROOT } from './points.mjs'

const { generatePrivateKey, privateKeyToAccount } = await load('viem/accounts')

const HERE = dirname(fileURLToPath(import.meta.url))
export const STAGES = ['sync', 'verify', 'prove', 'pay', 'score']
// Another worker has its jobs a second after it was last seen.
export const MORTAL = { PATCHWORK_WORKER_LEASE: '1s' }
// A slow machine is no reason for the API to turn somebody away.
const PATIENT = { 'api.connect_wait': '5s', 'api.statement_timeout': '30s' }
const UNLIMITED = Object.fromEntries(['read', 'write', 'login', 'project'].map(n => [`limit.${n}_per_minute`, 0]))

// --- a world ---

export class World {
  // parts: without `work`: the test starts its workers
  // lease: a worker that lives keeps its claims however slow the machine is; one that is to be killed has MORTAL
  static async start({ conf = {}, env = {}, lease = '60s', parts = ['ipfs', 'postgres', 'nats', 'redis', 'evm', 'github', 'api', 'relay'] } = {}) {
    const stack = await startStack({
      dir: mkdtempSync(join(tmpdir(), 'patchwork-replay-')), parts, programs: 'san', fsync: false,
      conf: { 'worker.lease': lease, 'worker.poll': '250ms', 'relay.poll': '50ms', ...PATIENT, ...UNLIMITED, ...conf },
      env: { ...env, api: { LSAN_OPTIONS: `suppressions=${join(HERE, '../api/lsan.txt')}:print_suppressions=0` } },
    })
    return new World(stack)
  }

  constructor(stack) {
    this.stack = stack
    this.at = { ...stack.info, program: stack.program('patchwork'), wait: { patience: 90_000 } }
    this.serial = 0
    this.workers = []
  }

  sql = text => this.stack.sql(text)

  worker(env = {}, stages = STAGES) {
    const name = `work-${++this.serial}`
    if (env.PATCHWORK_FAULT) env = { ...MORTAL, ...env }
    const w = launch({
      argv: command(this.stack, 'work', ...stages), env: { ...this.stack.as('patchwork_worker'), ...env },
      log: this.stack.log('work'), pidFile: this.stack.pidFile(name), tied: 'SIGKILL',
    })
    this.workers.push(w)
    return w
  }

  // What comes of the promise while the worker lives; else what the worker said.
  async while(w, promise) {
    const lost = ended(w, 2 ** 31 - 1).then(end => { throw new Error(`the worker ended with ${end}`) })
    lost.catch(() => {})
    return Promise.race([promise, lost]).catch(async e => {
      e.message += `\n${tail(this.stack.log('work'), 12)}\n${await this.unfinished().catch(no => no.message)}`
      throw e
    })
  }

  // Asked to end, it ends well.
  async retire(w) {
    const end = ended(w)
    await stop(w)
    assert.equal(await end, 0, `a worker that was asked to end: ${this.stack.log('work')}`)
  }

  // Somebody nobody has seen before, with a wallet and a GitHub account.
  newcomer() {
    const account = privateKeyToAccount(generatePrivateKey())
    const n = ++this.serial
    return {
      people: { contributor: { address: account.address, sign: message => account.signMessage({ message }) } },
      account: { login: `dev-${n}`, id: 5_000_000 + n },
    }
  }

  play = (options = {}) => play(this.at, { ...this.newcomer(), events: false, ...options })

  // Nothing is claimed, ready, held or due.
  async quiet() {
    await until('the queue is quiet', async () => await this.sql(`select (select count(*) from q.claim) + (select count(*) from q.ready) + (select count(*) from q.held)
      + (select count(*) from q.scheduled join q.job on id = job_id where kind <> 'verify.deadline') + (select count(*) from q.mark)`) === '0', { timeout: 90_000 })
      .catch(async e => { throw new Error(`${e.message}\n${await this.unfinished()}`) })
  }

  // What is not done, whose it is and how its last run ended; for a test that waited in vain.
  unfinished = () => this.sql(`select concat_ws(' ', x.at, j.queue, j.kind, j.key, x.what, r.state, r.error_code, r.error) from (
      select job_id, 'ready' as at, format('seq %s of %s', seq, (select last_value from q.ready_seq)) as what from q.ready
      union all select job_id, 'held', 'in ' || lane from q.held
      union all select job_id, 'scheduled', 'for ' || run_at || ' of ' || clock_timestamp() from q.scheduled
      union all select unnest(job_ids), 'claimed', format('at %s by %s, who was seen at %s', claimed_at, worker, (select seen_at from q.worker w where w.id = worker)) from q.claim) x
    join q.job j on j.id = x.job_id
    left join lateral (select * from q.run r where r.job_id = j.id order by attempt desc limit 1) r on true
    where j.kind <> 'verify.deadline' limit 20`)

  // By how much the books say that they disagree with themselves.
  unbalanced = () => this.sql(`do $$ begin perform ledger.books_check('0'); end $$; select sum(unbalanced) from ledger.books`)

  // Since when rows count as left behind by what comes next.
  mark = async () => Number(await this.sql('select pg_snapshot_xmin(pg_current_snapshot())'))

  async end() {
    for (const w of this.workers) await stop(w)
    await this.stack.stop({ remove: true })
  }
}

// --- what a contribution left behind ---

const SCHEMAS = ['core', 'ingest', 'proof', 'ledger', 'rep', 'q', 'audit']
// Not of a contribution, or how it went rather than what came of it.
const APART = ['core.migration', 'q.worker', 'q.outbox_cursor', 'q.claim', 'q.ready', 'q.scheduled', 'q.mark', 'q.run', 'audit.link', 'audit.checkpoint',
  'ingest.rate_budget', 'ingest.rate_hold', 'ingest.fetch_cache', 'ingest.evidence'] // verdicts name their evidence by its hash
const BYTES = ['body', 'bytes', 'payload', 'envelope', 'raw', 'data']  // too long to show; what they mean is in other columns
const COUNTERS = ['xid', 'block_number', 'next_nonce', 'nonce', 'gas', 'max_fee', 'max_priority_fee'] // the chain's and the cluster's

export async function tables(world) {
  const found = await world.sql(`select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = any (string_to_array('${SCHEMAS.join(',')}', ',')) and c.relkind in ('r', 'p') and not c.relispartition order by 1`)
  return found.split('\n')
}

// Every row that is new or was changed since the mark: table -> rows
async function rowsSince(world, mark) {
  const list = await tables(world)
  const drop = `array[${BYTES.map(b => `'${b}'`).join(',')}]`
  const text = await world.sql(list.map(t => `select json_build_array('${t}', ${t === 'q.outbox' ? "to_jsonb(t) - 'raw'" : `to_jsonb(t) - ${drop}${t === 'audit.log' ? " || jsonb_build_object('detail', detail::jsonb)" : ''}`})
    from ${t} t where xmin::text::int8 >= ${mark};`).join('\n'))
  const rows = Object.fromEntries(list.map(t => [t, []]))
  for (const line of text.split('\n').filter(Boolean)) {
    const [table, row] = JSON.parse(line)
    rows[table].push(row)
  }
  return rows
}

// Ids of one contribution get names; what is left of ids, hashes and times is only said to be there.
function masker(c, rows) {
  const names = new Map()
  const name = (value, as) => value !== null && value !== undefined && names.set(String(value).toLowerCase(), as)
  for (const who of ['maintainer', 'funder', 'contributor']) {
    name(c[who].person_id, `<${who}>`)
    name(c[who].address, `<${who}'s address>`)
    name(c[who].address.slice(2), `<${who}'s address>`)
  }
  name(c.account.login, '<login>')
  name(c.account.id, '<account>')
  name(c.project.id, '<project>')
  name(c.project.full_name, '<repository>')
  name(c.project.repo_id, '<repository id>')
  name(c.bounty.id, '<bounty>')
  name(c.funding.contribution_id, '<deposit>')
  name(c.submission.id, '<submission>')
  name(c.payout.id, '<payout>')
  name(c.payout.tx_hash, '<payment>')
  name(c.payout.tx_hash.slice(2), '<payment>')
  name(c.proof.cid, '<cid>')
  for (const [guid, as] of [[c.project.ping, 'ping'], [c.pull.opened_delivery, 'opened'], [c.merge.merged_delivery, 'merged'], [c.merge.closed_delivery, 'closed']])
    name(guid, `<delivery ${as}>`)
  for (const r of rows['core.issue']) name(r.id, `<issue ${r.number}>`)
  for (const r of rows['core.pull']) name(r.id, `<pull ${r.number}>`)
  for (const r of rows['proof.verdict']) name(r.id, '<verdict>')
  for (const r of rows['ledger.account']) name(r.id, `<account ${r.kind}>`)
  const known = [...names.keys()].filter(k => k.length > 7).sort((a, b) => b.length - a.length)
  const text = value => {
    let s = value
    for (const k of known) {
      const at = s.toLowerCase().indexOf(k)
      if (at >= 0) s = s.slice(0, at) + names.get(k) + s.slice(at + k.length)
    }
    return s.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uuid>').replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)?/g, '<time>')
      .replace(/(\\x|0x)?[0-9a-f]{16,}/g, '<hex>').replace(/^(<project>|<pull \d+>):(\d+)$/, (all, of, id) => `${of}:${deliveries.get(Number(id))}`).replace(/127\.0\.0\.1:\d+/g, '<host>').replace(/\/repositories\/\d+/g, '/repositories/<repository id>')
      .replace(/\bNonce: [a-z2-7]{26}\b/, 'Nonce: <nonce>')
  }
  const deliveries = new Map(rows['ingest.delivery'].map(d => [d.id, names.get(d.guid)]))
  const jobs = new Map(rows['q.job'].map(j => [j.id, j]))
  const job = id => (jobs.has(id) ? `<job ${text(jobs.get(id).key ?? jobs.get(id).kind)}>` : '<another job>')
  const mask = (value, column) => {
    if (['job_id', 'parent_id', 'root_id'].includes(column) && value !== null) return job(value)
    if (column === 'delivery_id' && value !== null) return deliveries.get(value) ?? '<another delivery>'
    if (COUNTERS.includes(column) && value !== null) return '<counter>'
    if (typeof value === 'string') return names.get(value.toLowerCase()) ?? text(value)
    if (typeof value === 'number') return names.get(String(value)) ?? (/(^|_)id$|_uid$/.test(column) ? '<id>' : value)
    if (Array.isArray(value)) return value.map(v => mask(v, column)).sort()
    if (value && typeof value === 'object') return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, mask(v, k)]))
    return value
  }
  return (value, column) => mask(value, column)
}

// -> { table: [rows in a fixed order, as text] }, and who ended each job
export async function leftBehind(world, c, mark) {
  const rows = await rowsSince(world, mark)
  for (const table of ['q.job', 'q.job_key']) // two changes of one second were told: GitHub was asked which is later
    rows[table] = rows[table].filter(r => !/^issue:[0-9a-f-]+:asked:\d+$/.test(r.key))
  const masked = masker(c, rows)
  const seen = {}
  for (const [table, list] of Object.entries(rows)) {
    if (APART.includes(table)) continue
    seen[table] = list.map(r => JSON.stringify(masked(r, ''))).sort()
  }
  // a bounty's clock goes on after the contribution
  const jobs = new Map(rows['q.job'].filter(j => j.kind !== 'verify.deadline').map(j => [j.id, masked(j.key, 'key')]))
  const runs = rows['q.run'].filter(r => jobs.has(r.job_id))
  seen.done = runs.filter(r => r.state === 'done').map(r => jobs.get(r.job_id)).sort()
  // a worker that finds itself unseen gives back what another may have by then
  const odd = runs.filter(r => !['done', 'rescued', 'snoozed', 'returned'].includes(r.state) && r.error_code !== 'queue.lease_lost')
  return { seen, jobs: [...jobs.values()].sort(), runs, odd }
}

// Lines that one has and the other has not, by table.
export function differences(seen, wanted) {
  const lines = []
  for (const table of new Set([...Object.keys(seen), ...Object.keys(wanted)])) {
    const [a, b] = [[...seen[table] ?? []], [...wanted[table] ?? []]]
    for (const row of [...a]) {
      const at = b.indexOf(row)
      if (at < 0) continue
      b.splice(at, 1)
      a.splice(a.indexOf(row), 1)
    }
    lines.push(...a.map(r => `+ ${table} ${r}`), ...b.map(r => `- ${table} ${r}`))
  }
  return lines
}

// The rules that hold however it went.
export async function checkInvariants(world, c, left) {
  const { at } = world
  assert.deepEqual(left.seen.done, left.jobs, 'each job was done once')
  assert.deepEqual(left.odd.map(r => [r.state, r.error_code, r.error]), [], 'no run failed')
  assert.equal(left.seen['q.parked'].length, 0)
  const found = await releases(at, c.payout.chain_key)
  assert.equal(found.length, 1, 'one release on chain')
  assert.equal(found[0].transactionHash, c.payout.tx_hash)
  assert.equal(found[0].amount, BigInt(c.payout.amount))
  assert.equal(await tokenBalance(at, c.contributor.address), BigInt(c.payout.amount), 'the contributor owns exactly the amount')
  await pinnedBlock(at, c.proof.cid)
  assert.equal(left.seen['proof.proof'].length, 1)
  assert.equal(left.seen['rep.event'].length, 1)
  const sums = await world.sql(`select count(*) from (select 1 from ledger.entry group by transfer_id, asset_id having sum(amount) <> 0) x`)
  assert.equal(sums, '0', 'every transfer sums to zero')
  const stray = await world.sql(`select count(*) from ledger.account a join ledger.balance b on b.account_id = a.id
    where a.owner_id = '${c.bounty.id}' and b.posted <> 0`)
  assert.equal(stray, '0', 'nothing of the bounty\'s money is left between accounts')
}

export const operatorNonce = async world =>
  Number(await rpc(world.at.evm, 'eth_getTransactionCount', [world.at.wallets.operator.address, 'latest']))

export { ended, faultPoints, ROOT } from './points.mjs'
