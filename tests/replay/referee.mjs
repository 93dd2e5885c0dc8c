#!/usr/bin/env node
// referee.mjs STACK.json [ACKED [KEY]]: says of a stack that has been left in peace for a moment whether the invariants hold. It reads the
// tables, the chain's logs and the stream of events, and shares no code with what wrote them. ACKED: a file of delivery ids, one
// per line, that were answered 2xx. KEY: the public key of the audit log's checkpoints, in hex. One line per check; it ends with 1 when one of them found something.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openNote, recompute } from '../api/audit_chain.mjs'
import { NatsReader } from '../stack/nats.mjs'
import { DATABASE, psql } from '../stack/postgres.mjs'

const list = values => values.map(v => `('${v}')`).join(', ')

// Each check finds what breaks its invariant: lines for a person. What it is asked about:
//   sql       text -> what psql prints                 acked      ids of deliveries that were answered 2xx
//   released  the chain's log of payments, oldest first: { key, tx, to, amount, block }; head: the chain's last block
//   refunded  the chain's log of what went back, the same of bounties
//   published the stream, in its order: { id, subject, event }
//   attempts  kind -> how many of them may fail        grace      seconds that work may be late
//   auditKey  signs the checkpoints of the audit log; null: there are none
// Without its source (null) a check cannot be made, and says so.
export const CHECKS = [
  {
    id: 'I1', what: 'a delivery that was answered 2xx has one row, and one job', needs: ['acked'],
    find: async w => w.acked.length === 0 ? [] : lines(w, `
      select a.guid || ': ' || k.n || ' keys, ' || d.n || ' rows, ' || j.n || ' jobs' from (values ${list(w.acked)}) a (guid)
      cross join lateral (select count(*) n from ingest.delivery_key where guid = a.guid::uuid) k
      cross join lateral (select count(*) n from ingest.delivery where guid = a.guid::uuid and state <> 'conflict') d
      cross join lateral (select count(*) n from q.job where queue = 'sync' and key = 'delivery:' || a.guid) j
      where (k.n, d.n, j.n) <> (1, 1, 1)`),
  },
  {
    id: 'I2', what: 'no payout is paid twice on chain, and what went back once is booked once', needs: ['released'],
    find: async w => {
      const times = new Map()
      for (const { key } of w.released) times.set(key, (times.get(key) ?? 0) + 1)
      return [
        ...[...times].filter(([, n]) => n > 1).map(([key, n]) => `${key}: released ${n} times`),
        ...await lines(w, `select '0x' || encode(tx_hash, 'hex') || ': booked as ' || count(*) || ' refunds of ' || bounty_id from ledger.refund
          where state = 'refunded' and tx_hash is not null group by tx_hash, bounty_id having count(*) > 1`),
      ]
    },
  },
  {
    id: 'I3', what: 'each transfer sums to zero by asset, and no account but a funder\'s is overdrawn',
    find: w => lines(w, `
      select 'transfer ' || t.key || ': ' || coalesce(sum(e.amount)::text, 'no entries') from ledger.transfer t
        left join ledger.entry e on e.transfer_id = t.id group by t.id, e.asset_id having sum(e.amount) is distinct from 0
      union all select 'account ' || a.id || ' of ' || a.kind || ': ' || sum(e.amount) from ledger.account a
        join ledger.entry e on e.account_id = a.id where a.kind <> 'funder' group by a.id having sum(e.amount) < 0
      union all select 'entry of ' || e.transfer_id || ' in another asset than its account' from ledger.entry e
        join ledger.account a on a.id = e.account_id where a.asset_id <> e.asset_id`),
  },
  {
    id: 'I4', what: 'a payout is paid if and only if the chain says so, finally, by that transaction; a refund only if it does', needs: ['released', 'refunded'],
    find: async w => {
      const rows = await json(w, `select '0x' || encode(o.chain_key, 'hex') as key, o.state, '0x' || encode(o.tx_hash, 'hex') as tx,
        '0x' || encode(o.payee, 'hex') as "to", o.amount::text, c.confirmations from ledger.payout o
        join core.asset a on a.id = o.asset_id join core.chain c on c.id = a.chain_id`)
      const backs = await json(w, `select '0x' || encode(b.chain_key, 'hex') as key, '0x' || encode(r.tx_hash, 'hex') as tx,
        '0x' || encode(r.funder, 'hex') as "to", r.amount::text, c.confirmations from ledger.refund r join core.bounty b on b.id = r.bounty_id
        join core.asset a on a.id = r.asset_id join core.chain c on c.id = a.chain_id where r.state = 'refunded' and r.amount > 0`)
      const back = r => w.refunded.find(l => l.key === r.key && l.tx === r.tx)
      const known = new Map(rows.map(r => [r.key, r]))
      const logs = new Map(w.released.map(l => [l.key, l]))
      const same = (r, l) => r.tx === l.tx && r.to === l.to && r.amount === String(l.amount)
      return [
        ...rows.filter(r => r.state === 'paid' && !logs.has(r.key)).map(r => `${r.key}: paid, and not on chain`),
        ...w.released.filter(l => known.get(l.key)?.state !== 'paid').map(l => `${l.key}: on chain, and ${known.get(l.key)?.state ?? 'no payout of ours'}`),
        ...rows.filter(r => r.state === 'paid' && logs.has(r.key) && !same(r, logs.get(r.key))).map(r => `${r.key}: the chain says otherwise`),
        ...rows.filter(r => r.state === 'paid' && logs.get(r.key)?.block > w.head - r.confirmations + 1).map(r => `${r.key}: paid before it is final`),
        ...backs.filter(r => !back(r)).map(r => `${r.key}: refunded, and not on chain`),
        ...backs.filter(r => back(r) && (back(r).to !== r.to || back(r).amount < BigInt(r.amount))).map(r => `${r.key}: the chain gave back otherwise`),
        ...backs.filter(r => back(r)?.block > w.head - r.confirmations + 1).map(r => `${r.key}: refunded before it is final`),
      ]
    },
  },
  {
    id: 'I5', what: 'no job is late, lost, in two places, done twice, or tried too often', needs: ['attempts', 'grace'],
    find: w => lines(w, `
      with place as (
        select job_id, 'ready' as name from q.ready union all select job_id, 'scheduled' from q.scheduled
        union all select job_id, 'held' from q.held union all select unnest(job_ids), 'claimed' from q.claim
        union all select job_id, 'parked' from q.parked
      ), last as (
        select distinct on (job_id) job_id, state, finished_at from q.run order by job_id, attempt desc
      )
      select 'claim ' || c.id || ' is out, and its worker was last seen ' || w.seen_at from q.claim c left join q.worker w on w.id = c.worker
        where w.id is null or w.seen_at + c.lease + interval '${w.grace} s' < clock_timestamp()
      union all select 'job ' || r.job_id || ' has been ready since ' || greatest(j.created_at, l.finished_at) from q.ready r
        join q.job j on j.id = r.job_id left join last l on l.job_id = r.job_id
        where greatest(j.created_at, l.finished_at) + interval '${w.grace} s' < clock_timestamp()
        and not exists (select from q.pause p where p.scope = 'stage' and p.name = r.queue)
      union all select 'job ' || h.job_id || ' has been held since ' || greatest(j.created_at, l.finished_at) from q.held h
        join q.job j on j.id = h.job_id left join last l on l.job_id = h.job_id
        where greatest(j.created_at, l.finished_at) + interval '${w.grace} s' < clock_timestamp()
        and not exists (select from q.pause p where (p.scope, p.name) in (('stage', h.queue), ('kind', j.kind), ('project', j.project_id::text)))
        and not exists (select from q.limits m where coalesce(m.queue, h.queue) = h.queue and coalesce(m.kind, j.kind) = j.kind)
      union all select 'job ' || job_id || ' was due at ' || run_at from q.scheduled where run_at + interval '${w.grace} s' < clock_timestamp()
      union all select 'job ' || j.id || ' is nowhere' from q.job j left join last l on l.job_id = j.id
        where coalesce(l.state, '') not in ('done', 'cancelled') and not exists (select from place p where p.job_id = j.id)
      union all select 'job ' || p.job_id || ' is ' || string_agg(p.name, ' and ') from place p group by p.job_id having count(*) > 1
      union all select 'job ' || p.job_id || ' is ' || p.name || ', and has ended' from place p join last l on l.job_id = p.job_id
        where l.state in ('done', 'cancelled')
      union all select 'job ' || p.job_id || ' is parked, and its last run is ' || coalesce(l.state, 'none') from q.parked p
        left join last l on l.job_id = p.job_id where l.state is distinct from 'parked'
      union all select 'job ' || job_id || ' was done ' || count(*) || ' times' from q.run where state = 'done' group by job_id having count(*) > 1
      union all select 'job ' || r.job_id || ' ran again after it was done' from q.run d join q.run r on r.job_id = d.job_id and r.attempt > d.attempt
        where d.state = 'done' group by r.job_id
      union all select 'job ' || job_id || ' has ' || count(*) || ' runs, numbered to ' || max(attempt) from q.run group by job_id
        having max(attempt) <> count(*)
      union all select 'job ' || r.job_id || ' of ' || j.kind || ' failed ' || count(*) || ' times' from q.run r join q.job j on j.id = r.job_id
        left join (values ${Object.entries(w.attempts).map(([kind, n]) => `('${kind}', ${n})`).join(', ')}) m (kind, most) on m.kind = j.kind
        where r.state in ('failed', 'parked') group by r.job_id, j.kind, m.most having count(*) > m.most`),
  },
  {
    id: 'I6', what: 'each committed event is in the stream, unchanged, by one id, in the order of its aggregate', needs: ['published'],
    find: async w => {
      const rows = await json(w, 'select event as id, subject, topic, body from q.outbox order by xid, id')
      const at = new Map(), odd = []
      w.published.forEach((m, i) => {
        const first = w.published[at.get(m.id)]
        if (first && canonical([first.subject, first.event]) !== canonical([m.subject, m.event])) odd.push(`${m.id}: two events of one id`)
        if (!first) at.set(m.id, i)
        if (m.event.id !== m.id) odd.push(`${m.id}: the event in it says ${m.event.id}`)
      })
      const last = new Map()
      for (const { id, subject, topic, body } of rows) {
        const found = w.published[at.get(id)]
        if (!found) { odd.push(`${topic} ${id}: never published`); continue }
        if (found.event.subject !== subject || canonical(found.event.data) !== canonical(body)) odd.push(`${topic} ${id}: published otherwise`)
        if (at.get(id) < (last.get(subject) ?? -1)) odd.push(`${topic} ${id}: published before what ${subject} had done before`)
        last.set(subject, Math.max(at.get(id), last.get(subject) ?? -1))
        at.delete(id)
      }
      return [...odd, ...[...at.keys()].map(id => `${id}: published, and no row of ours`)]
    },
  },
  {
    id: 'I7', what: 'balances, scores and states of bounties are what their history makes of them',
    find: w => lines(w, `
      select 'balance of ' || a.kind || ' ' || a.id || ' is ' || coalesce(b.posted::text, 'not there') || ', its entries make ' || sum(e.amount)
        from ledger.account a join ledger.entry e on e.account_id = a.id left join ledger.balance b on b.account_id = a.id
        where a.kind <> 'funder' group by a.id, b.posted having sum(e.amount) is distinct from b.posted
      union all select 'score of ' || coalesce(s.person_id, m.person_id) || ' in ' || coalesce(s.scope, m.scope) || ' is '
        || coalesce(s.points_micro::text, 'not there') || ', its events make ' || coalesce(m.points::text, 'none')
        from rep.score s full join (
          select e.person_id, t.scope, sum(e.points_micro) as points, count(*) as n from rep.event e
          cross join lateral (values ('global'), (e.project_id::text)) t (scope) group by 1, 2
        ) m on (m.person_id, m.scope) = (s.person_id, s.scope)
        where (s.points_micro, s.event_count) is distinct from (m.points, m.n)
      union all select 'bounty ' || b.id || ' is ' || b.state || ', its events make ' || coalesce(e.to_state, 'draft') from core.bounty b
        left join lateral (select to_state from core.bounty_event where bounty_id = b.id order by seq desc limit 1) e on true
        where b.state <> coalesce(e.to_state, 'draft')
      union all select 'bounty ' || e.bounty_id || ': event ' || e.seq || ' begins in ' || e.from_state || ', not ' || coalesce(p.to_state, 'draft')
        from core.bounty_event e left join core.bounty_event p on p.bounty_id = e.bounty_id and p.seq = e.seq - 1
        where e.from_state <> coalesce(p.to_state, 'draft') or (e.seq > 1 and p.seq is null)`),
  },
  {
    id: 'I8', what: 'the chain of the audit log holds all its rows, unchanged, and reaches its checkpoints, which its key has signed',
    find: async w => {
      const chain = await recompute(w.sql)
      const bad = chain.find((l, i) => l.seq !== i + 1 || l.hash !== l.stored)
      const odd = bad ? [`place ${bad.seq} (row ${bad.id}) is not what was sealed`] : []
      const hashes = new Map(chain.map(l => [l.seq, l.hash]))
      for (const c of await json(w, `select size, encode(hash, 'hex') as hash, note from audit.checkpoint`)) {
        if (c.size > 0 && hashes.get(c.size) !== c.hash) odd.push(`the checkpoint at ${c.size} names another chain`)
        odd.push(...saidBy(c, w.auditKey))
      }
      const stray = await w.sql(`select (select count(*) from audit.log l where not exists (select from audit.link k where k.log_id = l.id))
        + (select count(*) from audit.link k where not exists (select from audit.log l where l.id = k.log_id))`)
      return stray === '0' ? odd : [...odd, `${stray} rows without a place, or places without a row`]
    },
  },
  {
    id: 'I10', what: 'what was put into a bounty is what was paid, what went back and what is left of it',
    find: w => lines(w, `
      select 'bounty ' || b.id || ': ' || f.n || ' in, ' || p.n || ' paid, ' || r.n || ' back, ' || l.n || ' left' from core.bounty b
      cross join lateral (select coalesce(sum(amount), 0) n from core.contribution where bounty_id = b.id and state in ('confirmed', 'refunded')) f
      cross join lateral (select coalesce(sum(amount), 0) n from ledger.payout where bounty_id = b.id and state = 'paid') p
      cross join lateral (select coalesce(sum(amount), 0) n from ledger.refund where bounty_id = b.id and state = 'refunded') r
      cross join lateral (select coalesce(sum(e.amount), 0) n from ledger.entry e join ledger.account a on a.id = e.account_id
        where a.owner_id = b.id and a.kind in ('escrow', 'payable', 'in_transit')) l
      where f.n <> p.n + r.n + l.n
      union all select 'bounty ' || b.id || ' is refunded, and ' || sum(e.amount) || ' of it is left' from core.bounty b
        join ledger.account a on a.owner_id = b.id join ledger.entry e on e.account_id = a.id where b.state = 'refunded'
        group by b.id having sum(e.amount) <> 0`),
  },
]

// What is wrong with the note of a checkpoint.
function saidBy({ size, hash, note }, key) {
  if (!key) return [`the checkpoint at ${size}: it is not known who signs`]
  try {
    const said = openNote(note, key)
    return said.size === size && said.hash === hash ? [] : [`the checkpoint at ${size}: its note says ${said.size} ${said.hash}`]
  } catch (e) {
    return [`the checkpoint at ${size} is not signed: ${e.message}`]
  }
}

const lines = async (w, text) => (await w.sql(text)).split('\n').filter(Boolean)
const json = async (w, text) => (await lines(w, `select to_jsonb(x) from (${text}) x`)).map(l => JSON.parse(l))

// The same text for the same value, whatever the order of its names.
const canonical = v => Array.isArray(v) ? `[${v.map(canonical)}]`
  : v && typeof v === 'object' ? `{${Object.keys(v).sort().map(k => `${JSON.stringify(k)}:${canonical(v[k])}`)}}` : JSON.stringify(v)

// -> [{ id, what, breaches: [lines], unasked: the sources that were missing }]
export async function referee(world, ids = CHECKS.map(c => c.id)) {
  const seen = []
  for (const { id, what, needs = [], find } of CHECKS.filter(c => ids.includes(c.id))) {
    const unasked = needs.filter(n => world[n] === undefined || world[n] === null)
    seen.push({ id, what, unasked, breaches: unasked.length ? [] : await find(world) })
  }
  return seen
}

// --- where it looks ---

// Every release and refund of the escrow, by the node's own log; what was reverted has none.
async function releasedOn(url, escrow) {
  const rpc = async (method, params) => {
    const resp = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) })
    const { result, error } = await resp.json()
    if (error) throw new Error(`${method}: ${error.message}`)
    return result
  }
  const logs = async (event, key) => {
    const topic = await rpc('web3_sha3', [`0x${Buffer.from(event).toString('hex')}`])
    const found = await rpc('eth_getLogs', [{ address: escrow, fromBlock: '0x0', toBlock: 'latest', topics: [topic] }])
    return found.map(l => ({ key: l.topics[key], tx: l.transactionHash, to: `0x${l.topics[key + 1].slice(26)}`, amount: BigInt(l.data), block: Number(l.blockNumber) }))
  }
  return {
    head: Number(await rpc('eth_blockNumber', [])),
    released: await logs('Released(bytes32,bytes32,address,uint256)', 2),
    refunded: await logs('Refunded(bytes32,address,uint256)', 1),
  }
}

// The whole stream as it is at the moment.
async function publishedOn(url, stream) {
  const reader = await NatsReader.open(url)
  const published = []
  try {
    const { state } = await reader.request(`$JS.API.STREAM.INFO.${stream}`, {}, Date.now() + 60_000)
    if (state.messages > 0)
      for await (const m of reader.stream(stream, undefined, Date.now() + 60_000)) {
        published.push({ id: m.headers['Nats-Msg-Id'], subject: m.subject, event: JSON.parse(m.data) })
        if (published.length === state.messages) break
      }
    if (published.length !== state.messages) throw new Error(`${published.length} of ${state.messages} messages were read`)
  } finally {
    reader.close()
  }
  return published
}

// How often each kind may fail, as the stages say.
export function attemptsOf(sources) {
  const kinds = {}
  for (const text of sources)
    for (const [, body] of text.matchAll(/^const struct stage \w+ = \{([^}]*)\}/gm))
      kinds[body.match(/\.kind = "([^"]+)"/)[1]] = Number(body.match(/\.attempts = (\d+)/)[1])
  return kinds
}

// at: what stack.json says; sql: text -> what psql prints
export async function look(at, sql, { acked = null, attempts = null, auditKey = null, grace = 30, stream = 'PW_EVENTS' } = {}) {
  const chain = at.evm && at.contracts ? await releasedOn(at.evm, at.contracts.escrow) : { released: null, refunded: null }
  return { sql, acked, attempts, auditKey, grace, ...chain, published: at.nats ? await publishedOn(at.nats, stream) : null }
}

export const report = seen => seen.map(({ id, what, breaches, unasked }) => breaches.length ? `${id.padEnd(3)} BROKEN ${what}:\n${breaches.map(b => `      ${b}`).join('\n')}`
  : `${id.padEnd(3)} ${unasked.length ? `not asked (no ${unasked.join(', ')})` : 'holds '} ${what}`).join('\n')

async function main([file, acked, auditKey]) {
  const { stageSources } = await import('./points.mjs')
  const at = JSON.parse(readFileSync(resolve(file), 'utf8'))
  const port = new URL(at.database).port
  const seen = await referee(await look(at, text => psql(at.socket, port, DATABASE, text), {
    acked: acked ? readFileSync(acked, 'utf8').split('\n').filter(Boolean) : null, attempts: attemptsOf(stageSources()), auditKey,
  }))
  console.log(report(seen))
  return seen.some(s => s.breaches.length) ? 1 : 0
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.length < 3) {
    console.error('referee.mjs STACK.json [ACKED [KEY]]')
    process.exitCode = 2
  } else process.exitCode = await main(process.argv.slice(2))
}
