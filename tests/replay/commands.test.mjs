// B2, F41: commands in comments: who may, what counts, once each, one comment of ours that is edited; by workers that are killed at
// every point of these jobs.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { command } from '../stack/parts.mjs'
import { alive, launch, stop, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'
import { ended, faultPoints } from './points.mjs'

const PERSON = '00000000-0000-7000-8000-000000000001'
const PROJECT = '00000000-0000-7000-8000-000000000010'
const { kinds } = faultPoints()
const points = ['sync.command', 'sync.status'].flatMap(kind => kinds[kind].map(p => `${kind}.${p}`))

let stack
let repo
let ada
const workers = []
const sql = text => stack.sql(text)
const control = async (verb, body = {}) => {
  const resp = await fetch(`${stack.url('github')}/_control/${verb}`, { method: 'POST', body: JSON.stringify(body) })
  const json = await resp.json()
  assert.equal(resp.status, 200, JSON.stringify(json))
  return json
}
const comments = async n => (await fetch(`${stack.url('github')}/repositories/${repo.id}/issues/${n}/comments?per_page=100`)).json()
const ours = async n => (await comments(n)).filter(c => c.user.login === 'patchwork-bot')
const quiet = () => until('nothing is left to do', async () => await sql(`select (select count(*) from q.ready) + (select count(*) from q.claim)
  + (select count(*) from q.scheduled join q.job on id = job_id where kind <> 'verify.deadline')`) === '0', { timeout: 60_000 })
const refusals = n => sql(`select coalesce(string_agg(verb || ' ' || code, ', ' order by at, ordinal), '') from core.command where number = ${n} and code is not null`)
const parked = () => sql(`select coalesce(string_agg(j.kind || ' ' || r.error_code || ' ' || r.error, ', '), '') from q.parked p join q.job j on j.id = p.job_id
  join q.run r on r.job_id = p.job_id and r.attempt = p.attempt`)
const drafts = n => sql(`select coalesce(string_agg(b.amount || ' ' || b.state, ', ' order by b.created_at), '') from core.bounty b
  join core.issue i on i.id = b.issue_id where i.number = ${n}`)

function worker(env = {}) {
  const w = launch({
    argv: command(stack, 'work', 'sync'), env: { ...stack.as('patchwork_worker'), ...env }, log: stack.log('work'),
    pidFile: stack.pidFile(`work-${workers.length + 1}`), tied: 'SIGKILL',
  })
  workers.push(w)
  return w
}
// A worker that lives: each test runs alone, too.
const someone = () => workers.some(alive) || worker()

// The comment's delivery, as it was signed; body changes are made to it.
async function tell(number, user, text, { action = 'created', change } = {}) {
  if (action === 'created') await control('comment', { repo: 'ada/engine', number, user, body: text })
  const { body } = await control('deliver', { event: 'issue_comment', action, repo: 'ada/engine', number, sender: user, send: false })
  const json = JSON.parse(body)
  change?.(json)
  await sql(`with d as (insert into ingest.delivery (guid, event, secret_no, body, body_sha256)
    select '${randomUUID()}', 'issue_comment', 0, b, sha256(b) from (select convert_to($text$${JSON.stringify(json)}$text$, 'UTF8') as b) x returning id)
    select q.enqueue('sync', 'sync.delivery', 'delivery:' || id, jsonb_build_object('delivery_id', id)) from d`)
  return json
}
const issue = () => control('issue', { repo: 'ada/engine', user: 'grace', title: 'It stalls' }).then(t => t.number)

before(async () => {
  stack = await startStack({
    dir: mkdtempSync(join(tmpdir(), 'patchwork-commands-')), parts: ['postgres', 'github'], programs: 'san', fsync: false, migrate: true,
    conf: { 'worker.lease': '1s', 'worker.poll': '100ms' },
  })
  ada = await control('user', { login: 'ada', id: 41 })
  await control('user', { login: 'grace', id: 42 })
  repo = (await control('repo', { owner: 'ada', name: 'engine' })).repo
  await control('member', { repo: 'ada/engine', user: 'maria', permission: 'write' })
  await sql(`insert into core.person (id) values ('${PERSON}');
    insert into core.external_account (person_id, provider, provider_uid, login_display, method) values ('${PERSON}', 'github', ${ada.id}, 'ada', 'operator');
    insert into core.chain (id, caip2, confirmations, escrow) values (338, 'eip155:338', 1, decode(repeat('ee', 20), 'hex'));
    insert into core.asset (caip19, chain_id, token, symbol, decimals) values ('eip155:338/erc20:0xdd', 338, decode(repeat('dd', 20), 'hex'), 'PTD', 6);
    insert into core.project (id, repo_id, full_name, default_branch, state, created_by)
      values ('${PROJECT}', ${repo.id}, 'ada/engine', 'main', 'verified', '${PERSON}')`)
})
after(async () => {
  for (const w of workers) await stop(w)
  await stack?.stop({ remove: true })
})

test(`B2: one draft and one comment of ours, though a worker is killed at each of ${points.length} points`, async () => {
  const n = await issue()
  await tell(n, 'ada', 'Let us see.\n\n/bounty 12.5 ptd by 2031-01-31\n')
  for (const point of points) {
    const end = await Promise.race([ended(worker({ PATCHWORK_FAULT: `${point}:kill` })), quiet().then(() => 'all is done')])
    assert.equal(end, 'SIGKILL', `${point} is reached; parked: ${await parked()}`)
  }
  worker()
  await quiet()
  assert.equal(await drafts(n), '12500000 draft')
  assert.equal(await sql('select deadline_at at time zone \'UTC\' from core.bounty'), '2031-01-31 23:59:59')
  const [mine, ...more] = await ours(n)
  assert.deepEqual(more, [])
  assert.match(mine.body, /\| 12\.5 PTD \| draft \| 2031-01-31 \|/)
})

test('B2, F41: by whom it does not count, and where', async () => {
  someone()
  const n = await issue()
  await tell(n, 'grace', '/bounty 1 PTD') // may only read
  await tell(n, 'maria', '/bounty 2 PTD') // may write, has no account here
  await tell(n, 'ada', '```\n/bounty 3 PTD\n```\n> /bounty 4 PTD\n\n<!--\n/bounty 5 PTD\n-->\n please /bounty 6 PTD')
  await tell(n, 'ada', '/bounty 7 PTD', { change: d => { d.comment.user.type = 'Bot' } })
  await tell(n, 'ada', '/bounty 8 XYZ')
  await tell(n, 'ada', '/bounty 0.0000001 PTD')
  await tell(n, 'ada', '/bounty ten PTD')
  await tell(n, 'ada', '/bounty 1 PTD by 2001-01-01')
  await tell(n, 'ada', '/tip @grace 1 PTD')
  await quiet()
  assert.equal(await drafts(n), '')
  assert.deepEqual((await refusals(n)).split(', ').sort(), ['bounty bounty.asset_unknown', 'bounty bounty.deadline_past',
    'bounty command.account_unlinked', 'bounty command.amount', 'bounty command.forbidden', 'bounty command.malformed', 'tip command.unsupported'])
  assert.equal(await sql(`select string_agg(reason, ' ' order by id) from ingest.delivery where number = ${n} and state = 'ignored'`),
    'comment.no_command comment.not_human')
  const [mine, ...more] = await ours(n)
  assert.deepEqual(more, [], 'one comment, edited in place')
  assert.match(mine.body, /No bounty is on this issue/)
  assert.match(mine.body, /command\./)
})

test('F41: an edit counts while the bounty is a draft, a second delivery of one text never', async () => {
  someone()
  const n = await issue()
  const first = await tell(n, 'ada', '/bounty 5 PTD')
  await quiet()
  const edit = text => tell(n, 'ada', text, { action: 'edited', change: d => { Object.assign(d.comment, { id: first.comment.id, body: text, user: first.comment.user }) } })
  await edit('/bounty 6 PTD')
  await quiet()
  assert.equal(await drafts(n), '6000000 draft')
  await edit('/bounty 6 PTD')
  await quiet()
  assert.equal(await sql(`select count(*) from core.command where comment_id = ${first.comment.id}`), '2')
  await sql(`select core.bounty_move(id, 'deposit_seen', 'test', null) from core.bounty where amount = 6000000`)
  await edit('/bounty 9 PTD')
  await quiet()
  assert.equal(await drafts(n), '6000000 funding')
  assert.equal(await refusals(n), 'bounty command.too_late')
})

test('S6, F41: /claim by the author before the merge ties the pull request; by others, or after it, nothing', async () => {
  someone()
  const n = await issue()
  await tell(n, 'ada', '/bounty 11 PTD')
  await quiet()
  await sql(`select core.bounty_move(b.id, 'deposit_seen', 'test', null) from core.bounty b where amount = 11000000`)
  const p = await control('pull', { repo: 'ada/engine', user: 'grace', title: 'Better', commits: [{ message: 'x' }] })
  await sql(`select q.enqueue('sync', 'sync.pull', 'test:${p.number}', '{"project_id": "${PROJECT}", "number": ${p.number}}')`)
  await quiet()
  const links = () => sql(`select coalesce(string_agg(l.level || ' ' || l.source, ','), '') from core.pull_issue_link l join core.pull p on p.id = l.pull_id where p.number = ${p.number}`)
  await tell(p.number, 'maria', `/claim #${n}`)
  await quiet()
  assert.equal(await links(), '')
  const said = await tell(p.number, 'grace', `/claim #${n}`)
  await quiet()
  assert.equal(await links(), '4 claim_comment')
  await tell(p.number, 'maria', 'Nothing.', { action: 'edited', change: d => Object.assign(d.comment, { id: said.comment.id, body: 'Nothing.', user: said.comment.user }) })
  await quiet()
  assert.equal(await links(), '4 claim_comment', 'a maintainer who rewrites the comment drops no claim')
  assert.equal(await sql('select evidence_level from core.submission'), '4')
  const q = await control('pull', { repo: 'ada/engine', user: 'grace', title: 'Late', commits: [{ message: 'x' }] })
  await control('merge', { repo: 'ada/engine', number: q.number, by: 'ada' })
  await sql(`select q.enqueue('sync', 'sync.pull', 'test:${q.number}', '{"project_id": "${PROJECT}", "number": ${q.number}}')`)
  await quiet()
  await tell(q.number, 'grace', `/claim #${n}`)
  await quiet()
  assert.equal(await refusals(q.number), 'claim command.too_late')
  assert.equal(await sql('select count(*) from core.submission'), '1')
})

test('P9: /patchwork off: we write nothing more there, until it is on', async () => {
  someone()
  const n = await issue()
  await tell(n, 'maria', '/patchwork off')
  await quiet()
  assert.equal(await refusals(n), 'patchwork command.forbidden')
  const before = (await ours(n)).length
  await tell(n, 'ada', '/patchwork off')
  await tell(n, 'ada', '/bounty 1 PTD')
  await quiet()
  assert.equal((await ours(n)).length, before)
  assert.ok(!(await ours(n)).some(c => /1 PTD/.test(c.body)))
  await tell(n, 'ada', '/patchwork on')
  await quiet()
  assert.ok((await ours(n)).some(c => /1 PTD/.test(c.body)))
})

test('I14: patchwork evidence show prints a document by its hash, and nothing else', async () => {
  const sha = await sql(`select encode(sha256, 'hex') from ingest.evidence limit 1`)
  const [file, ...args] = command(stack, 'evidence', 'show', sha)
  const { stdout } = await promisify(execFile)(file, args, { env: { ...process.env, ...stack.as('patchwork_auditor') } })
  assert.equal(await sql(`select encode(sha256(convert_to($t$${stdout}$t$, 'UTF8')), 'hex')`), sha)
  const [f, ...none] = command(stack, 'evidence', 'show', '00'.repeat(32))
  await assert.rejects(promisify(execFile)(f, none, { env: { ...process.env, ...stack.as('patchwork_auditor') } }), /evidence.not_found/)
})
