// What the referee must find: for each check, ways to break what it checks. Each is done in a transaction that is rolled back, with
// triggers and foreign keys off, or to what the chain or the stream says.
//   [check, what it must say, sql]  or  [check, what it must say, (w) => another w]
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'

const lastRun = `(select r.job_id, max(r.attempt) as attempt from q.run r join q.job j on j.id = r.job_id where r.state = 'done' group by 1 order by 1 limit 1)`
const run = (state, ahead) => `insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at)
  select job_id, attempt + ${ahead}, '${state}', 1, 1, now(), now() from ${lastRun} x`
const ready = 'insert into q.ready (queue, prio, job_id)'
const parked = 'insert into q.parked (job_id, queue, kind, attempt)'
const newJob = (at = 'now()') => `insert into q.job (id, queue, kind, args, root_id, created_by, created_at) values (-1, 'sync', 'sync.delivery', '{}', -1, 'x', ${at})`
const partition = 'create table q.job_below partition of q.job for values from (-10) to (0)'
const rejoin = messages => w => ({ ...w, published: messages(w.published.map(m => structuredClone(m))) })
const release = change => w => ({ ...w, released: change(w.released.map(l => ({ ...l }))), head: w.head })
const sameSubject = list => { // two different events of one aggregate
  const i = list.findIndex((m, n) => list.some((o, k) => k > n && o.event.subject === m.event.subject && o.id !== m.id))
  return [i, list.findIndex((o, k) => k > i && o.event.subject === list[i].event.subject && o.id !== list[i].id)]
}

const refund = key => `insert into ledger.refund (key, bounty_id, asset_id, amount, state, due_at, funder, tx_hash, refunded_at)
  (select '${key}', id, asset_id, 1, 'refunded', now(), decode(repeat('aa', 20), 'hex'), sha256('x'), now() from core.bounty order by id limit 1)`

const [signer, another] = [1, 2].map(() => generateKeyPairSync('ed25519'))
const raw = key => key.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
// A signed note, as docs/security.md has it.
function note(key, size, hash) {
  const name = 'patchwork/test/audit', text = `${name}\n${size}\n${hash.toString('base64')}\n2026-01-01T00:00:00Z\n`
  const id = createHash('sha256').update(Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([1]), raw(key)])).digest().subarray(0, 4)
  return `${text}\n\u2014 ${name} ${Buffer.concat([id, sign(null, Buffer.from(text), key.privateKey)]).toString('base64')}\n`
}
// A checkpoint of the chain's third place with a note that is made by its key and says its hash, or others.
const checkpoint = (by, says) => w => ({
  ...w, auditKey: raw(signer).toString('hex'),
  sql: async text => {
    const hash = says ?? Buffer.from(await w.sql(`select encode(hash, 'hex') from audit.link where seq = 3`), 'hex')
    return broken(w, `alter table audit.checkpoint disable trigger all; delete from audit.checkpoint; insert into audit.checkpoint (size, hash, note) select seq, hash, '${note(by, 3, hash)}' from audit.link where seq = 3`).sql(text)
  },
})

export const BREACHES = [
  ['I1', /0 keys, 0 rows, 0 jobs/, w => ({ ...w, acked: [...w.acked, randomUUID()] })],
  ['I1', /0 keys/, 'delete from ingest.delivery_key'],
  ['I1', /2 rows/, `insert into ingest.delivery overriding system value select (jsonb_populate_record(d, jsonb_build_object('id', d.id + 1000000))).* from ingest.delivery d`],
  ['I1', /0 jobs/, `delete from q.job where kind = 'sync.delivery'`],
  ['I2', /released 2 times/, release(l => [...l, { ...l[0], tx: `0x${'11'.repeat(32)}` }])],
  ['I2', /booked as 2 refunds/, `${refund('one')}; ${refund('two')}`],
  ['I3', /^transfer .*: 1$/m, 'update ledger.entry set amount = amount + 1 where line = 1'],
  ['I3', /no entries/, `insert into ledger.transfer (key, kind) values ('x', 'x')`],
  ['I3', /^account .* of escrow: -/m, `insert into ledger.transfer (key, kind) values ('x', 'x'); insert into ledger.entry
    select t.id, row_number() over (), a.id, a.asset_id, case a.kind when 'escrow' then -1e9 else 1e9 end from ledger.transfer t,
      (select distinct on (kind) * from ledger.account where kind in ('escrow', 'funder')) a where t.key = 'x'`],
  ['I3', /another asset/, 'update ledger.entry set asset_id = gen_random_uuid() where line = 1'],
  ['I4', /paid, and not on chain/, release(l => l.slice(1))],
  ['I4', /on chain, and sent/, `update ledger.payout set state = 'sent'`],
  ['I4', /no payout of ours/, release(l => [...l, { ...l[0], key: `0x${'22'.repeat(32)}` }])],
  ['I4', /says otherwise/, release(l => [{ ...l[0], amount: l[0].amount - 1n }, ...l.slice(1)])],
  ['I4', /says otherwise/, 'update ledger.payout set tx_hash = sha256(tx_hash)'],
  ['I4', /before it is final/, w => ({ ...w, head: 0 })],
  ['I4', /refunded, and not on chain/, refund('one')],
  ['I5', /is out, and its worker was last seen/, `insert into q.worker (name, queues, seen_at) values ('gone', '{}', now() - interval '1 h');
    insert into q.claim (worker, queue, lease, job_ids, attempts, burned, suspects) select max(id), 'sync', '1 s', '{}', '{}', '{}', '{}' from q.worker`],
  ['I5', /has been ready since/, `${partition}; ${newJob(`now() - interval '1 h'`)}; ${ready} values ('sync', 0, -1)`],
  ['I5', /has been held since/, `${partition}; ${newJob(`now() - interval '1 h'`)}; insert into q.held (queue, lane, prio, seq, job_id) values ('sync', 'x', 0, 1, -1)`],
  ['I5', /was due at/, `${partition}; ${newJob()}; insert into q.scheduled (run_at, job_id, queue, prio) values (now() - interval '1 h', -1, 'sync', 0)`],
  ['I5', /is nowhere/, `${partition}; ${newJob()}`],
  ['I5', /is nowhere/, `delete from q.run where (job_id, attempt) = (select job_id, attempt from ${lastRun} x)`],
  ['I5', /is nowhere/, run('parked', 1)],
  ['I5', /is parked and ready|is ready and parked/, `${partition}; ${newJob()}; ${ready} values ('sync', 0, -1); ${parked} values (-1, 'sync', 'sync.delivery', 1)`],
  ['I5', /is parked, and its last run is done/, `${parked} select job_id, 'sync', 'sync.delivery', attempt from ${lastRun} x`],
  ['I5', /is ready and scheduled|is scheduled and ready/, `${partition}; ${newJob()}; ${ready} values ('sync', 0, -1);
    insert into q.scheduled (run_at, job_id, queue, prio) values (now(), -1, 'sync', 0)`],
  ['I5', /is ready, and has ended/, `${ready} select 'sync', 0, job_id from ${lastRun} x`],
  ['I5', /was done 2 times/, run('done', 1)],
  ['I5', /ran again after it was done/, run('failed', 1)],
  ['I5', /runs, numbered to/, run('done', 5)],
  ['I5', /failed 500 times/, `insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at)
    select job_id, n, 'failed', 1, 1, now(), now() from ${lastRun} x, generate_series(1001, 1500) n`],
  ['I6', /never published/, rejoin(l => l.slice(1))],
  ['I6', /published otherwise/, rejoin(l => { l[0].event.data = { other: 1 }; return l })],
  ['I6', /published before/, rejoin(l => { const [i, k] = sameSubject(l); [l[i], l[k]] = [l[k], l[i]]; return l })],
  ['I6', /two events of one id/, rejoin(l => [...l, { ...l[1], id: l[0].id, event: { ...l[1].event, id: l[0].id } }])],
  ['I6', /no row of ours/, rejoin(l => [...l, { ...l[0], id: 'another', event: { ...l[0].event, id: 'another' } }])],
  ['I6', /the event in it says/, rejoin(l => { l[0].event.id = 'another'; return l })],
  ['I7', /^balance of/m, 'update ledger.balance set posted = posted + 1'],
  ['I7', /is not there, its entries make/, 'delete from ledger.balance'],
  ['I7', /^score of/m, 'update rep.score set points_micro = points_micro + 1'],
  ['I7', /is not there, its events make/, `delete from rep.score where scope = 'global'`],
  ['I7', /^bounty .* is frozen/m, `update core.bounty set state = 'frozen'`],
  ['I7', /begins in frozen/, `update core.bounty_event set from_state = 'frozen' where seq = 2`],
  ['I7', /event 3 begins/, 'delete from core.bounty_event where seq = 2'],
  ['I8', /is not what was sealed/, `alter table audit.log disable trigger all; update audit.log set reason = 'another' where id = (select min(id) from audit.log)`],
  ['I8', /is not what was sealed/, 'alter table audit.link disable trigger all; delete from audit.link where seq = 2'],
  ['I8', /places without a row/, 'alter table audit.log disable trigger all; delete from audit.log where id = (select max(id) from audit.log)'],
  ['I8', /rows without a place/, `select from audit.append('a.b', 'x', 'y')`],
  ['I8', /names another chain/, `insert into audit.checkpoint (size, hash, note) select 3, sha256('x'), 'x' on conflict (size) do nothing;
    alter table audit.checkpoint disable trigger all; update audit.checkpoint set hash = sha256('x')`],
  ['I8', /^$/, checkpoint(signer)], // this one is right
  ['I8', /it is not known who signs/, w => ({ ...checkpoint(signer)(w), auditKey: null })],
  ['I8', /is not signed: another key/, checkpoint(another)],
  ['I8', /its note says 3 /, checkpoint(signer, Buffer.alloc(32))],
  ['I8', /is not signed: bad signature/, w => {
    const { sql, ...rest } = checkpoint(signer)(w)
    return { ...rest, sql: text => sql(`alter table audit.checkpoint disable trigger all; update audit.checkpoint set note = replace(note, '2026', '2027'); ${text}`) }
  }],
  ['I10', / in, .* paid, .* left/, 'update core.contribution set amount = amount + 1'],
  ['I10', / 1 back, /, refund('one')],
  ['I10', /is refunded, and .* is left/, `update core.bounty set state = 'refunded'; insert into ledger.entry
    select t.id, 9, a.id, a.asset_id, 1 from (select id from ledger.transfer limit 1) t, (select * from ledger.account where kind = 'escrow' limit 1) a`],
]

// The world as it is after the breach, as long as one asks.
export function broken(w, breach) {
  if (typeof breach === 'function') return breach(w)
  return { ...w, sql: text => w.sql(`begin; set local session_replication_role = replica; ${breach}; ${text}; rollback`) }
}
