// An upgrade, as operating.md describes it: first the schema, while the release before goes on, then the programs. Its statements are
// recorded (tests/upgrade/previous.sql); `make check-upgrade` runs the program itself.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { command } from '../stack/parts.mjs'
import { launch, stop, tail, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'
import { Needs, PLPGSQL } from '../upgrade/needs.mjs'
import { hash, migrations, schema, statement, statements } from '../upgrade/previous.mjs'
import { ROOT, stageSources } from './points.mjs'
import { attemptsOf, look, referee, report } from './referee.mjs'

let stack
before(async () => {
  stack = await startStack({ dir: mkdtempSync(join(tmpdir(), 'patchwork-upgrade-')), parts: ['postgres', 'github'], programs: 'san', fsync: false, conf: { 'worker.poll': '250ms' } })
})
after(() => stack?.stop({ remove: true }))

// Deliveries as the API before takes them: one session, its statement prepared before the upgrade, one execution after the other.
class Writer {
  constructor() {
    const { inputs, text } = statements.get('sql/delivery/receive.sql')
    this.told = []
    this.child = spawn('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=0', '-h', stack.socket, '-p', stack.port('postgres'), '-U', 'postgres', '-d', 'patchwork'], { stdio: ['pipe', 'pipe', 'pipe'] })
    this.gone = new Promise(done => this.child.once('close', done))
    for (const out of [this.child.stdout, this.child.stderr]) createInterface({ input: out }).on('line', line => {
      this.told.push(line)
      if (!this.ending) this.next()
    })
    this.child.stdin.write(`set role patchwork_api; prepare receive (${inputs.join(', ')}) as ${text};\n`)
    this.next()
  }

  next() {
    this.child.stdin.write(`execute receive (gen_random_uuid(), null, 'star', 1, '\\x7b7d', sha256('x'), null);\n`)
  }

  async end() {
    this.ending = true
    this.child.stdin.end()
    await this.gone
    return this.told
  }
}

// A machine's token, as the API before makes one; who made it is in the audit log alone.
const SIGNED_IN = '00000000-0000-7000-8000-000000000001'
const signIn = () => stack.sql(`insert into core.person (id) values ('${SIGNED_IN}');
  with w as (insert into core.wallet (person_id, chain_id, caip10, address)
    values ('${SIGNED_IN}', 338, 'eip155:338:0xab', decode(repeat('ab', 20), 'hex')) returning id, person_id)
  insert into core.session (id, person_id, wallet_id, expires_at) select person_id, person_id, id, now() + interval '1 day' from w`)
const makeToken = name => {
  const { inputs, text } = statements.get('sql/token/create.sql')
  return stack.sql(`set role patchwork_api; prepare make (${inputs.join(', ')}) as ${text};
    execute make('${SIGNED_IN}', gen_random_uuid(), '${name}', 'me:read', sha256('${name}'), now() + interval '1 day', null)`)
}

// A bounty of before, on its way; what is made of it after the upgrade follows from its history.
const BOUNTY = '00000000-0000-7000-8000-000000000005'
const putBounty = () => stack.sql(`insert into core.chain (id, caip2, confirmations, escrow) values (338, 'eip155:338', 1, decode(repeat('ee', 20), 'hex'));
  insert into core.asset (caip19, chain_id, token, symbol, decimals) values ('eip155:338/erc20:0xdd', 338, decode(repeat('dd', 20), 'hex'), 'PTD', 6);
  insert into core.project (id, repo_id, full_name, state, created_by) values ('${BOUNTY}', 7, 'ada/engine', 'verified', '${SIGNED_IN}');
  insert into core.issue (id, project_id, number) values ('${BOUNTY}', '${BOUNTY}', 1);
  insert into core.bounty (id, project_id, issue_id, asset_id, amount, hold, deadline_at, created_by)
    select '${BOUNTY}', '${BOUNTY}', '${BOUNTY}', id, 5, '1 day', now() + interval '30 days', '${SIGNED_IN}' from core.asset`)
const move = event => stack.sql(`select core.bounty_move('${BOUNTY}', '${event}', 'test', null)`)

const worker = name => launch({
  argv: command(stack, 'work', 'sync'), env: stack.as('patchwork_worker'), log: stack.log(name), pidFile: stack.pidFile(name), tied: 'SIGKILL' })

test('O12: a migration that was released is there and unchanged', () => {
  assert.ok(migrations.length > 0)
  for (const m of migrations) assert.equal(hash(m.text), m.sha256, m.file)
})

test('O12, F47: each statement of the release before is what its program expects on this schema, for its roles', () => {
  const said = execFileSync(join(ROOT, 'tests/db/cluster.sh'), [join(ROOT, 'build/tests/upgrade/check_sql')], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  assert.match(said, new RegExp(`^${statements.size} passed, 0 failed$`, 'm'))
})

test('O12, F47: the schema is upgraded while the release before writes: nothing it does fails, no job is lost, each is done once', async () => {
  await stack.sql(schema())
  const writers = [new Writer(), new Writer(), new Writer()]
  const taken = () => writers.reduce((n, w) => n + w.told.length, 0)
  const more = async n => {
    const from = taken()
    await until(`${n} more deliveries`, () => taken() >= from + n)
  }
  await more(100)
  await signIn()
  await makeToken('earlier')
  await putBounty()
  await move('deposit_seen')
  await stack.run('patchwork_owner', 'migrate')
  await makeToken('later')
  await move('deposit_confirmed')
  assert.equal(await stack.sql(`select string_agg(concat_ws(' ', name, made_by), ', ' order by name) from core.session where kind = 'machine'`),
    `earlier ${SIGNED_IN}, later`, 'tokens of the release before')
  assert.equal(await stack.sql('select count(*) > ' + migrations.length + ' from core.migration'), 't', 'there was something to do')
  await more(100)
  const w = worker('new')
  await more(100)
  const told = (await Promise.all(writers.map(x => x.end()))).flat()
  assert.deepEqual(told.filter(line => !/^202\|new\|f\|\d+\|\d+$/.test(line)), [])
  await until('each delivery is done', async () => await stack.sql(`select count(*) from q.run where state = 'done'`) === String(told.length)).catch(e => {
    throw new Error(`${e.message}\n${tail(stack.log('new'))}`)
  })
  assert.equal(await stack.sql('select count(*) from ingest.delivery'), String(told.length))
  assert.equal(await stack.sql(`select count(*) from q.job j where kind = 'sync.delivery' and (select array_agg(r.state) from q.run r where r.job_id = j.id) is distinct from '{done}'`), '0')
  assert.equal(await stack.sql('select (select count(*) from q.ready) + (select count(*) from q.claim) + (select count(*) from q.parked)'), '0')
  await stop(w)
  assert.equal(await stack.sql(`select state || ' ' || count(*) from core.bounty b join core.bounty_event e on e.bounty_id = b.id group by state`), 'open 2')
  await stack.sql('select audit.seal()')
  const checks = ['I3', 'I5', 'I7', 'I8'] // those of which something is here
  const seen = await referee(await look({}, text => stack.sql(text), { attempts: attemptsOf(stageSources()) }), checks)
  assert.ok(seen.length === checks.length && seen.every(s => s.breaches.length === 0 && s.unasked.length === 0), `\n${report(seen)}`)
})

test('T4: what the API\'s role may do with which column is what its statements need, and those of the release before', async () => {
  const folder = join(ROOT, 'sql')
  const own = readdirSync(folder, { withFileTypes: true }).filter(d => d.isDirectory()).flatMap(d => readdirSync(join(folder, d.name)).map(f => `${d.name}/${f}`))
    .map(f => [f, statement(readFileSync(join(folder, f), 'utf8'))])
  const api = [...own, ...[...statements].map(([f, s]) => [`before: ${f}`, s])].filter(([, s]) => s.roles.includes('api'))
  assert.ok(api.some(([f]) => f === 'delivery/receive.sql') && api.some(([f]) => f === 'before: sql/delivery/receive.sql'))
  const needs = new Needs(stack)
  const { columns, any, reached } = needs.of(new Map(api))
  assert.deepEqual(reached.sort(), Object.keys(PLPGSQL).sort(), 'functions that are listed, and no others that name a table')
  for (const [name, { needs: tables }] of Object.entries(PLPGSQL))
    for (const [table, rights] of Object.entries(tables))
      for (const word of [table, ...Object.values(rights).join(' ').split(' ').filter(c => /\w/.test(c))])
        assert.match(needs.source(name), new RegExp(`\\b${word}\\b`), `${name} has to do with ${word}`)
  const held = new Set(needs.held('patchwork_api'))
  assert.deepEqual([...columns].filter(c => !held.has(c)).sort(), [], 'what it lacks')
  const of = table => [...held].filter(c => c.startsWith(`${table}.`))
  assert.deepEqual([...any].filter(t => of(t).length === 0), [], 'tables of which it lacks any column')
  const spare = [...any].filter(t => !of(t).some(c => columns.has(c))).map(t => of(t)[0]) // one of a table will do
  assert.deepEqual([...held].filter(c => !columns.has(c) && !spare.includes(c)).sort(), [], 'what it has and does not need')
})
