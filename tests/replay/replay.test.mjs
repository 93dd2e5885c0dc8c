// Replay (O5): jobs that ended run again as new jobs, at a rate, by the operator's role alone. The dry run says what would come of
// it, and that is what comes; nothing is paid twice, no row of the projections changes, nothing of the old jobs is rewritten.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { releases } from '../stack/scenario.mjs'
import { until } from '../stack/proc.mjs'
import { operatorNonce, tables, World } from './world.mjs'

let world, worker, c, chain
before(async () => {
  world = await World.start()
  worker = world.worker()
  c = await world.while(worker, world.play())
  await world.quiet()
  chain = await operatorNonce(world)
})
after(() => world?.end())

const cli = (...words) => world.stack.run('patchwork_operator', ...words)
const json = async (...words) => JSON.parse(await cli(...words, '--json'))
const lines = async (...words) => (await cli(...words, '--json')).split('\n').filter(Boolean).map(l => JSON.parse(l))
const why = ['--reason', 'the test of replays']
const checksum = async () => (await json('checksum')).sha256
// Every row of every table but the queue's, the log's, and the tallies of what GitHub was asked, as it stands: ids, times and all.
const everyRow = async () => {
  const list = (await tables(world)).filter(t => !/^(q|audit)\.|^ingest\.(rate|fetch)_/.test(t))
  return Object.fromEntries((await world.sql(list.map(t => `select '${t} ' || count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '')
    from ${t} t;`).join('\n'))).split('\n').map(line => line.split(/ (.*)/)))
}
const history = () => world.sql(`select md5(string_agg(t, '|' order by t)) from (select j::text as t from q.job j where batch is null
  union all select r::text from q.run r join q.job j on j.id = r.job_id where j.batch is null) x`)

const batchEnds = async batch => {
  let seen
  await until(`replay ${batch} is over`, async () => {
    [seen] = await lines('jobs', 'replay', 'status', String(batch))
    return seen.state !== 'open' && seen.running === 0
  }, { timeout: 90_000 })
  return seen
}

const inert = async () => {
  assert.equal((await releases(world.at, c.payout.chain_key)).length, 1, 'one release on chain')
  assert.equal(await operatorNonce(world), chain, 'the operator sent nothing more')
}

test('O5: the dry run of all says what each kind would do, and changes nothing', async () => {
  const before = await checksum(), all = 'select count(*) from q.job', jobs = await world.sql(`${all} where kind <> 'verify.deadline'`)
  const seen = await json('jobs', 'replay', '--state', 'done', '--sample', '100', '--dry-run')
  assert.equal(seen.jobs, Number(jobs))
  assert.equal(seen.looked_at.length, seen.jobs)
  const of = Object.fromEntries(seen.kinds.map(k => [k.kind, k]))
  for (const kind of ['verify.fund', 'verify.merge', 'verify.recheck', 'prove.proof', 'pay.quote', 'pay.send', 'pay.confirm'])
    assert.equal(of[kind].done, of[kind].jobs, `${kind} would find it done: ${JSON.stringify(of[kind])}`)
  assert.ok(of['sync.delivery'].asks > 0)
  assert.equal(of['score.payout'].rows, of['score.payout'].jobs)
  assert.equal(seen.kinds.reduce((n, k) => n + k.acts + k.waits + k.parks, 0), 0, 'no effect would be called')
  assert.equal(await world.sql(`${all} where kind <> 'verify.deadline'`), jobs)
  assert.equal(await world.sql('select count(*) from q.batch'), '0')
  assert.equal(await checksum(), before)
})

test('O5: ten replays of each pay job: no new transfer, no row changes, no history is rewritten', async () => {
  const before = await checksum(), rows = await everyRow(), was = await history(), money = await world.sql('select count(*) from ledger.entry')
  const each = Number(await world.sql(`select count(*) from q.job where queue = 'pay' and batch is null`))
  assert.ok(each >= 3)
  const batches = [] // side by side: replays of one job may meet each other
  for (let i = 0; i < 10; i++) {
    const [batch] = await lines('jobs', 'replay', '--stage', 'pay', '--rate', '1000/s', ...why)
    assert.equal(batch.total, each)
    batches.push(batch.batch)
  }
  for (const batch of batches) {
    const end = await batchEnds(batch)
    assert.deepEqual([end.state, end.released, end.done, end.parked], ['ended', each, each, 0])
  }
  await inert()
  assert.equal(await world.sql('select count(*) from ledger.entry'), money)
  assert.equal(await checksum(), before)
  assert.deepEqual(await everyRow(), rows)
  assert.equal(await history(), was)
  assert.equal(await world.sql(`select count(distinct replay_of) from q.job where batch is not null and queue = 'pay' and root_id in
    (select root_id from q.job where batch is null)`), String(each))
})

test('O5: sync, verify, prove and score replayed find their natural keys and change nothing', async () => {
  // the branch has gone on since its policy was looked for
  await world.sql(`select q.enqueue('sync', 'sync.policy', 'test:policy', jsonb_build_object('project_id', '${c.project.id}'))`)
  await world.quiet()
  const before = await checksum(), rows = await everyRow(), was = await history()
  const own = `select count(*) from q.job where batch is null and kind <> 'verify.deadline'`, jobs = await world.sql(own)
  const events = await world.sql('select count(*) from q.outbox')
  const [batch] = await lines('jobs', 'replay', '--state', 'done', '--rate', '1000/s', ...why)
  const end = await batchEnds(batch.batch)
  assert.deepEqual([end.released, end.done], [end.total, end.total])
  assert.equal(String(end.total), jobs)
  await world.quiet()
  await inert()
  assert.equal(await checksum(), before)
  assert.deepEqual(await everyRow(), rows)
  assert.equal(await history(), was)
  assert.equal(await world.sql('select count(*) from q.outbox'), events, 'no event is told again')
  assert.equal(await world.sql(own), jobs, 'no job but the replays is new')
})

test('O5: one job by its number; what it became is shown on both; every act is in the audit log', async () => {
  const id = Number(await world.sql(`select id from q.job where kind = 'score.payout' and batch is null`))
  const [batch] = await lines('jobs', 'replay', String(id), '--actor', 'grace', ...why)
  assert.deepEqual([batch.total, batch.actor, batch.reason], [1, 'cli:grace', 'the test of replays'])
  await batchEnds(batch.batch)
  const [made] = await lines('jobs', 'list', '--batch', String(batch.batch))
  assert.deepEqual([made.replay_of, made.state, made.kind], [id, 'done', 'score.payout'])
  const old = await json('jobs', 'show', String(id))
  assert.ok(old.replays.includes(made.id))
  assert.equal(old.runs.length, old.attempts)
  assert.match(await cli('jobs', 'show', String(made.id)), new RegExp(`^replay_of +${id}$`, 'm'))
  const log = await world.sql(`select actor_id, reason, detail::jsonb ->> 'jobs' from audit.log where action = 'operator.replay' and object_id = '${batch.batch}'`)
  assert.equal(log, 'cli:grace|the test of replays|1')
})

test('O5: a replay that is stopped lets nothing more out', async () => {
  const [batch] = await lines('jobs', 'replay', '--kind', 'sync.delivery', '--rate', '6/h', ...why)
  assert.ok(batch.total > 1)
  await until('the first is let out', async () => (await lines('jobs', 'replay', 'status', String(batch.batch)))[0].released === 1)
  const [stopped] = await lines('jobs', 'replay', 'stop', String(batch.batch), ...why)
  assert.deepEqual([stopped.state, stopped.released, stopped.waiting], ['stopped', 1, batch.total - 1])
  const end = await batchEnds(batch.batch)
  assert.equal(end.released, 1)
  assert.equal(await world.sql('select q.replay_release() is null'), 't', 'no replay is open any more')
  assert.match(await world.sql(`select action || ' ' || db_role from audit.log where object_id = '${batch.batch}' order by id desc limit 1`),
    /^operator\.replay_stop patchwork_operator$/)
})

test('O5: a job that would act, one that would wait and one that would be parked: the dry run says which, and that is what they do', async () => {
  const preview = async id => (await json('jobs', 'replay', String(id), '--dry-run')).looked_at.map(j => [j.outcome, j.code ?? null])[0]
  const replayed = async id => {
    const [{ batch }] = await lines('jobs', 'replay', String(id), '--rate', '1000/s', ...why)
    const run = `select r.state || ' ' || coalesce(r.error_code, '') || ' ' || j.id from q.run r join q.job j on j.id = r.job_id where j.batch = ${batch} and r.attempt = 1`
    const [state, code, made] = (await until(`the replay of ${id} has run`, () => world.sql(run))).split(' ')
    return { did: [state, code || null], made }
  }
  // Held back by a pause and cancelled: a job that has not done what it is for.
  const cancelled = async (kind, go) => {
    await cli('pause', 'kind', kind, ...why)
    const over = go()
    const id = await until(`${kind} is there`, () => world.sql(`select j.id from q.job j where j.kind = '${kind}' and q.state_of(j.id) in ('ready', 'held')`))
    await cli('jobs', 'cancel', id, ...why)
    await cli('resume', 'kind', kind, ...why)
    return [id, over]
  }
  let story
  const [quote] = await cancelled('pay.quote', () => { story = world.while(worker, world.play({ until: 'lineage told by the API' })) })
  story.catch(() => {})
  const due = `where id = (select (args ->> 'payout_id')::uuid from q.job where id = ${quote})`
  await world.sql(`update ledger.payout set due_at = now() + interval '1 hour' ${due}`)
  assert.deepEqual(await preview(quote), ['waits', 'pay.not_due'])
  const waiting = await replayed(quote)
  assert.deepEqual(waiting.did, ['snoozed', 'pay.not_due'])
  await cli('jobs', 'cancel', waiting.made, ...why)
  await world.sql(`update ledger.payout set due_at = now() ${due}`)
  const [send] = await cancelled('pay.send', () => replayed(quote))
  const sent = await operatorNonce(world)
  assert.deepEqual(await preview(send), ['acts', null])
  assert.equal(await operatorNonce(world), sent, 'it has said so and done nothing')
  assert.deepEqual((await replayed(send)).did, ['done', null])
  const { payout } = await story
  assert.equal((await releases(world.at, payout.chain_key)).length, 1)
  const nobody = await world.sql(`select q.enqueue('pay', 'pay.send', null, '{"payout_id": "00000000-0000-7000-8000-000000000000"}')`)
  const refused = await until('it is parked', () => world.sql(`select error_code from q.parked where job_id = ${nobody}`))
  assert.deepEqual(await preview(nobody), ['parks', refused])
  assert.deepEqual((await replayed(nobody)).did, ['parked', refused])
})

test('O7: lineage by command is the same from any id, with every hop in its order', async () => {
  const pull = `${c.project.full_name}#${c.pull.number}`
  const text = await cli('lineage', pull)
  const hops = text.split('\n').slice(1).filter(Boolean).map(l => l.split(/ {2,}/)[0])
  assert.deepEqual([...new Set(hops)], ['webhook', 'job', 'pull request', 'bounty', 'deposit', 'submission', 'evidence', 'verdict', 'proof',
    'payout', 'transaction', 'transfer', 'score'])
  for (const part of [c.proof.cid, c.payout.tx_hash, c.payout.id, c.merge.merged_delivery, String(c.pull.number)]) assert.ok(text.includes(part), part)
  const whole = await json('lineage', pull)
  for (const id of [c.payout.id, c.submission.id, c.merge.merged_delivery])
    assert.deepEqual((await json('lineage', id)).scores, whole.scores, id)
  await assert.rejects(cli('lineage', 'northwind/nothing#1'), /lineage\.not_found/)
})
