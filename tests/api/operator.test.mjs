// What operators and auditors run: explain, lineage, doctor. Rows are made as the stages leave them; a situation is one row here.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { command } from '../stack/parts.mjs'
import { startStack } from '../stack/stack.mjs'
import { until } from '../stack/proc.mjs'

let stack
const dir = mkdtempSync('/var/tmp/patchwork-operator-test.')
before(async () => {
  stack = await startStack({ dir, parts: ['postgres'], programs: 'san', fsync: false, migrate: true })
})
after(async () => {
  await stack?.stop({ remove: true })
  rmSync(dir, { recursive: true, force: true })
})

// -> { code, out, err }; some answers end with 1
const run = async (words, env = {}, role = 'patchwork_operator') => {
  const [file, ...args] = command(stack, ...words)
  const p = spawn(file, args, { env: { ...process.env, ...stack.as(role), ...env } })
  const said = { out: '', err: '' }
  p.stdout.on('data', d => { said.out += d })
  p.stderr.on('data', d => { said.err += d })
  const [code] = await once(p, 'close')
  return { code, ...said }
}
const rows = said => said.out.split('\n').filter(Boolean).map(l => JSON.parse(l))

// --- explain ---

const world = id => `insert into core.chain (id, caip2, confirmations, escrow) values (338, 'eip155:338', 1, '\\x${'11'.repeat(20)}') on conflict do nothing;
  insert into core.asset (id, caip19, chain_id, token, symbol, decimals)
    values ('${id(1)}', 'eip155:338/erc20:x', 338, '\\x${'22'.repeat(20)}', 'T', 6) on conflict do nothing;
  insert into core.person (id) values ('${id(2)}') on conflict do nothing;
  insert into core.project (id, full_name, repo_id, created_by) values ('${id(3)}', 'northwind/forecast', 7, '${id(2)}') on conflict do nothing;
  insert into core.issue (id, project_id, number) values ('${id(4)}', '${id(3)}', 1) on conflict do nothing;`
const uuid = (kind, n) => `0190163d-8694-739b-${String(kind).padStart(4, 'a')}-${String(n).padStart(12, '0')}`
const shared = n => uuid('b', n)
let serial = 100

const newJob = (queue, kind, args = '{}') => stack.sql(`select q.enqueue('${queue}', '${kind}', null, '${args}')`)
const ended = (id, state, code, text = 'the text') => stack.sql(`delete from q.ready where job_id = ${id};
  insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code, error)
    values (${id}, 1, '${state}', 1, 1, now(), now(), ${code ? "'retry'" : 'null'}, ${code ? `'${code}'` : 'null'}, ${code ? `'${text}'` : 'null'})`)
const job = {
  ready: async () => newJob('score', 'score.payout'),
  done: async () => { const id = await newJob('pay', 'pay.send'); await ended(id, 'done'); return id },
  cancelled: async () => { const id = await newJob('pay', 'pay.send'); await stack.sql(`select q.cancel(${id}, 'cli:ada', 'not wanted')`); return id },
  parked: async (code, text) => {
    const id = await newJob('pay', 'pay.confirm')
    await ended(id, 'parked', code, text)
    await stack.sql(`insert into q.parked (job_id, queue, kind, attempt, error_code) values (${id}, 'pay', 'pay.confirm', 1, '${code}')`)
    return id
  },
  running: async () => {
    const id = await newJob('pay', 'pay.send')
    await stack.sql(`delete from q.ready where job_id = ${id};
      with w as (insert into q.worker (name, queues) values ('w-explain', '{none}') returning id)
      insert into q.claim (worker, queue, lease, job_ids, attempts, burned, suspects) select id, 'pay', '1 min', '{${id}}', '{1}', '{0}', '{f}' from w`)
    return id
  },
  replayed: async () => {
    const id = await job.parked('pay.refused', 'no')
    const again = await newJob('pay', 'pay.confirm')
    await stack.sql(`delete from q.parked where job_id = ${id}; update q.job set replay_of = ${id} where id = ${again}`)
    return id
  },
  scheduled: async (code, text) => {
    const id = await newJob('verify', 'verify.merge')
    await ended(id, 'snoozed', code, text)
    await stack.sql(`insert into q.scheduled (run_at, job_id, queue, prio, attempt) values ('2031-05-06T07:08:09Z', ${id}, 'verify', 0, 2)`)
    return id
  },
}
const bounty = async (state, blocker = null) => {
  const id = uuid('c', ++serial)
  await stack.sql(`${world(shared)} insert into core.bounty (id, project_id, issue_id, asset_id, amount, state, blocker, hold, deadline_at, created_by)
    values ('${id}', '${shared(3)}', '${shared(4)}', '${shared(1)}', 5, '${state}', ${blocker ? `'${blocker}'` : 'null'}, '1 day', '2031-01-02T03:04:05Z', '${shared(2)}')`)
  return id
}
const submission = async (state, { reason = null, pull = 'open', of } = {}) => {
  const b = of ?? await bounty('open'), id = uuid('d', ++serial), n = serial
  const merged = pull === 'merged'
  await stack.sql(`insert into core.pull (id, project_id, provider_pull_id, number, author_uid, author_login, author_type, state, base_ref, head_sha,
      merge_sha, merged_at, source_updated_at) values ('${uuid('e', n)}', '${shared(3)}', ${n}, ${n}, 5, 'ada', 'User', '${pull}', 'main', 'aa',
      ${merged ? "'bb', now()" : 'null, null'}, now());
    insert into core.submission (id, bounty_id, pull_id, claimant_id, state, reason) values ('${id}', '${b}', '${uuid('e', n)}', '${shared(2)}', '${state}',
      ${reason ? `'${reason}'` : 'null'})`)
  return id
}
const payout = async (state, blocker = null) => {
  const b = await bounty('hold'), s = await submission('verified', { of: b, pull: 'merged' }), id = uuid('f', ++serial)
  await stack.sql(`insert into ledger.payout (id, key, chain_key, submission_id, person_id, bounty_id, asset_id, amount, payee, state, blocker, due_at, tx_hash, paid_at)
    values ('${id}', 'payout:${s}:0', sha256('${id}'), '${s}', '${shared(2)}', '${b}', '${shared(1)}', 5, '\\x${'33'.repeat(20)}', '${state}',
      ${blocker ? `'${blocker}'` : 'null'}, '2031-02-03T04:05:06Z', ${state === 'paid' ? "sha256('tx'), now()" : 'null, null'})`)
  return { id, submission: s, bounty: b }
}

const refund = async (state, blocker = null) => {
  const id = await bounty('refunding', blocker)
  await stack.sql(`insert into ledger.refund (key, bounty_id, asset_id, amount, state, blocker, due_at)
    values ('refund:${id}', '${id}', '${shared(1)}', 5, '${state}', ${blocker ? `'${blocker}'` : 'null'}, '2031-03-04T05:06:07Z')`)
  return id
}

const SITUATIONS = [
  ['a job that is ready, without a worker of its stage', () => job.ready(), 'operator', /no worker that lives has stage score.*patchwork work score/],
  ['a job that is done', () => job.done(), 'nobody', /The job is done/],
  ['a job that was cancelled', () => job.cancelled(), 'nobody', /was cancelled: not wanted/],
  ['a job parked by a code', () => job.parked('pay.refused', 'the node refuses'), 'operator', /pay\.refused: the node refuses.*patchwork jobs retry/],
  ['a job that killed its workers', () => job.parked('queue.attempts_spent'), 'operator', /workers died.*crash in the log/],
  ['a release that failed on chain', () => job.parked('pay.reverted', 'reverted'), 'operator', /failed on chain: reverted/],
  ['a job that waits for an account to be linked', () => job.scheduled('verify.author_unlinked'), 'contributor', /must link it.*2031-05-06T07:08:09Z/],
  ['a job that waits for a wallet', () => job.scheduled('prove.no_wallet'), 'contributor', /no wallet/],
  ['a job that waits for money', () => job.scheduled('verify.bounty_unfunded'), 'funder', /The funder must lock it/],
  ['a job of a frozen bounty', () => job.scheduled('verify.bounty_frozen'), 'project', /A maintainer must look/],
  ['a job whose signer is stopped', () => job.scheduled('pay.signer_stopped', 'foreign use'), 'operator', /foreign use/],
  ['a job that waits for gas', () => job.scheduled('pay.no_gas'), 'operator', /fund its account/],
  ['a job that the outside lets wait', () => job.scheduled('github.rate_limited', 'resets in 9s'), 'time', /github\.rate_limited: resets in 9s.*tried again at/],
  ['a payment that is not deep enough', () => job.scheduled('pay.shallow', 'not deep'), 'time', /under way/],
  ['a bounty without money', () => bounty('draft'), 'funder', /no money/],
  ['a bounty that is open', () => bounty('open'), 'contributor', /open a pull request.*2031-01-02T03:04:05Z/],
  ['a bounty that is frozen', () => bounty('frozen', 'a maintainer: the issue is open'), 'project', /the issue is open/],
  ['a bounty that is paid', () => bounty('paid'), 'nobody', /is paid/],
  ['B13: a bounty whose money goes back', () => refund('waiting'), 'time', /lock has ended, at 2031-03-04T05:06:07Z/],
  ['B13: a bounty whose money is on its way back', () => refund('sent'), 'time', /waits for its confirmation/],
  ['B13: a bounty whose refund is held', () => refund('held', 'an operator: the escrow would refuse'), 'operator', /would refuse.*pay\.refund/],
  ['B13: a job that waits for the escrow\'s lock to end', () => job.scheduled('pay.refund_early'), 'time', /goes back to the funder after 2031-05-06/],
  ['B13: a bounty whose refund is parked', async () => {
    const b = await refund('waiting'), id = await job.parked('pay.refund_short')
    await stack.sql(`update q.job set args = jsonb_build_object('refund_id', (select id from ledger.refund where bounty_id = '${b}')) where id = ${id}`)
    return b
  }, 'operator', /parked with pay\.refund_short.*patchwork jobs retry \d+/],
  ['a submission that is open', () => submission('seen'), 'project', /A maintainer must merge it/],
  ['a submission that was merged', () => submission('seen', { pull: 'merged' }), 'time', /waits to be verified/],
  ['a submission of an unlinked author', () => submission('verifying', { reason: 'verify.author_unlinked', pull: 'merged' }), 'contributor', /must link it/],
  ['a submission that was rejected', () => submission('rejected', { reason: 'verify.base_branch', pull: 'merged' }), 'nobody', /verify\.base_branch/],
  ['a submission in review', () => submission('review', { reason: 'verify.issue_open', pull: 'merged' }), 'project', /verify\.issue_open/],
  ['a payout on hold', async () => (await payout('hold')).id, 'time', /until 2031-02-03T04:05:06Z/],
  ['a payout that is held', async () => (await payout('held', 'pay.reverted: no')).id, 'operator', /pay\.reverted: no.*pay\.quote/],
  ['a payout that is paid', async () => (await payout('paid')).id, 'nobody', /is paid/],
  ['an account that is linked', () => account(), 'nobody', /is linked/],
  ['an account whose renewal was lost', () => account({ relink: 'link.renewal_lost' }), 'contributor', /nobody has the new one.*must link it again/],
  ['an account that was not renewed in time', () => account({ relink: 'link.renewal_expired' }), 'contributor', /in time.*must link it again/],
  ['an account that was unlinked', () => account({ revoked: 'unlinked' }), 'nobody', /unlinked the account/],
  ['an account whose token was taken back', () => account({ revoked: 'link.token_revoked' }), 'contributor', /link\.token_revoked.*link it again/],
  ['an account whose renewal is parked', async () => {
    const token = uuid('c', ++serial)
    const person = await account({ token })
    const id = await job.parked('link.renewal_client')
    await stack.sql(`update q.job set args = '{"token_id": "${token}"}' where id = ${id}`)
    return person
  }, 'operator', /parked with link\.renewal_client.*patchwork jobs retry \d+/],
  ['a bounty one of whose jobs is parked', async () => {
    const p = await payout('sent')
    const id = await job.parked('pay.no_release')
    await stack.sql(`update q.job set args = '{"payout_id": "${p.id}"}' where id = ${id}`)
    return p.bounty
  }, 'operator', /parked with pay\.no_release.*patchwork jobs retry \d+/],
]

// Every state that the tables know and no situation above is in.
const STATES = [
  ['job running', () => job.running(), 'time', /in the hands of w-explain/],
  ['job replayed', () => job.replayed(), 'nobody', /was parked with pay\.refused and has been replayed since, as job \d+/],
  ['bounty funding', () => bounty('funding'), 'time', /being checked on chain/],
  ['bounty in_progress', () => bounty('in_progress'), 'contributor', /merged before 2031-01-02/],
  ['bounty merged', () => bounty('merged'), 'time', /is being verified/],
  ['bounty verified', () => bounty('verified'), 'time', /proof is being written/],
  ['bounty hold', async () => (await payout('hold')).bounty, 'time', /the hold runs until 2031-02-03T04:05:06Z/],
  ['bounty payable', () => bounty('payable'), 'time', /payment is being prepared/],
  ['bounty paying', () => bounty('paying'), 'time', /waits for its confirmation/],
  ['bounty expired', () => bounty('expired'), 'funder', /deadline passed/],
  ['bounty refunded', () => bounty('refunded'), 'nobody', /went back to the funder/],
  ['bounty cancelled', () => bounty('cancelled'), 'nobody', /was cancelled/],
  ['bounty disputed', () => bounty('disputed'), 'project', /disputes the payout/],
  ['payout payable', async () => (await payout('payable')).id, 'time', /hold is over/],
  ['payout sending', async () => (await payout('sending')).id, 'time', /signed and on its way/],
  ['payout sent', async () => (await payout('sent')).id, 'time', /waits for its confirmation/],
  ['payout cancelled', async () => (await payout('cancelled')).id, 'nobody', /its money is the bounty's again/],
  ['submission verifying', () => submission('verifying', { pull: 'merged' }), 'time', /verified against GitHub/],
  ['submission verified', () => submission('verified', { pull: 'merged' }), 'time', /proof and the payment follow/],
  ['submission paying', () => submission('paying', { pull: 'merged' }), 'time', /waits for its confirmation/],
  ['submission paid', () => submission('paid', { pull: 'merged' }), 'nobody', /work is paid/],
  ['submission lost', () => submission('lost', { reason: 'verify.rival', pull: 'merged' }), 'nobody', /was first \(verify\.rival\)/],
]

// -> the person's id
async function account({ relink, revoked, token } = {}) {
  const text = v => v ? `'${v}'` : 'null'
  const person = await stack.sql(`with p as (insert into core.person default values returning id)
    insert into core.external_account (person_id, provider, provider_uid, login_display, method, revoked_at, revoked_reason, relink_reason)
    select id, 'github', ${++serial}, 'ada', 'oauth', ${revoked ? 'now()' : 'null'}, ${text(revoked)}, ${text(relink)} from p returning person_id`)
  if (token) await stack.sql(`insert into core.account_token (id, account_id, person_id, sealed, scopes)
    select '${token}', id, person_id, '\\x01', '' from core.external_account where person_id = '${person}'`)
  return person
}

describe('explain', () => {
  for (const [what, make, who, says] of SITUATIONS)
    test(what, async () => {
      const id = String(await make())
      const [said] = rows(await run(['explain', id, '--json']))
      assert.equal(said.who, who, said.explain)
      assert.match(said.explain, says)
      assert.doesNotMatch(said.explain, /[{}]|no word of why/)
    })

  test('every other state of a job, bounty, submission and payout has a sentence and somebody, or nobody', async () => {
    const asked = []
    for (const [what, make, who, says] of STATES) asked.push([what, String(await make()), who, says])
    while (asked.length)
      await Promise.all(asked.splice(0, 4).map(async ([what, id, who, says]) => {
        const [said] = rows(await run(['explain', id, '--json']))
        assert.deepEqual([`${said.object} ${said.state}`, said.who], [what, who], said.explain)
        assert.match(said.explain, says, what)
        assert.doesNotMatch(said.explain, /[{}]|no word of why|cannot explain/, what)
      }))
  })

  test('a job that is held, by whom and why; and as a member of jobs show', async () => {
    await stack.sql(`select q.pause('kind', 'sync.issue', 'cli:ada', 'GitHub is being moved')`)
    const id = await newJob('sync', 'sync.issue')
    const said = rows(await run(['jobs', 'show', id, '--json']))[0]
    await stack.sql(`select q.resume('kind', 'sync.issue', 'cli:ada', 'moved')`)
    assert.equal(said.who, 'operator')
    assert.match(said.explain, /paused by cli:ada: GitHub is being moved/)
  })

  test('what is not there is refused with its code', async () => {
    const no = await run(['explain', uuid('0', 1)])
    assert.equal(no.code, 1)
    assert.match(no.err, /explain\.not_found/)
    assert.equal((await run(['explain', 'x'])).code, 2)
  })
})

// --- doctor ---

const doctor = async (...words) => {
  const said = await run(['doctor', '--json', ...words.filter(w => typeof w === 'string')], words.find(w => typeof w === 'object'))
  const found = rows(said)
  return { code: said.code, found, of: check => found.filter(f => f.check === check), ...said }
}
const level = (seen, check) => seen.of(check).map(f => f.level).sort()[0]
const owner = text => stack.sql(`set role patchwork_owner; ${text}`)

describe('doctor', () => {
  before(() => stack.sql(`delete from q.parked; delete from q.ready; delete from q.scheduled; delete from q.held`))

  test('a database that is well: every check says ok, exit 0', async () => {
    const seen = await doctor()
    assert.deepEqual(seen.found.filter(f => f.level !== 'ok'), [], JSON.stringify(seen.found))
    assert.equal(seen.code, 0)
    assert.equal(seen.found.length, 16)
    assert.match((await run(['doctor'])).out, /^check +level +found\n/)
  })

  const HELD = {
    xmin: { session: 'begin; select pg_current_xact_id(); select pg_sleep(60)', words: ['--patience', '0'] },
  }
  test('xmin: a session that holds it back is named', async () => {
    const holding = stack.sql(HELD.xmin.session)
    holding.catch(() => {})
    const pid = () => stack.sql(`select pid from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()`)
    await until('it holds', async () => await pid() !== '')
    const n = await pid(), seen = await doctor(...HELD.xmin.words)
    await stack.sql(`select pg_terminate_backend(${n})`)
    await holding.catch(() => {})
    assert.match(seen.of('xmin').map(f => f.found).join(), new RegExp(`pid ${n} `))
  })

  // A standby, as far as the primary sees one: it says which rows it still needs.
  async function standby(name, slot) {
    const socket = connect(`${stack.socket}/.s.PGSQL.${stack.port('postgres')}`)
    let told = ''
    socket.on('data', d => { told += d.toString('latin1') })
    const message = (type, body) => { const b = Buffer.alloc(5); b.write(type); b.writeInt32BE(body.length + 4, 1); socket.write(Buffer.concat([b, body])) }
    const hello = Buffer.from(`\0\x03\0\0user\0postgres\0replication\0true\0application_name\0${name}\0\0`)
    const size = Buffer.alloc(4)
    size.writeInt32BE(hello.length + 4)
    socket.write(Buffer.concat([size, hello]))
    await until('it may ask', () => told.includes('Z\0\0\0\x05I'))
    message('Q', Buffer.from(`START_REPLICATION ${slot ? `SLOT ${slot} ` : ''}PHYSICAL ${await stack.sql('select pg_current_wal_flush_lsn()')}\0`))
    await until('it is sent what is written', () => /W\0\0\0/.test(told))
    const needs = Buffer.alloc(25)
    needs.write('h')
    needs.writeUInt32BE(Number(await stack.sql('select pg_current_xact_id()')), 9)
    message('d', needs)
    return socket
  }
  test('xmin: a standby that holds it back is named, with a slot of its own and without', async () => {
    appendFileSync(join(dir, 'postgres/data/pg_hba.conf'), 'local replication all trust\n')
    await stack.sql(`select pg_reload_conf(); select pg_create_physical_replication_slot('theirs', true)`)
    const both = [await standby('far-away'), await standby('near-by', 'theirs')]
    await until('both are heard', async () => await stack.sql(`select (select count(*) from pg_stat_activity where backend_type = 'walsender' and backend_xmin is not null)
      + (select count(*) from pg_replication_slots where active and xmin is not null)`) === '2')
    const found = async (...words) => (await doctor(...words)).of('xmin').map(f => f.found).join('\n')
    const seen = await found('--patience', '0'), calm = await found()
    for (const socket of both) socket.destroy()
    await until('they are gone', async () => await stack.sql(`select count(*) from pg_stat_activity where backend_type = 'walsender'`) === '0')
    await stack.sql(`select pg_drop_replication_slot('theirs')`)
    assert.match(seen, /^standby far-away \(pid \d+\) holds back xid \d+, \d+ transactions long/m)
    assert.match(seen, /^the reader of replication slot theirs \(pid \d+\) holds back xid \d+/m)
    assert.doesNotMatch(calm, /holds back/)
  })

  // what is provoked, how it is undone, the check that must say so, at which level
  const PROVOKED = [
    ['prepared', 'a prepared transaction', `begin; create table q.kept (); prepare transaction 'forgotten'`, `rollback prepared 'forgotten'`, 'fail', ['--patience', '0']],
    ['slots', 'a replication slot that nobody uses', `select pg_create_physical_replication_slot('lost')`, `select pg_drop_replication_slot('lost')`, 'warn'],
    ['autovacuum', 'a table without it', 'alter table q.ready set (autovacuum_enabled = false)', 'alter table q.ready reset (autovacuum_enabled)', 'fail'],
    ['relay', 'events that nobody reads', `select q.emit('bounty.created', 'd', 'bounty/1', '{}')`, 'delete from q.outbox', 'fail'],
    ['relay', 'events that wait for long', `select q.emit('bounty.created', 'e', 'bounty/1', '{}'); update q.outbox set created_at = now() - interval '10 minutes';
      insert into q.outbox_cursor (sink) values ('nats')`, 'delete from q.outbox; delete from q.outbox_cursor', 'warn'],
    ['grants', 'a grant that is missing', 'revoke select on q.outbox from patchwork_relay', 'grant select on q.outbox to patchwork_relay', 'fail'],
    ['grants', 'a grant that nobody should have', 'grant delete on audit.log to patchwork_worker', 'revoke delete on audit.log from patchwork_worker', 'fail'],
    ['workers', 'one that vanished', `insert into q.worker (name, queues, seen_at) values ('gone', '{pay}', now() - interval '2 minutes')`, 'delete from q.worker', 'warn'],
    ['workers', 'jobs that no worker takes', `select q.enqueue('score', 'score.payout', null, '{}')`, 'delete from q.ready', 'fail'],
    ['parked', 'a job that waits for a person', `insert into q.parked (job_id, queue, kind, attempt, error_code) values (1, 'pay', 'pay.send', 1, 'pay.refused')`, 'delete from q.parked', 'warn'],
    ['paused', 'a stage that is paused', `select q.pause('stage', 'pay', 'cli:ada', 'audit')`, `select q.resume('stage', 'pay', 'cli:ada', 'over')`, 'warn'],
    ['unsealed', 'audit rows without a place', `select audit.seal(); insert into audit.log (at, actor_kind, actor_id, action, object_type, object_id, detail)
      values (now() - interval '10 minutes', 'cli', 'ada', 'operator.pause', 'stage', 'pay', '{}')`, 'select audit.seal()', 'warn'],
    ['history', 'a detaching that was interrupted', `insert into q.detached (n, jobs, runs, sha256, actor, reason) values (0, 1, 1, '\\x00', 'cli:ada', 'old')`,
      'delete from q.detached', 'warn'],
    ['partitions', 'ids that come to the end of the last one', `select setval('q.job_id', (select max(substring(relname from 5)::bigint) from pg_class
      where relname ~ '^job_[0-9]+$') * q.partition_size() + 10)`, `select q.partitions_ahead()`, 'fail'],
    ['migrations', 'one that was changed', `update core.migration set sha256 = sha256('x') where number = 4`, null, 'fail'],
  ]
  for (const [check, what, make, undo, wanted, words = []] of PROVOKED)
    test(`${check}: ${what}`, async () => {
      const kept = check === 'migrations' ? await stack.sql(`select encode(sha256, 'hex') from core.migration where number = 4`) : null
      await stack.sql(make)
      const seen = await doctor(...words)
      await stack.sql(undo ?? `update core.migration set sha256 = '\\x${kept}' where number = 4`)
      assert.equal(level(seen, check), wanted, seen.out + seen.err)
      assert.equal(seen.code, wanted === 'fail' ? 1 : 0, seen.out)
      for (const f of seen.of(check)) assert.ok(f.found && f.means && f.next, JSON.stringify(f))
    })

  test('bloat: dead rows in a table of the queue', async () => {
    await stack.sql(`alter table q.scheduled set (autovacuum_enabled = false);
      insert into q.scheduled (run_at, job_id, queue, prio) select now(), i, 'pay', 0 from generate_series(1, 12000) i; delete from q.scheduled`)
    await until('the statistics know', async () => Number(await stack.sql(`select n_dead_tup from pg_stat_user_tables where schemaname = 'q' and relname = 'scheduled'`)) > 10000)
    const seen = await doctor()
    await stack.sql('alter table q.scheduled reset (autovacuum_enabled); vacuum q.scheduled')
    assert.equal(level(seen, 'bloat'), 'warn')
    assert.match(seen.of('bloat')[0].found, /q\.scheduled has 1\d{4} dead rows/)
  })

  test('clock: a machine that is not in step with the database', async () => {
    const seen = await doctor({ PATCHWORK_CLOCK_OFFSET_S: '90' })
    assert.equal(level(seen, 'clock'), 'fail')
    assert.equal(seen.code, 1)
  })

  test('migrations: one that is not applied', async () => {
    const last = await stack.sql('select max(number) from core.migration')
    await stack.sql(`create table core.kept as select * from core.migration where number = ${last}; delete from core.migration where number = ${last}`)
    const seen = await doctor()
    await stack.sql('insert into core.migration select * from core.kept; drop table core.kept')
    assert.equal(level(seen, 'migrations'), 'fail')
    assert.match(seen.of('migrations')[0].found, /1 of \d+ are not applied/)
  })

  test('migrations: a role that may not read is told which one may', async () => {
    const seen = await doctor({ PATCHWORK_DB_URL: stack.info.databases.patchwork_worker })
    assert.equal(seen.code, 1)
    assert.match(seen.of('migrations')[0].next, /patchwork_operator/)
  })

  test('sessions: a role that cannot see the sessions of others is told so', async () => {
    await stack.sql('revoke pg_monitor from patchwork_operator', 'postgres')
    const seen = await doctor()
    await stack.sql('grant pg_monitor to patchwork_operator', 'postgres')
    assert.equal(level(seen, 'sessions'), 'warn')
    assert.equal(seen.code, 0)
  })
})

// --- replay: what is let out, when ---

describe('O5: replay', () => {
  const why = ['--actor', 'grace', '--reason', 'the test of rates']
  const done = async (kind, args, code) => {
    const id = await newJob('pay', kind, JSON.stringify(args))
    await ended(id, 'done')
    if (code) await stack.sql(`insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_code)
      values (${id}, 2, 'failed', 1, 1, now(), now(), '${code}'), (${id}, 3, 'done', 1, 1, now(), now(), null)`)
    return id
  }
  const begin = async (...words) => rows(await run(['jobs', 'replay', ...words, ...why, '--json']))[0].batch
  const release = () => stack.sql('set role patchwork_worker; select q.replay_release()')
  const out = batch => stack.sql(`select coalesce(string_agg(job_id::text, ' ' order by job_id), '') from q.replay where batch = ${batch} and replay_id is not null`)
  const finish = old => stack.sql(`with gone as (delete from q.ready r using q.job j where j.id = r.job_id and j.replay_of = ${old} returning r.job_id, r.attempt)
    insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at) select job_id, attempt, 'done', 1, 1, now(), now() from gone`)

  test('jobs about one thing follow each other, in their order; others do not wait', async () => {
    const a1 = await done('pay.send', { payout_id: shared(71) }), a2 = await done('pay.confirm', { payout_id: shared(71) })
    const b1 = await done('pay.send', { payout_id: shared(72) })
    const batch = await begin(a2, b1, a1, '--rate', '1000/s')
    await stack.sql(`update q.batch set filled_at = filled_at - interval '1 minute' where id = ${batch}`)
    await release()
    assert.equal(await out(batch), `${a1} ${b1}`)
    await release()
    assert.equal(await out(batch), `${a1} ${b1}`, 'the first of the lane has not ended')
    await finish(a1)
    await release()
    assert.equal(await out(batch), `${a1} ${a2} ${b1}`)
    await finish(a2)
    await finish(b1)
    const [seen] = rows(await run(['jobs', 'replay', 'status', String(batch), '--json']))
    assert.deepEqual([seen.state, seen.total, seen.done, seen.running], ['ended', 3, 3, 0])
  })

  test('a rate is kept by the database: no more than a second\'s worth, however long nobody looked', async () => {
    const ids = []
    for (let i = 0; i < 6; i++) ids.push(await done('pay.quote', { payout_id: shared(80 + i) }))
    const batch = await begin(...ids, '--rate', '6/h')
    const later = span => stack.sql(`update q.batch set filled_at = filled_at - interval '${span}' where id = ${batch}`)
    for (const [span, n] of [['0 s', 1], ['1 minute', 1], ['10 minutes', 2], ['1 day', 3]]) {
      await later(span)
      await release()
      await release()
      assert.equal((await out(batch)).split(' ').length, n, `after ${span}`)
    }
    const fast = await begin(ids[5], ids[4], ids[3], '--rate', '2/s')
    await stack.sql(`update q.batch set filled_at = filled_at - interval '1 day' where id = ${fast}`)
    await release()
    assert.equal((await out(fast)).split(' ').length, 2)
    for (const b of [batch, fast]) assert.equal((await run(['jobs', 'replay', 'stop', String(b), ...why])).code, 0)
    assert.equal((await run(['jobs', 'replay', 'stop', String(batch), ...why])).code, 0, 'stopping again is the same')
    assert.equal(await release(), '')
  })

  test('filters by code, kind, state and time find what they say, and no replays', async () => {
    const begun = await stack.sql('select clock_timestamp()::timestamptz(3)')
    const one = await done('pay.quote', { payout_id: shared(91) }, 'chain.reverts'), two = await done('pay.send', { payout_id: shared(92) }, 'rpc.busy')
    const three = await job.parked('chain.reverts')
    const iso = new Date(begun.replace(' ', 'T').replace(/\+00$/, 'Z')).toISOString()
    const found = async (...words) => rows(await run(['jobs', 'replay', '--since', iso, ...words, '--dry-run', '--sample', '0', '--json']))[0]
    const ids = async (...words) => rows(await run(['jobs', 'list', '--since', iso, ...words, '--json'])).map(j => String(j.id)).sort()
    assert.equal((await found()).jobs, 3)
    assert.equal((await found('--code', 'chain.reverts')).jobs, 2)
    assert.equal((await found('--code', 'chain.reverts', '--state', 'parked')).jobs, 1)
    assert.equal((await found('--kind', 'pay.send')).jobs, 1)
    assert.equal((await found('--stage', 'sync')).jobs, 0)
    assert.deepEqual(await ids('--code', 'chain.reverts'), [one, three].sort())
    assert.deepEqual(await ids('--state', 'done'), [one, two].sort())
    const batch = await begin(one, two)
    await stack.sql(`update q.batch set filled_at = filled_at - interval '1 minute' where id = ${batch}`)
    await release()
    assert.equal((await found()).jobs, 3, 'replays are not replayed by a filter')
    assert.equal((await run(['jobs', 'replay', '--kind', 'no.such', ...why])).code, 1)
    await finish(one)
    await finish(two)
  })

  test('a page of jobs goes on where the last one ended', async () => {
    const all = rows(await run(['jobs', 'list', '--limit', '7', '--json'])).map(j => j.id)
    const first = rows(await run(['jobs', 'list', '--limit', '3', '--json'])).map(j => j.id)
    const next = rows(await run(['jobs', 'list', '--limit', '4', '--before', String(first[2]), '--json'])).map(j => j.id)
    assert.equal(all.length, 7)
    assert.deepEqual([...first, ...next], all)
  })
})

// --- what a command names and nobody has ---

describe('what is not there is said by its code, and a document that was changed', () => {
  const refused = async (words, code, role) => {
    const said = await run(words, {}, role)
    assert.deepEqual([said.code, said.err.includes(`${code}: `)], [1, true], said.err)
  }
  test('a replay, a verdict, a wallet', async () => {
    await refused(['jobs', 'replay', 'status', '999999'], 'replay.not_found')
    await refused(['verify', 'replay', uuid('e', 1)], 'verify.verdict_unknown', 'patchwork_auditor')
    await refused(['account', 'link', '--address', `0x${'ab'.repeat(20)}`, '--github-id', '7', '--login', 'nobody', '--actor', 'ada', '--reason', 'asked'], 'account.unknown_wallet', 'patchwork_owner')
  })
  test('a document', async () => {
    const sha = 'ab'.repeat(32)
    await stack.sql(`insert into ingest.evidence (sha256, media_type, bytes, source_url) values ('\\x${sha}', 'application/json', '{}', 'https://here/')`)
    await refused(['evidence', 'show', sha], 'evidence.changed', 'patchwork_auditor')
  })
})

// --- what every command that writes has ---

// Of every row of every table of ours, so that a dry run that wrote is seen whatever it wrote.
const everything = () => stack.sql(`select md5(string_agg(c.oid::regclass || ':' || query_to_xml('select md5(string_agg(t::text, chr(10) order by t::text)) from '
    || c.oid::regclass || ' t', false, true, '')::text, chr(10) order by c.oid))
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname in ('core', 'q', 'audit', 'ledger') and c.relkind = 'r'`)

describe('--dry-run and --json', () => {
  const address = `0x${'c1'.repeat(20)}`, why = ['--reason', 'a look']
  const env = { PATCHWORK_AUDIT_KEY_FILE: `${dir}/dry-key`, PATCHWORK_EVM_ESCROW: `0x${'11'.repeat(20)}`, PATCHWORK_EVM_CHAIN_ID: '338' }
  const of = {} // what the commands are about
  before(async () => {
    Object.assign(of, { parked: await job.parked('rpc.busy', 'x'), ready: await job.ready(), ended: await job.done() })
    await stack.sql(`${world(shared)} insert into core.wallet (person_id, chain_id, caip10, address)
      values ('${shared(2)}', 338, 'eip155:338:${address}', '\\x${address.slice(2)}')`)
    await stack.sql(`insert into q.outbox_cursor (sink, xid, id) values ('nats', '9', 9) on conflict (sink) do update set xid = excluded.xid, id = excluded.id`)
    of.review = await submission('review', { pull: 'merged', of: await bounty('frozen') })
    assert.equal((await run(['limit', 'set', 'known', '--stage', 'verify', '--most', '3', ...why])).code, 0)
    assert.equal((await run(['cron', 'add', 'known', '--cron', '0 3 * * *', '--queue', 'sync', '--kind', 'sync.backfill', ...why])).code, 0)
    of.grant = JSON.parse((await run(['role', 'grant', 'auditor', '--person', shared(2), ...why, '--json'], {}, 'patchwork_owner')).out).id
    of.batch = String(rows(await run(['jobs', 'replay', of.ended, ...why, '--json']))[0].batch)
  })
  const owner = 'patchwork_owner'
  const writers = {
    migrate: () => [[], owner], 'relay rewind': () => [[...why], 'patchwork_relay'],
    pause: () => [['stage', 'verify', ...why]], resume: () => [['stage', 'verify', ...why]],
    'limit set': () => [['new', '--stage', 'pay', '--rate', '1.5', ...why]], 'limit drop': () => [['known', ...why]],
    'chain add': () => [['--token', `0x${'33'.repeat(20)}`, '--symbol', 'X', '--decimals', '6', '--least', '5', ...why], owner],
    'account link': () => [['--address', address, '--github-id', '12', '--login', 'ada', ...why], owner],
    'role grant': () => [['operator', '--address', address, ...why], owner], 'role revoke': () => [[of.grant, ...why], owner],
    'project branches': () => [[shared(3), 'next', ...why]], 'verify resolve': () => [[of.review, 'reject', ...why]],
    'cron add': () => [['new', '--cron', '0 4 * * *', '--queue', 'sync', '--kind', 'sync.backfill', ...why]],
    'cron disable': () => [['known', ...why]], 'cron enable': () => [['known', ...why]], 'cron remove': () => [['known', ...why]],
    'jobs retry': () => [[of.parked, ...why]], 'jobs cancel': () => [[of.ready, ...why]], 'jobs replay': () => [[of.ended, ...why]],
    'jobs replay stop': () => [[of.batch, ...why]], 'audit checkpoint': () => [[], owner],
    'history export': () => [['0', '--to', `${dir}/dry-part`], 'patchwork_auditor'],
  }
  const elsewhere = ['keys rewrap', 'history detach', 'history drop'] // their dry runs: link.test.mjs, history.test.mjs
  const readers = ['stages', 'limit list', 'keys list', 'role list', 'verify replay', 'verify', 'proof verify', 'evidence show', 'hooks missed', 'cron list', 'cron next', 'audit list',
    'audit verify', 'config show', 'jobs list', 'jobs show', 'jobs replay status', 'history list', 'history partitions', 'explain', 'lineage',
    'doctor', 'checksum', 'manual', 'completion', 'work', 'relay', 'bench queue']

  test('the lists above are the program\'s commands', async () => {
    const { out } = await run(['help'])
    const names = [...out.matchAll(/^ {2}([a-z]+(?: [a-z]+)*)(?= |$)/gm)].map(m => m[1])
    assert.deepEqual(names.filter(n => n !== 'patchwork').sort(), [...Object.keys(writers), ...elsewhere, ...readers].sort())
  })

  for (const [name, words] of Object.entries(writers))
    test(`${name}: a dry run says what would be, and changes nothing`, async () => {
      const [rest, role] = words(), state = await everything()
      for (const json of [false, true]) {
        const said = await run([...name.split(' '), ...rest, '--dry-run', ...json ? ['--json'] : []], env, role)
        assert.equal(said.code, 0, said.err)
        assert.ok(said.out.trim().length > 0)
        if (json) for (const line of said.out.trim().split('\n')) assert.equal(typeof JSON.parse(line), 'object')
      }
      assert.equal(await everything(), state)
      assert.ok(!existsSync(env.PATCHWORK_AUDIT_KEY_FILE) && !existsSync(`${dir}/dry-part`))
    })

  // What they leave is elsewhere: the schema's history, the checkpoint, the file.
  const unsaid = ['migrate', 'audit checkpoint', 'history export']
  for (const [name, words] of Object.entries(writers).filter(([n]) => !unsaid.includes(n)))
    test(`${name}: done, it is one row of the audit log, with who and why`, async () => {
      const [rest, role] = words(), last = await stack.sql('select max(id) from audit.log')
      const said = await run([...name.split(' '), ...rest, '--actor', 'grace'], env, role)
      assert.equal(said.code, 0, said.err)
      const added = JSON.parse(await stack.sql(`select json_agg(json_build_array(actor_kind, regexp_replace(actor_id, '^cli:', ''), reason)) from audit.log where id > ${last}`))
      assert.deepEqual(added.filter(row => row[2] !== null), [['cli', 'grace', 'a look']], JSON.stringify(added))
      assert.ok(added.every(row => row[1] === 'grace'), JSON.stringify(added)) // a bounty moves with its submission
    })

  test('a job that waits is cancelled once, and what is in force is JSON, without secrets', async () => {
    const ready = await job.ready()
    const cancel = async () => rows(await run(['jobs', 'cancel', ready, ...why, '--json']))
    const before = await everything()
    assert.equal((await cancel()).length, 1)
    assert.notEqual(await everything(), before)
    assert.equal(await stack.sql(`select state from q.run where job_id = ${ready}`), 'cancelled')
    await cancel()
    assert.equal(await stack.sql(`select count(*) from q.run where job_id = ${ready}`), '1')
    const shown = JSON.parse((await run(['config', 'show', '--json'])).out)
    assert.deepEqual([shown['db.password'], shown['worker.threads']], ['(set)', (await run(['config', 'show'])).out.match(/^worker.threads = (\d+)/m)[1]])
  })
})
