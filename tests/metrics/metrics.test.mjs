// What every process tells Prometheus while a contribution goes through all of them, and one trace from the webhook to the end.
import assert from 'node:assert/strict'
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { connect as dial } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { load } from '../peers/load.mjs'
import { Proxy } from '../replay/proxy.mjs'
import { ended, ROOT, World } from '../replay/world.mjs'
import { command } from '../stack/parts.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { deliver, github } from '../stack/scenario.mjs'

const { connect } = await load('nats')
let world, worker, ipfs, evm

before(async () => {
  ;[ipfs, evm] = [await Proxy.start(), await Proxy.start()]
  world = await World.start({ conf: { 'worker.metrics': '127.0.0.1:0', 'relay.metrics': '127.0.0.1:0', 'ipfs.api_url': ipfs.url, 'evm.url': evm.url } })
  ;[ipfs.target, evm.target] = [world.at.ipfs, world.at.evm]
  worker = world.worker({ PATCHWORK_LOG_LEVEL: 'debug' })
})
after(async () => {
  await world?.end()
  await ipfs?.stop()
  await evm?.stop()
})

const portOf = name => until(`${name} listens`, () =>
  readFileSync(world.stack.log(name), 'utf8').match(/event=metrics\.listening at=127\.0\.0\.1:0 port=(\d+)/)?.[1])
const address = async name => (name === 'api' ? world.at.api : `http://127.0.0.1:${await portOf(name)}`)
const scrape = async name => {
  const resp = await fetch(`${await address(name)}/metrics`)
  assert.equal(resp.status, 200)
  assert.match(resp.headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  return resp.text()
}
// name -> Set of its labels, without those that the format gives to histograms
const families = text => {
  const found = new Map([...text.matchAll(/^# TYPE (\w+) \w+$/gm)].map(m => [m[1], new Set()]))
  for (const [, name, labels] of text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const family = found.get(name) ?? found.get(name.replace(/_(bucket|sum|count)$/, ''))
    for (const [, label] of (labels ?? '').matchAll(/(\w+)="/g)) if (label !== 'le') family.add(label)
  }
  return found
}
// The sum of a metric's series that have all of these labels.
const value = (text, name, ...labels) => [...text.matchAll(new RegExp(`^${name}(\\{.*\\})? (\\S+)$`, 'gm'))]
  .filter(m => labels.every(l => m[1]?.includes(l))).reduce((n, m) => n + Number(m[2]), 0)

const documented = of => new Map([...readFileSync(join(ROOT, 'docs/operating.md'), 'utf8').match(/<!-- metrics -->[^]*?<!-- end -->/)[0]
  .matchAll(/^\| `(\w+)(?:\{([\w,]+)\})?` \| (\w+) \|/gm)].filter(m => of.includes(m[3])).map(m => [m[1], new Set(m[2]?.split(',') ?? [])]))
// Of things that a run may not have: a checkpoint, GitHub's word.
const MAY_BE_ABSENT = ['patchwork_audit_checkpoint_age_seconds']

const PROCESSES = { api: ['api', 'database'], work: ['work'], relay: ['relay'] }

test('O15: in a real run each process tells what operating.md lists, and promtool has nothing against it', async () => {
  const c = await world.play()
  assert.equal(c.payout.state, 'paid')
  await world.quiet()
  const body = '{"action":"created"}'
  const star = await fetch(`${world.at.api}/v1/webhooks/github`, { method: 'POST', body, headers: {
    'content-type': 'application/json', 'x-github-event': 'star', 'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${createHmac('sha256', world.at.webhook_secret).update(body).digest('hex')}` } })
  assert.equal(star.status, 202)
  await until('it is ignored', async () => value(await scrape('work'), 'patchwork_deliveries_ignored_total', 'reason="event.unsubscribed"') === 1)
  for (const [name, of] of Object.entries(PROCESSES)) {
    const text = await scrape(name)
    const checked = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    assert.equal(checked.status, 0, `${name}: ${checked.stdout}${checked.stderr}`)
    const told = families(text), wanted = documented(of)
    assert.deepEqual([...told.keys()].sort(), [...wanted.keys()].filter(n => !MAY_BE_ABSENT.includes(n) || told.has(n)).sort(), name)
    for (const [metric, labels] of told) assert.deepEqual([...labels].sort(), [...wanted.get(metric)].sort(), metric)
  }
})

test('O15: what was done is what is counted', async () => {
  const [api, work] = [await scrape('api'), await scrape('work')]
  const done = (await world.sql(`select j.queue, j.kind, count(*) from q.run r join q.job j on j.id = r.job_id where r.state = 'done' group by 1, 2`)).split('\n')
  for (const [stage, kind, n] of done.map(row => row.split('|')))
    assert.equal(value(work, 'patchwork_jobs_total', `stage="${stage}",kind="${kind}"`, 'outcome="done"'), Number(n), kind)
  assert.equal(value(work, 'patchwork_jobs_claimed_total'), value(work, 'patchwork_job_wait_seconds_count'))
  assert.equal(value(work, 'patchwork_job_duration_seconds_count'), value(work, 'patchwork_jobs_total') - value(work, 'patchwork_jobs_total', 'outcome="returned"'))
  assert.equal(value(work, 'patchwork_jobs_in_hand'), 0)
  assert.equal(value(work, 'patchwork_jobs_total', 'outcome="parked"'), 0)
  for (const service of ['github', 'ipfs', 'evm']) assert.ok(value(work, 'patchwork_outside_requests_total', `service="${service}"`, 'outcome="ok"') > 0, service)
  assert.ok(value(work, 'patchwork_github_budget_remaining', 'resource="core"') > 0)
  const deliveries = Number(await world.sql('select count(*) from ingest.delivery'))
  assert.equal(value(api, 'patchwork_webhook_deliveries_total', 'outcome="new"'), deliveries)
  assert.equal(value(api, 'patchwork_http_requests_total', 'route="/v1/webhooks/github"', 'class="2xx"'), deliveries)
  assert.equal(value(api, 'patchwork_http_request_seconds_count', 'route="/v1/webhooks/github"'), deliveries, 'a request is measured once')
  assert.equal(value(api, 'patchwork_queue_workers', 'queue="pay"'), 1)
  const published = Number(await world.sql('select count(*) from q.outbox'))
  await until('the relay has published', async () => value(await scrape('relay'), 'patchwork_relay_published_total') >= published)
  await until('the relay is not behind', async () => value(await scrape('relay'), 'patchwork_relay_lag_events') === 0)
  assert.equal(value(await scrape('relay'), 'patchwork_relay_leads'), 1)
})

test('X3: one trace: from the webhook through jobs, log lines and requests outside to the header on NATS', async () => {
  const id = randomBytes(16).toString('hex')
  const seen = { ipfs: [], evm: [] }
  ipfs.rule = asked => { seen.ipfs.push(asked.headers.traceparent) }
  evm.rule = asked => { seen.evm.push(asked.headers.traceparent) }
  const c = await world.play({ until: 'merged on GitHub, webhook taken' })
  await world.quiet()
  await fetch(`${world.at.github}/_control/log`, { method: 'DELETE' })
  seen.ipfs.length = seen.evm.length = 0
  await github(world.at, 'merge', { repo: c.project.full_name, number: c.pull.number, method: 'squash' })
  await deliver(world.at, 'pull_request', 'closed', c.project.full_name, c.pull.number, { traceparent: `00-${id}-b7ad6b7169203331-01` })
  await until('it is scored', async () => await world.sql(`select count(*) from q.outbox where topic = 'score.added' and trace like '00-${id}-%'`) === '1', { timeout: 90_000 })
  await world.quiet()

  const jobs = (await world.sql(`select id, kind, trace from q.job where trace like '00-${id}-%'`)).split('\n').map(l => l.split('|'))
  const kinds = ['pay.confirm', 'pay.quote', 'pay.send', 'prove.proof', 'score.payout', 'sync.delivery', 'verify.merge', 'verify.recheck']
  assert.deepEqual([...new Set(jobs.map(([, kind]) => kind))].sort(), kinds)
  const lines = readFileSync(world.stack.log('work'), 'utf8').split('\n').filter(l => /event=job\.(done|ended)/.test(l))
  for (const [job, kind, trace] of jobs) { // jobs that are settled as a batch have no line of their own
    const own = lines.filter(l => l.includes(` job=${job} `))
    assert.ok((own.length > 0 || kind === 'score.payout') && own.every(l => l.includes(` trace=${trace}`)), `log lines of ${kind} ${job}`)
  }

  const log = await (await fetch(`${world.at.github}/_control/log`)).json()
  const asked = { github: log.map(e => e.traceparent), ...seen }
  for (const [service, parents] of Object.entries(asked)) {
    assert.ok(parents.length > 0, service)
    for (const parent of parents) assert.match(parent ?? 'none', new RegExp(`^00-${id}-[0-9a-f]{16}-01$`), service)
  }
  const spans = Object.values(asked).flat()
  assert.equal(new Set(spans).size, spans.length, 'each request is a span of its own')

  const events = (await world.sql(`select event from q.outbox where trace like '00-${id}-%'`)).split('\n')
  const nc = await connect({ servers: world.stack.url('nats') })
  try {
    const consumer = await nc.jetstream().consumers.get('PW_EVENTS')
    const found = new Map()
    await until('all are on NATS', async () => {
      for await (const m of await consumer.fetch({ max_messages: 500, expires: 1000 }))
        if (events.includes(m.headers.get('Nats-Msg-Id'))) found.set(m.headers.get('Nats-Msg-Id'), m)
      return found.size === events.length
    })
    for (const m of found.values()) {
      assert.match(m.headers.get('traceparent'), new RegExp(`^00-${id}-`))
      assert.equal(m.json().traceparent, m.headers.get('traceparent'))
    }
  } finally {
    await nc.close()
  }
})

const raw = (port, text) => new Promise((done, failed) => {
  let said = ''
  const socket = dial(port, '127.0.0.1', () => socket.write(text))
  socket.setTimeout(30_000, () => failed(new Error('the connection stays open')))
  socket.on('data', d => { said += d }).on('close', () => done(said)).on('error', () => done(said))
})

test('the listener answers GET /metrics and nothing else, and takes no more than it needs', async () => {
  const port = await portOf('work'), at = `http://127.0.0.1:${port}`
  assert.equal((await fetch(`${at}/`)).status, 404)
  assert.equal((await fetch(`${at}/metrics`, { method: 'POST', body: 'x'.repeat(100_000) }).catch(() => ({ status: 405 }))).status, 405)
  assert.match(await raw(port, `GET /metrics HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 4\d\d |^$/)
  assert.match(await raw(port, 'no http at all\r\n\r\n'), /^HTTP\/1\.\d 4\d\d |^$/)
  assert.equal(await raw(port, 'GET /metr'), '', 'half a request is given up')
  assert.match(await scrape('work'), /^patchwork_jobs_total/m)
})

test('a Unix socket serves as well; an address that is taken ends the start with metrics.listen', async () => {
  const path = world.stack.path('metrics.sock')
  const second = world.worker({ PATCHWORK_WORKER_METRICS: `unix:${path}` }, ['score'])
  const text = await until('it answers', () => new Promise(done => {
    request({ socketPath: path, path: '/metrics' }, async resp => {
      let body = ''
      for await (const d of resp) body += d
      done(body)
    }).on('error', () => done(null)).end()
  }))
  assert.match(text, /^patchwork_jobs_claimed_total\{stage="score"\} \d+$/m)
  assert.ok(!text.includes('stage="pay"'), 'only what it runs')
  await stop(second)
  const third = launch({ argv: command(world.stack, 'work', 'score'), log: world.stack.log('third'), pidFile: world.stack.pidFile('third'), tied: 'SIGKILL',
    env: { ...world.stack.as('patchwork_worker'), PATCHWORK_WORKER_METRICS: `127.0.0.1:${await portOf('work')}` } })
  assert.equal(await ended(third), 3)
  assert.match(readFileSync(world.stack.log('third'), 'utf8'), /metrics\.listen: .*Address already in use/)
})

test('a scrape costs the same with four times as many jobs, and counts no further than it says', async () => {
  const touched = async () => {
    const [{ Plan: plan }] = JSON.parse(await world.sql('explain (analyze, buffers, format json) select * from q.depths()'))
    return plan['Shared Hit Blocks'] + plan['Shared Read Blocks']
  }
  const fill = n => world.sql(`insert into q.ready (queue, prio, job_id) select 'bulk', 0, -g from generate_series(1, ${n}) g`)
  await fill(50_000)
  const few = await touched()
  await fill(150_000)
  const many = await touched()
  assert.ok(many < few * 1.5, `${few} blocks with 50,000 jobs, ${many} with 200,000`)
  assert.equal(value(await scrape('api'), 'patchwork_queue_jobs', 'queue="bulk",state="ready"'), 10_000)
  await world.sql(`delete from q.ready where queue = 'bulk'`)
})

test('O15: how long the first job in line has waited, and the oldest payment that no chain has decided', async () => {
  const oldest = async () => value(await scrape('api'), 'patchwork_queue_oldest_seconds', 'queue="bulk"')
  const lag = async () => value(await scrape('api'), 'patchwork_chain_confirm_lag_seconds')
  assert.deepEqual([await oldest(), await lag()], [0, 0])
  await world.sql(`select q.enqueue('bulk', 'bulk.one', null, '{}') from generate_series(1, 2)`)
  await world.sql(`update q.job set created_at = now() - interval '1 hour' * (3 - x.n) from (select job_id, row_number() over (order by seq) as n
    from q.ready where queue = 'bulk') x where id = x.job_id`)
  const waited = await oldest()
  assert.ok(waited >= 7200 && waited < 7800, String(waited))
  await world.sql(`delete from q.ready where queue = 'bulk'`)
  const [id, state, sent] = (await world.sql('select id, state, sent_at from ledger.tx_intent order by id limit 1')).split('|')
  const put = (to, at) => world.sql(`begin; set local session_replication_role = replica; update ledger.tx_intent set state = '${to}', sent_at = ${at} where id = '${id}'; commit`)
  await put('sent', `now() - interval '1 hour'`)
  const open = await lag()
  await put(state, `'${sent}'`)
  assert.ok(open >= 3600 && open < 4200, String(open))
  assert.deepEqual([await oldest(), await lag()], [0, 0])
})

test('O15: books that disagree with themselves are told, by asset, each way', async () => {
  await until('a worker has checked them', async () => await world.sql('select count(*) = (select count(*) from core.asset) and count(*) > 0 from ledger.books') === 't')
  const asset = await world.sql(`select caip19 from core.asset a join ledger.entry e on e.asset_id = a.id limit 1`)
  const told = async () => {
    assert.equal(await world.sql(`select ledger.books_check('0')`), 't')
    return value(await scrape('api'), 'patchwork_ledger_unbalanced_units', `asset="${asset}"`)
  }
  assert.equal(await told(), 0)
  const ways = [ // a column, and its row; the first entry is of a funder, whose transfer alone it unbalances
    ['ledger.balance', 'posted', 'account_id = (select account_id from ledger.balance order by 1 limit 1)'],
    ['ledger.payout', 'amount', 'id = (select id from ledger.payout order by 1 limit 1)'],
    ['core.contribution', 'amount', `id = (select id from core.contribution where state = 'confirmed' order by 1 limit 1)`],
    ['ledger.entry', 'amount', '(transfer_id, line) = (select transfer_id, line from ledger.entry order by 1, 2 limit 1)'],
  ]
  for (const [table, column, row] of ways) {
    const add = n => world.sql(`begin; set local session_replication_role = replica; update ${table} set ${column} = ${column} + ${n} where ${row}; commit`)
    await add(1)
    const units = await told()
    await add(-1)
    assert.ok(units > 0, table)
    assert.equal(await told(), 0, `${table} is mended`)
  }
})

test('O15: a transaction that stays open is seen by its age, by the role that may not see its query', async () => {
  const held = world.sql('begin; select pg_current_xact_id() as held; select pg_sleep(60)').catch(() => 'ended')
  const age = async () => value(await scrape('api'), 'patchwork_xmin_age_transactions')
  const pid = await until('it is open', () => world.sql(`select pid from pg_stat_activity where query like '%pg_sleep(60)' and backend_xid is not null and pid <> pg_backend_pid()`))
  await world.sql(Array(40).fill('select pg_current_xact_id();').join('\n'))
  assert.ok(await age() >= 40)
  await world.sql(`select pg_terminate_backend(${pid})`)
  assert.equal(await held, 'ended')
  await until('its age is gone', async () => await age() < 40)
})
