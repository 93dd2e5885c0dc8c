// Bounties: once per key, funded by a named transaction; and what is read about a contribution.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { until } from '../stack/proc.mjs'
import { CHAIN, contribution, ESCROW, startApi, TOKEN } from './api.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')

let api, me, other, project
before(async () => {
  api = await startApi({ conf: { 'bounty.hold': undefined } }) // a week, as by default
  me = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  other = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  project = await api.verifiedProject(me.token, 'ada/engine', 11)
})
after(() => api.stop())

const TABLES = ['core.bounty', 'core.issue', 'core.contribution', 'core.idempotency', 'core.bounty_event', 'q.job', 'q.outbox']
const rows = () => Promise.all(TABLES.map(api.rows))
const grown = async before => (await rows()).map((n, i) => n - before[i])
const hash = () => `0x${randomUUID().replaceAll('-', '').repeat(2)}`

test('a bounty says what a wallet needs to lock its money', async () => {
  const before = await rows()
  const made = await api.bounty(me.token, project, { issue_number: 5, title: 'Überlauf' })
  assert.equal(made.status, 201, made.text)
  const b = made.body
  assert.deepEqual([b.state, b.amount, b.issue_number, b.title, b.hold_seconds, b.created_by], ['draft', '250000000', 5, 'Überlauf', 7 * 86_400, me.person_id])
  assert.deepEqual(b.escrow, {
    chain_id: CHAIN, address: ESCROW, token: TOKEN, bounty_key: `0x${'0'.repeat(32)}${b.id.replaceAll('-', '')}`, amount: '250000000',
    lock_until: b.escrow.lock_until,
  })
  assert.equal(Date.parse(b.escrow.lock_until) - Date.parse(b.deadline_at), (7 + 4) * 86_400_000, 'a week\'s hold, and four days')
  assert.deepEqual(b.asset, { caip19: `eip155:${CHAIN}/erc20:${TOKEN}`, symbol: 'TUSD', decimals: 6 })
  assert.deepEqual(await grown(before), [1, 1, 0, 1, 0, 2, 1])
  assert.equal(await api.sql(`select kind from q.job where key = 'issue:${b.issue_id}'`), 'sync.issue')
  const got = await api.get(`/v1/bounties/${b.id}`)
  assert.deepEqual(got.body.escrow, b.escrow)
  assert.deepEqual([got.body.project.full_name, got.body.issue.number, got.body.issue.state, got.body.events], ['ada/engine', 5, 'unknown', []])
})

test('the largest amount there is', async () => {
  const amount = (2n ** 256n - 1n).toString()
  const made = await api.bounty(me.token, project, { amount })
  assert.equal(made.body.amount, amount)
  assert.equal((await api.get(`/v1/bounties/${made.body.id}`)).body.amount, amount)
  assert.equal((await api.bounty(me.token, project, { amount: (2n ** 256n).toString() })).body.code, 'json.type')
})

test('a repeat with the same key is the same answer, byte for byte', async () => {
  const key = randomUUID()
  const first = await api.bounty(me.token, project, { issue_number: 6 }, key)
  const before = await rows()
  await api.sql(`select core.bounty_move('${first.body.id}', 'cancelled', 'test', null)`)
  const again = await api.bounty(me.token, project, { issue_number: 6 }, key)
  assert.deepEqual([again.status, again.text], [201, first.text])
  const mismatch = await api.bounty(me.token, project, { issue_number: 7 }, key)
  assert.deepEqual([mismatch.status, mismatch.body.code], [422, 'idempotency.mismatch'])
  assert.deepEqual(await grown(before), [0, 0, 0, 0, 1, 0, 0], 'only our own cancellation')
  const theirs = await api.bounty(other.token, project, { issue_number: 6 }, key)
  assert.equal(theirs.status, 201)
  assert.notEqual(theirs.body.id, first.body.id, 'a key belongs to who used it')
})

test('fifty repeats at once make one bounty', async () => {
  const key = 'fifty-at-once'
  const before = await rows()
  const answers = await Promise.all(Array.from({ length: 50 }, () => api.bounty(me.token, project, { issue_number: 8 }, key)))
  for (const a of answers.filter(x => x.status !== 201)) assert.deepEqual([a.status, a.body.code], [409, 'idempotency.in_flight'])
  const made = answers.filter(a => a.status === 201)
  assert.ok(made.length >= 1)
  assert.equal(new Set(made.map(a => a.text)).size, 1)
  assert.equal((await api.bounty(me.token, project, { issue_number: 8 }, key)).text, made[0].text)
  assert.deepEqual(await grown(before), [1, 1, 0, 1, 0, 2, 1])
})

test('a request that another one is still working on', async () => {
  const key = 'slow'
  const held = api.sql(`begin; select pg_advisory_xact_lock(hashtextextended('bounty.create:${me.person_id}:${key}', 0)); select pg_sleep(300)`)
  const over = assert.rejects(held, /canceling statement/)
  const holder = await until('it is held', () => api.sql("select pid from pg_stat_activity where wait_event = 'PgSleep'"))
  const a = await api.bounty(me.token, project, {}, key)
  assert.deepEqual([a.status, a.body.code], [409, 'idempotency.in_flight'])
  await api.sql(`select pg_cancel_backend(${holder})`)
  await over
  assert.equal((await api.bounty(me.token, project, {}, key)).status, 201)
})

test('bounties that cannot be', async () => {
  const { body: unverified } = await api.post('/v1/projects', { full_name: 'ada/unverified' }, { token: me.token })
  await api.sql(`insert into core.issue (project_id, number, state, provider_issue_id) values ('${project}', 99, 'closed', 99)`)
  const before = await rows()
  const refuse = async (fields, status, code, key) => {
    const a = await api.bounty(me.token, fields.project_id ?? project, fields, key)
    assert.deepEqual([a.status, a.body.code], [status, code], JSON.stringify(fields))
  }
  await refuse({ project_id: unverified.id }, 403, 'project.not_opted_in')
  await refuse({ project_id: randomUUID() }, 422, 'bounty.project_unknown')
  await refuse({ chain_id: 25 }, 422, 'bounty.asset_unknown')
  await refuse({ token: ESCROW }, 422, 'bounty.asset_unknown')
  await refuse({ token: `0x${'G'.repeat(40)}` }, 422, 'bounty.token')
  await refuse({ amount: '0' }, 422, 'bounty.amount_zero')
  await api.sql('update core.asset set least = 1001')
  await refuse({ amount: '1000' }, 422, 'bounty.amount_least')
  await api.sql('update core.asset set least = 1')
  await refuse({ amount: 5 }, 422, 'json.type')
  await refuse({ amount: '-5' }, 422, 'json.type')
  await refuse({ amount: '1.5' }, 422, 'json.type')
  await refuse({ issue_number: 99 }, 409, 'bounty.issue_closed')
  await refuse({ issue_number: 0 }, 422, 'json.range')
  await refuse({ deadline_at: '2020-01-01T00:00:00Z' }, 422, 'bounty.deadline_past')
  await refuse({ deadline_at: new Date(Date.now() + 1_800_000).toISOString() }, 422, 'bounty.deadline')
  await refuse({ deadline_at: 'tomorrow' }, 422, 'json.type')
  await refuse({ title: 'x'.repeat(201) }, 422, 'json.range')
  await refuse({ reward: '1' }, 422, 'json.unknown')
  await refuse({}, 400, 'idempotency.invalid', 'x'.repeat(256))
  await refuse({}, 400, 'idempotency.invalid', 'a key')
  const missing = await api.post('/v1/bounties', {}, { token: me.token })
  assert.deepEqual([missing.status, missing.body.code], [400, 'idempotency.missing'])
  const nobody = await api.bounty(undefined, project)
  assert.deepEqual([nobody.status, nobody.body.code], [401, 'auth.missing'])
  assert.deepEqual(await grown(before), [0, 0, 0, 0, 0, 0, 0], 'writes nothing')
})

test('P5: a project that is degraded or lost takes no deposit; one that was named before is found again', async () => {
  const shaken = await api.verifiedProject(me.token, 'ada/shaken', 7150)
  const drafts = await Promise.all([1, 2].map(n => api.bounty(me.token, shaken, { issue_number: n })))
  const fund = (i, tx_hash) => api.post(`/v1/bounties/${drafts[i].body.id}/fund`, { tx_hash }, { token: me.token })
  const named = hash()
  const first = await fund(0, named)
  assert.equal(first.status, 202, first.text)
  for (const state of ['degraded', 'lost', 'unverified']) {
    await api.sql(`update core.project set state = '${state}' where id = '${shaken}'`)
    const before = await rows()
    for (const i of [0, 1]) {
      const refused = await fund(i, hash())
      assert.deepEqual([refused.status, refused.body.code], [409, 'project.unverified'], state)
    }
    assert.equal((await fund(0, named)).text, first.text, 'the same again')
    assert.deepEqual(await grown(before), [0, 0, 0, 0, 0, 0, 0], 'writes nothing')
  }
  await api.sql(`update core.project set state = 'verified' where id = '${shaken}'`)
  assert.equal((await fund(1, hash())).status, 202)
})

test('funding names a transaction once and asks the chain about it', async () => {
  const { body: b } = await api.bounty(me.token, project, { issue_number: 20 })
  const { body: another } = await api.bounty(me.token, project, { issue_number: 21 })
  const before = await rows()
  const tx = hash()
  const fund = (id, tx_hash, token = me.token) => api.post(`/v1/bounties/${id}/fund`, { tx_hash }, { token })
  const first = await fund(b.id, tx)
  assert.equal(first.status, 202, first.text)
  assert.deepEqual([first.body.state, first.body.bounty_state, first.body.tx_hash], ['pending', 'funding', tx])
  assert.equal(await api.sql(`select kind, key from q.job where id = ${first.body.job_id}`), `verify.fund|fund:${first.body.contribution_id}`)
  assert.deepEqual(await grown(before), [0, 0, 1, 0, 1, 1, 1])
  const repeats = await Promise.all(Array.from({ length: 10 }, () => fund(b.id, tx)))
  for (const r of repeats) assert.deepEqual([r.status, r.text], [202, first.text])
  assert.deepEqual(await grown(before), [0, 0, 1, 0, 1, 1, 1])
  const refuse = async (answer, status, code) => assert.deepEqual([(await answer).status, (await answer).body.code], [status, code])
  await refuse(fund(another.id, tx), 409, 'bounty.deposit_taken')
  await refuse(fund(b.id, tx, other.token), 409, 'bounty.deposit_taken')
  await refuse(fund(randomUUID(), hash()), 404, 'bounty.not_found')
  await refuse(fund('7', hash()), 404, 'bounty.not_found')
  await refuse(fund(b.id, '0x12'), 422, 'json.range')
  await refuse(fund(b.id, 'ff'.repeat(32)), 422, 'json.type')
  await refuse(fund(b.id, tx, null), 401, 'auth.missing')
  assert.deepEqual(await grown(before), [0, 0, 1, 0, 1, 1, 1], 'writes nothing')
  await api.sql(`select core.bounty_move('${b.id}', 'deposit_confirmed', 'test', null)`)
  await refuse(fund(b.id, hash()), 409, 'bounty.not_fundable')
  assert.equal((await fund(b.id, tx)).body.bounty_state, 'open')
  const { body: now } = await api.get(`/v1/bounties/${b.id}`)
  assert.deepEqual(now.events.map(e => [e.event, e.from, e.to]), [['deposit_seen', 'draft', 'funding'], ['deposit_confirmed', 'funding', 'open']])
  assert.deepEqual(now.contributions.map(c => c.tx_hash), [tx])
})

test('twenty deposits of a person may be pending: transactions that there are not cost the chain no more than that', async () => {
  const someone = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  const { body: b } = await api.bounty(me.token, project, { issue_number: 23 })
  const fund = tx_hash => api.post(`/v1/bounties/${b.id}/fund`, { tx_hash }, { token: someone.token })
  const known = hash()
  assert.equal((await fund(known)).status, 202)
  for (let i = 1; i < 20; i++) assert.equal((await fund(hash())).status, 202)
  const before = await rows()
  const more = await fund(hash())
  assert.deepEqual([more.status, more.body.code], [409, 'bounty.deposits_pending'])
  assert.equal((await fund(known)).status, 202, 'a repeat is none of these')
  assert.deepEqual(await grown(before), [0, 0, 0, 0, 0, 0, 0])
  await api.sql(`update core.contribution set state = 'refused', reason = 'deposit.not_found' where deposit_tx = '\\x${known.slice(2)}'`)
  assert.equal((await fund(hash())).status, 202)
})

test('who named a deposit that is not his is not in its funder\'s way twice', async () => {
  const { body: b } = await api.bounty(me.token, project, { issue_number: 24 })
  const tx_hash = hash()
  const fund = token => api.post(`/v1/bounties/${b.id}/fund`, { tx_hash }, { token })
  const foreign = await fund(other.token)
  assert.equal(foreign.status, 202)
  assert.equal((await fund(me.token)).body.code, 'bounty.deposit_taken')
  await api.sql(`update core.contribution set state = 'refused', reason = 'deposit.funder' where id = '${foreign.body.contribution_id}'`)
  const again = await fund(other.token)
  assert.deepEqual([again.status, again.body.code], [409, 'bounty.deposit_taken'])
  await api.sql(`insert into core.wallet (person_id, chain_id, caip10, address)
    values ('${other.person_id}', ${CHAIN}, 'eip155:${CHAIN}:${`0x${'ab'.repeat(20)}`}', decode(repeat('ab', 20), 'hex'))`)
  assert.equal((await fund(other.token)).status, 202, 'a wallet has joined since')
  await api.sql(`update core.contribution set state = 'refused', reason = 'deposit.funder' where bounty_id = '${b.id}' and state = 'pending'`)
  assert.equal((await fund(me.token)).status, 202)
})

test('a deposit that was refused may be named again', async () => {
  const { body: b } = await api.bounty(me.token, project, { issue_number: 22 })
  const tx_hash = hash()
  const first = await api.post(`/v1/bounties/${b.id}/fund`, { tx_hash }, { token: me.token })
  await api.sql(`update core.contribution set state = 'refused', reason = 'verify.deposit_short' where id = '${first.body.contribution_id}';
    select core.bounty_move('${b.id}', 'deposit_refused', 'test', null)`)
  const again = await api.post(`/v1/bounties/${b.id}/fund`, { tx_hash }, { token: me.token })
  assert.equal(again.status, 202)
  assert.notEqual(again.body.contribution_id, first.body.contribution_id)
  assert.notEqual(again.body.job_id, first.body.job_id)
})

test('a list of one state, or of one project', async () => {
  const open = await api.get('/v1/bounties?state=open')
  assert.ok(open.body.items.length > 0 && open.body.items.every(b => b.state === 'open'))
  assert.deepEqual((await api.get(`/v1/bounties?project_id=${randomUUID()}`)).body, { items: [], next_cursor: null })
  const all = await api.get(`/v1/bounties?project_id=${project}&limit=200`)
  assert.equal(all.body.items.length, Number(await api.sql(`select count(*) from core.bounty where project_id = '${project}'`)))
  assert.equal(all.body.items[0].submission, null)
})

test('a contribution and its lineage, from each of its ids', async () => {
  const { body: b } = await api.bounty(me.token, project, { issue_number: 30 })
  const fund = await api.post(`/v1/bounties/${b.id}/fund`, { tx_hash: hash() }, { token: me.token })
  const c = await contribution(api, { project, bounty: b.id, person: me.person_id })
  const { body: submission } = await api.get(`/v1/submissions/${c.submission}`)
  assert.deepEqual([submission.pull.number, submission.verdict.result, submission.proof.cid, submission.payouts[0].id], [7, 'pass', c.cid, c.payout])
  const { body: payout } = await api.get(`/v1/payouts/${c.payout}`)
  assert.deepEqual([payout.payee, payout.amount, payout.state], [me.address, '250000000', 'paid'])
  const { body: proof, headers } = await api.get(`/v1/proofs/${c.cid}`)
  assert.deepEqual([proof.submission_id, proof.envelope.payload, proof.size], [c.submission, 'e30=', c.payload.length])
  const envelope = await api.get(`/v1/proofs/${c.cid}`, { headers: { accept: 'application/vnd.dsse.envelope.v1+json' } })
  assert.equal(envelope.headers.get('content-type'), 'application/vnd.dsse.envelope.v1+json')
  assert.deepEqual(Object.keys(envelope.body).sort(), ['payload', 'payloadType', 'signatures'])
  assert.match(headers.get('vary'), /accept/)
  const block = await api.get(`/ipfs/${c.cid}`)
  assert.deepEqual([block.status, block.text, block.headers.get('content-type'), block.headers.get('etag')],
    [200, c.payload, 'application/vnd.ipld.raw', `"${c.cid}"`])
  assert.match(block.headers.get('cache-control'), /immutable/)
  assert.equal((await api.get(`/ipfs/${c.cid}`, { headers: { 'if-none-match': `"${c.cid}"` } })).status, 304)
  const ids = { pull: c.pull, submission: c.submission, bounty: b.id, payout: c.payout, delivery: c.guid }
  const [first, ...rest] = await Promise.all(Object.entries(ids).map(([kind, id]) => api.get(`/v1/lineage/${kind}/${id}`)))
  const l = first.body
  assert.deepEqual([l.project.id, l.pulls[0].id, l.bounties[0].id, l.submissions[0].id, l.verdicts.length, l.proofs[0].cid, l.payouts[0].id,
    l.payouts[0].payee, l.deliveries[0].guid, l.contributions[0].id, l.scores[0].points_micro],
  [project, c.pull, b.id, c.submission, 1, c.cid, c.payout, me.address, c.guid, fund.body.contribution_id, 12500000])
  assert.deepEqual(l.jobs.map(j => j.kind).sort(), ['sync.issue', 'verify.fund'])
  for (const r of rest) assert.deepEqual(r.body, l)
  assert.deepEqual((await api.get(`/v1/lineage/delivery/${c.delivery}`)).body, l)
  const job = await api.get(`/v1/lineage/job/${fund.body.job_id}`)
  assert.deepEqual([job.body.bounties[0].id, job.body.jobs.map(j => j.kind)], [b.id, ['sync.issue', 'verify.fund']])
  for (const path of [`pull/${randomUUID()}`, 'job/999999999', `job/${c.pull}`, 'person/1', 'bounty/1', `delivery/${randomUUID()}`])
    assert.deepEqual([(await api.get(`/v1/lineage/${path}`)).status, (await api.get(`/v1/lineage/${path}`)).body.code], [404, 'lineage.not_found'], path)
})

test('the leaderboard ranks across pages, of everything and of one project', async () => {
  const people = await Promise.all(Array.from({ length: 5 }, () => api.signIn(privateKeyToAccount(generatePrivateKey()))))
  await api.sql(people.map((p, i) => `insert into rep.score (person_id, scope, formula_version, points_micro, event_count)
    values ('${p.person_id}', 'global', 1, ${20_000_000 + i % 2}, 2)`).join(';'))
  const seen = []
  let query = 'limit=2'
  do {
    const { body } = await api.get(`/v1/leaderboard?${query}`)
    seen.push(...body.items)
    query = body.next_cursor && `limit=2&cursor=${body.next_cursor}`
  } while (query)
  assert.deepEqual(seen.map(s => s.rank), [1, 2, 3, 4, 5, 6])
  assert.deepEqual(seen.map(s => s.points_micro), [20_000_001, 20_000_001, 20_000_000, 20_000_000, 20_000_000, 12_500_000])
  assert.equal(new Set(seen.map(s => s.person_id)).size, 6)
  const { body: mine } = await api.get(`/v1/leaderboard?project_id=${project}`)
  assert.deepEqual(mine.items.map(s => [s.rank, s.person_id, s.points_micro]), [[1, me.person_id, 12_500_000]])
})

test('jobs: states, runs and filters', async () => {
  const { body: all } = await api.get('/v1/jobs?limit=200')
  const [parked, done] = all.items
  await api.sql(`insert into q.worker (name, queues) values ('w1', '{sync}');
    insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code, error)
    values (${parked.id}, 1, 'failed', 1, 1, now(), now(), 'retry', 'github.unreachable', 'no answer'),
      (${parked.id}, 2, 'parked', 1, 2, now(), now(), 'invalid', 'evm.chain_id', 'another chain'), (${done.id}, 1, 'done', 1, 3, now(), now(), null, null, null);
    insert into q.parked (job_id, queue, kind, attempt, error_code) values (${parked.id}, '${parked.queue}', '${parked.kind}', 2, 'evm.chain_id');
    delete from q.ready where job_id in (${parked.id}, ${done.id})`)
  const { body: p } = await api.get(`/v1/jobs/${parked.id}`)
  assert.deepEqual([p.state, p.error_code, p.error, p.runs.map(r => [r.attempt, r.state, r.worker, r.error_code])],
    ['parked', 'evm.chain_id', 'another chain', [[1, 'failed', 'w1', 'github.unreachable'], [2, 'parked', 'w1', 'evm.chain_id']]])
  assert.equal((await api.get(`/v1/jobs/${done.id}`)).body.state, 'done')
  assert.deepEqual((await api.get('/v1/jobs?parked=true')).body.items.map(j => [j.id, j.state, j.attempts]), [[parked.id, 'parked', 2]])
  assert.ok((await api.get('/v1/jobs?kind=sync.issue&limit=200')).body.items.every(j => j.kind === 'sync.issue'))
  assert.ok((await api.get('/v1/jobs?queue=verify&parked=false')).body.items.every(j => j.queue === 'verify' && j.state !== 'parked'))
  const ids = []
  let query = 'limit=7'
  do {
    const { body } = await api.get(`/v1/jobs?${query}`)
    ids.push(...body.items.map(j => j.id))
    query = body.next_cursor && `limit=7&cursor=${body.next_cursor}`
  } while (query)
  assert.deepEqual(ids, all.items.map(j => j.id))
})

// Deliveries as sync leaves them, each with its job, which has a child.
const deliver = async (event, action, number, minute, of = project) => (await api.sql(`
  with d as (insert into ingest.delivery (received_at, guid, event, secret_no, body, body_sha256, state, action, repo_id, number)
    select now() - interval '1 hour' + interval '${minute} minutes', gen_random_uuid(), '${event}', 1, '{}', sha256('{}'), 'done', '${action}',
      repo_id, ${number} from core.project where id = '${of}' returning id, guid),
  k as (insert into ingest.delivery_key (provider, guid, body_sha256, delivery_id) select 'github', guid, sha256('{}'), id from d),
  j as materialized (select q.enqueue('sync', 'sync.delivery', 'delivery:' || guid, jsonb_build_object('delivery_id', id)) as id from d)
  select d.guid || ' ' || q.enqueue('verify', 'verify.merge', 'merge:' || guid, '{}', parent => j.id) from d, j`)).trim().split(' ')[0]

test('a lineage has every delivery of its pull request and of its issue, with their jobs', async () => {
  const { body: b } = await api.bounty(me.token, project, { issue_number: 31 })
  const c = await contribution(api, { project, bounty: b.id, person: me.person_id, number: 8 })
  const other = await api.verifiedProject(me.token, 'ada/elsewhere', 31)
  const issue = await deliver('issues', 'opened', 31, 1)
  const edited = await deliver('pull_request', 'edited', 8, 3)
  const opened = await deliver('pull_request', 'opened', 8, 2) // received earlier, though its row is later
  for (const args of [['pull_request', 'opened', 9, 2], ['issues', 'closed', 8, 2], ['pull_request', 'opened', 31, 2], ['pull_request', 'opened', 8, 2, other]])
    await deliver(...args)
  const ids = { pull: c.pull, submission: c.submission, bounty: b.id, payout: c.payout, delivery: opened }
  for (const [kind, id] of Object.entries(ids)) {
    const { body: l } = await api.get(`/v1/lineage/${kind}/${id}`)
    assert.deepEqual(l.deliveries.map(d => [d.guid, d.action, d.number]),
      [[issue, 'opened', 31], [opened, 'opened', 8], [edited, 'edited', 8], [c.guid, 'closed', 8]], kind)
    assert.deepEqual(l.jobs.filter(j => j.kind !== 'sync.issue').map(j => j.key),
      [issue, edited, opened].flatMap(g => [`delivery:${g}`, `merge:${g}`]), kind)
  }
})

// What may happen to a bounty, said a second time: state -> event -> next state.
const MOVES = {
  draft: { deposit_seen: 'funding', cancelled: 'cancelled', issue_deleted: 'cancelled' },
  funding: { deposit_confirmed: 'open', deposit_refused: 'draft', funding_expired: 'cancelled' },
  open: {
    attempt: 'in_progress', merged: 'merged', deadline: 'expired', cancelled: 'refunding', issue_transferred: 'frozen', issue_deleted: 'refunding',
  },
  in_progress: { attempt_ended: 'open', merged: 'merged', deadline: 'expired', issue_transferred: 'frozen', issue_deleted: 'refunding' },
  merged: { verify_ok: 'verified', verify_failed: 'open', verify_review: 'frozen' },
  verified: { hold_begun: 'hold', flagged: 'frozen' },
  hold: { hold_ended: 'payable', disputed: 'disputed', flagged: 'frozen' },
  payable: { payout_sent: 'paying', flagged: 'frozen' },
  paying: { payout_confirmed: 'paid', payout_dropped: 'payable' },
  paid: {},
  expired: { refund: 'refunding' },
  refunding: { refund_confirmed: 'refunded' },
  refunded: {},
  cancelled: {},
  disputed: { verdict_pay: 'payable', verdict_refund: 'refunding' },
  frozen: { resumed: 'open', refund: 'refunding', proof_resumed: 'verified', hold_resumed: 'hold' },
}

test('B15: each event moves a bounty from the states that it may, and from no other; nothing else moves it', async () => {
  const moves = Object.entries(MOVES).flatMap(([from, events]) => Object.entries(events).map(([event, to]) => `${from} ${event} ${to}`)).sort()
  assert.deepEqual((await api.sql(`select from_state, event, to_state from core.bounty_state_rule`)).replaceAll('|', ' ').split('\n').sort(), moves)
  const { body: { id } } = await api.bounty(me.token, project, { issue_number: 77 })
  const events = [...new Set(Object.values(MOVES).flatMap(Object.keys)), 'nonsense']
  const tried = await api.sql(`begin;
    create temp table tried (said text) on commit preserve rows;
    do $$
    declare f text; t text; e text; said text;
    begin
      foreach f in array '{${Object.keys(MOVES)}}'::text[] loop
      foreach t in array '{${Object.keys(MOVES)}}'::text[] loop
        begin
          perform set_config('session_replication_role', 'replica', true);
          update core.bounty set state = f where id = '${id}';
          perform set_config('session_replication_role', 'origin', true);
          update core.bounty set state = t where id = '${id}';
          raise exception using message = 'is ' || t;
        exception when others then said := sqlerrm;
        end;
        if f <> t and said <> 'bounty.transition' then insert into tried values (f || ' was ' || said); end if;
      end loop;
      foreach e in array '{${events}}'::text[] loop
        begin
          perform set_config('session_replication_role', 'replica', true);
          update core.bounty set state = f where id = '${id}';
          perform set_config('session_replication_role', 'origin', true);
          said := core.bounty_move('${id}', e, 'test', null);
          assert (select state from core.bounty where id = '${id}') = said;
          raise exception using message = 'moved to ' || said;
        exception when others then said := sqlerrm;
        end;
        if said <> 'bounty.transition' then insert into tried values (concat_ws(' ', f, e, replace(said, 'moved to ', ''))); end if;
      end loop; end loop;
    end $$;
    commit;
    select said from tried`)
  assert.deepEqual(tried.split('\n').filter(l => l.includes(' ')).sort(), moves)
})
