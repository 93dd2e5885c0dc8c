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
const ends = kinds['sync.attempt'].map(p => `sync.attempt.${p}`)
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
const quiet = () => until('nothing is left to do', async () => await sql(`select (select count(*) from q.ready where queue = 'sync') + (select count(*) from q.claim)
  + (select count(*) from q.scheduled join q.job on id = job_id where kind not in ('verify.deadline', 'pay.refund')
  and (kind <> 'sync.attempt' or run_at <= now()))`) === '0', { timeout: 90_000 })
const refusals = n => sql(`select coalesce(string_agg(verb || ' ' || code, ', ' order by comment_id, at, ordinal), '') from core.command where number = ${n} and code is not null`)
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
  const made = action === 'created' ? await control('comment', { repo: 'ada/engine', number, user, body: text }) : null
  const { body } = await control('deliver', { event: 'issue_comment', action, repo: 'ada/engine', number, sender: user,
    comment: made?.comment.id, send: false })
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
    insert into core.project (id, repo_id, full_name, default_branch, state, created_by, comment_every)
      values ('${PROJECT}', ${repo.id}, 'ada/engine', 'main', 'verified', '${PERSON}', '0')`)
})
after(async () => {
  for (const w of workers) await stop(w)
  await stack?.stop({ remove: true })
})

test(`B2, F15: one draft and one comment of ours, though a worker is killed at each of ${points.length} points`, async () => {
  const n = await issue()
  await tell(n, 'ada', 'Let us see.\n\n/bounty 12.5 ptd by 2031-01-31\n')
  for (const point of points) {
    const end = await Promise.race([ended(worker({ PATCHWORK_FAULT: `${point}:kill` })), quiet().then(() => 'all is done')])
    assert.equal(end, 'SIGKILL', `${point} is reached; parked: ${await parked()}`)
  }
  worker()
  await quiet()
  assert.equal(await drafts(n), '12500000 draft')
  assert.equal(await sql('select hold from core.bounty'), '7 days')
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
  await sql('update core.asset set least = 1000000')
  await tell(n, 'ada', '/bounty 8 XYZ')
  await tell(n, 'ada', '/bounty 0.999999 PTD')
  await tell(n, 'ada', '/bounty 0.0000001 PTD')
  await tell(n, 'ada', '/bounty ten PTD')
  await tell(n, 'ada', '/bounty 1 PTD by 2001-01-01')
  await tell(n, 'ada', '/tip @grace 1 PTD')
  await quiet()
  await sql('update core.asset set least = 1')
  assert.equal(await drafts(n), '')
  assert.deepEqual((await refusals(n)).split(', ').sort(), ['bounty bounty.amount_least', 'bounty bounty.asset_unknown', 'bounty bounty.deadline_past',
    'bounty command.account_unlinked', 'bounty command.amount', 'bounty command.forbidden', 'bounty command.malformed', 'tip command.unsupported'])
  assert.equal(await sql(`select string_agg(reason, ' ' order by id) from ingest.delivery where number = ${n} and state = 'ignored'`),
    'comment.no_command comment.not_human')
  const [mine, ...more] = await ours(n)
  assert.deepEqual(more, [], 'one comment, edited in place')
  assert.match(mine.body, /No bounty is on this issue/)
  assert.match(mine.body, /\n- `\/tip` of ada: it is not offered \(`command\.unsupported`\)\n/)
  assert.match(mine.body, /\n- `\/bounty` of ada: it is not written as it must be: `\/bounty AMOUNT ASSET\[@CHAIN\][^`\n]*` \(`command\.malformed`\)\n/)
})

test('B2: the permission is read when the command is carried out, not when it was written; on a degraded project /bounty is refused', async () => {
  someone()
  const n = await issue()
  await sql(`select q.pause('kind', 'sync.command', 'test:held', 'until the permission has changed')`)
  const said = await tell(n, 'ada', '/bounty 3 PTD')
  await until('it waits', async () => await sql(`select count(*) from q.job where key like 'command:${said.comment.id}:%'`) === '1')
  await control('member', { repo: 'ada/engine', user: 'ada', permission: 'read' })
  await sql(`select q.resume('kind', 'sync.command', 'test:held', 'it has')`)
  await quiet()
  assert.deepEqual([await drafts(n), await refusals(n)], ['', 'bounty command.forbidden'])
  await control('member', { repo: 'ada/engine', user: 'ada', permission: 'admin' })
  await sql(`update core.project set state = 'degraded', state_reason = 'ownership.lost' where id = '${PROJECT}'`)
  await tell(n, 'ada', 'Again.\n\n/bounty 3 PTD\n')
  await quiet()
  assert.deepEqual([await drafts(n), await refusals(n)], ['', 'bounty command.forbidden, bounty project.unverified'])
  await sql(`update core.project set state = 'verified', state_reason = null where id = '${PROJECT}'`)
  await tell(n, 'ada', 'And again.\n\n/bounty 3 PTD\n')
  await quiet()
  assert.equal(await drafts(n), '3000000 draft')
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

// What `said` was edited to, `after` seconds later by GitHub's clock.
const edited = (said, n, by, text, after) => tell(n, by, text, { action: 'edited', change: d => Object.assign(d.comment, { id: said.comment.id,
  body: text, user: said.comment.user, updated_at: new Date(Date.parse(said.comment.updated_at) + 1000 * after).toISOString().replace('.000', '') }) })

test('F41: an edit carries out no command again, new ones only while the bounty is a draft, and makes no second draft', async () => {
  someone()
  const n = await issue()
  await sql(`insert into core.wallet (person_id, chain_id, caip10, address) values ('${PERSON}', 338, 'eip155:338:0xaa', decode(repeat('aa', 20), 'hex'))
    on conflict do nothing`)
  const first = await tell(n, 'ada', '/bounty 5 PTD by 2031-01-31')
  await quiet()
  await edited(first, n, 'ada', '/extend 2031-02-28\n/bounty 6 PTD by 2031-03-31', 10)
  await quiet()
  assert.equal(await drafts(n), '6000000 draft', 'a line above it makes no second one')
  await edited(first, n, 'ada', '/bounty 5 PTD by 2031-01-31', 20)
  await quiet()
  assert.equal(await drafts(n), '5000000 draft', 'what it said at first, it says again')
  const id = await sql(`select b.id from core.bounty b join core.issue i on i.id = b.issue_id where i.number = ${n}`)
  await sql(`select core.bounty_move('${id}', 'deposit_seen', 'test', null); select core.bounty_move('${id}', 'deposit_confirmed', 'test', null)`)
  await edited(first, n, 'ada', '/patchwork status\n/bounty 5 PTD by 2031-01-31\n\nMoney is there.', 30)
  await quiet()
  assert.deepEqual([await drafts(n), await refusals(n)], ['5000000 open', 'patchwork command.edited'])
  const work = await tell(n, 'ada', 'I try.\n\n/attempt')
  await quiet()
  assert.equal(await state(id), 'in_progress')
  await tell(n, 'ada', 'I do not.\n\n/unattempt')
  await quiet()
  await edited(work, n, 'ada', 'I tried.\n\n/attempt', 10)
  const more = await tell(n, 'ada', 'Let us see.')
  await edited(more, n, 'ada', '/extend 2031-06-30\n/cancel it is too dear\n/attempt', 10)
  await quiet()
  assert.equal(await state(id), 'open')
  assert.equal(await sql(`select (deadline_at at time zone 'UTC')::date from core.bounty where id = '${id}'`), '2031-01-31')
  assert.equal(await sql(`select count(*) from core.attempt where bounty_id = '${id}'`), '1')
  assert.equal(await refusals(n), ['patchwork', 'extend', 'cancel', 'attempt'].map(v => `${v} command.edited`).join(', '))
  assert.match(await body(n), /\n- `\/cancel` of ada: an edited comment gives no new commands/)
  await sql('delete from core.wallet')
})

test('F41: a command about another\'s draft that is edited into a /bounty changes nothing of that draft', async () => {
  someone()
  const n = await issue()
  await tell(n, 'ada', '/bounty 100 PTD')
  await quiet()
  const said = await tell(n, 'ada', '/attempt')
  await quiet()
  await edited(said, n, 'ada', '/bounty 1 PTD', 10)
  await quiet()
  assert.deepEqual([await drafts(n), await refusals(n)], ['100000000 draft, 1000000 draft', 'attempt command.no_wallet'])
})

test('F41: of two texts of one comment the later one counts, in whatever order they are read', async () => {
  someone()
  const n = await issue()
  const { comment } = await control('comment', { repo: 'ada/engine', number: n, user: 'ada', body: '/bounty 33 PTD' })
  comment.user = { id: ada.id, login: 'ada', type: 'User' }
  comment.updated_at = comment.created_at
  const read = async (amount, after) => {
    await edited({ comment }, n, 'ada', `/bounty ${amount} PTD`, after)
    await quiet()
  }
  await read(33, 20)
  await read(32, 10)
  assert.equal(await sql(`select core.command_do('${PROJECT}', ${n}, ${comment.id}, sha256('/bounty 32 PTD'), 1, ${ada.id}, 'ada', 'admin', 'bounty', true,
    '32', 'PTD', null, null, null, true, null, null, null, null, '${comment.created_at}', true, 1)`), '(command.superseded,,,f)')
  await tell(n, 'ada', '', { action: 'edited', change: d => Object.assign(d, { action: 'created', comment: { ...d.comment, ...comment, body: '/bounty 31 PTD' } }) })
  await quiet()
  assert.deepEqual([await drafts(n), await refusals(n)], ['33000000 draft', ''])
  await read(34, 30)
  await read(34, 30)
  await read(33, 40)
  await read(34, 30)
  assert.deepEqual([await drafts(n), await refusals(n)], ['33000000 draft', ''])
})

test('F41: a comment that another edited gives no command in its author\'s name', async () => {
  someone()
  const n = await issue()
  const first = await tell(n, 'ada', '/bounty 4 PTD')
  await quiet()
  const said = await tell(n, 'ada', 'Let us see.')
  const edit = (by, comment, text) => tell(n, by, text, { action: 'edited', change: d => Object.assign(d.comment, { id: comment.id, body: text, user: comment.user }) })
  const reason = () => sql(`select concat_ws(' ', state, reason) from ingest.delivery where number = ${n} order by id desc limit 1`)
  await edit('maria', said.comment, '/cancel it is mine now')
  await quiet()
  assert.equal(await reason(), 'ignored command.edited_by_other')
  await edit('maria', first.comment, '/bounty 1 PTD')
  await quiet()
  assert.equal(await drafts(n), '4000000 draft')
  assert.equal(await sql(`select count(*) from core.command where number = ${n}`), '1', 'nothing but the first one, not even a refusal')
  await edit('ada', said.comment, '/cancel it was mine')
  await quiet()
  assert.equal(await reason(), 'done')
  assert.equal(await drafts(n), '4000000 cancelled')
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
  const links = () => sql(`select coalesce(string_agg(l.level || ' ' || l.source, ','), '') from core.pull_issue_link l join core.pull p on p.id = l.pull_id where p.number = ${p.number} and withdrawn_at is null`)
  await tell(p.number, 'maria', `/claim #${n}`)
  await quiet()
  assert.equal(await links(), '')
  const said = await tell(p.number, 'grace', `/claim #${n}`)
  await quiet()
  assert.equal(await links(), '4 claim_comment')
  await control('comment_edit', { repo: 'ada/engine', number: p.number, body: 'Nothing.' })
  await tell(p.number, 'maria', 'Nothing.', { action: 'edited', change: d => Object.assign(d.comment, { id: said.comment.id, body: 'Nothing.', user: said.comment.user }) })
  await quiet()
  assert.equal(await links(), '')
  assert.equal(await sql(`select state || ' ' || evidence_level from core.submission`), 'seen 4', 'it is judged when it is merged, by a person')
  const q = await control('pull', { repo: 'ada/engine', user: 'grace', title: 'Late', commits: [{ message: 'x' }] })
  await control('merge', { repo: 'ada/engine', number: q.number, by: 'ada' })
  await sql(`select q.enqueue('sync', 'sync.pull', 'test:${q.number}', '{"project_id": "${PROJECT}", "number": ${q.number}}')`)
  await quiet()
  await tell(q.number, 'grace', `/claim #${n}`)
  await quiet()
  assert.equal(await refusals(q.number), 'claim command.too_late')
  assert.equal(await sql('select count(*) from core.submission'), '1')
})

test('S3, S6: who edits the author\'s comment or text claims nothing in the author\'s name; what the author claimed stays claimed', async () => {
  someone()
  const [n, bounty] = await open(19)
  const p = await control('pull', { repo: 'ada/engine', user: 'grace', title: 'Quietly', body: 'Nothing.', commits: [{ message: 'x' }] })
  const at = { repo: 'ada/engine', number: p.number }
  let looks = 0
  const synced = async () => {
    await sql(`select q.enqueue('sync', 'sync.pull', 'test:${p.number}:${++looks}', '{"project_id": "${PROJECT}", "number": ${p.number}}')`)
    await quiet()
    return sql(`select coalesce(string_agg(l.level || ' ' || l.source, ',' order by l.source), '') from core.pull_issue_link l join core.pull p on p.id = l.pull_id
      where p.number = ${p.number} and withdrawn_at is null`)
  }
  const submissions = () => sql(`select count(*) from core.submission where bounty_id = '${bounty}'`)
  await tell(p.number, 'grace', 'What do you think?')
  await control('comment_edit', { ...at, body: `/claim #${n}`, by: 'maria' })
  await tell(p.number, 'maria', '', { action: 'edited' })
  assert.equal(await synced(), '1 edited_claim_comment')
  await control('edit', { ...at, body: `Nothing.\n/claim #${n}`, by: 'maria' })
  assert.equal(await synced(), '1 edited_claim,1 edited_claim_comment')
  assert.equal(await submissions(), '0')
  await control('edit', { ...at, body: `Something.\n/claim #${n}`, by: 'grace' })
  assert.equal(await synced(), '4 claim,1 edited_claim_comment')
  assert.equal(await submissions(), '1')
  await control('edit', { ...at, body: `Something!\n/claim #${n}`, by: 'maria' })
  assert.equal(await synced(), '4 claim,1 edited_claim,1 edited_claim_comment', 'an edit of other words takes nothing away')
  await control('edit', { ...at, body: 'Something!', by: 'grace' })
  assert.equal(await synced(), '1 edited_claim_comment')
  await control('edit', { ...at, body: `/claim #${n}`, by: 'maria' })
  assert.equal(await synced(), '1 edited_claim,1 edited_claim_comment', 'nor gives it back')
})

// A bounty by comment that is open, without the money, which no step here looks at. -> [number, bounty's id]
async function open(amount) {
  const n = await issue()
  await tell(n, 'ada', `/bounty ${amount} PTD by 2031-01-31`)
  await quiet()
  const id = await sql(`select b.id from core.bounty b join core.issue i on i.id = b.issue_id where i.number = ${n}`)
  await sql(`select core.bounty_move('${id}', 'deposit_seen', 'test', null); select core.bounty_move('${id}', 'deposit_confirmed', 'test', null)`)
  await quiet()
  return [n, id]
}
const state = id => sql(`select state from core.bounty where id = '${id}'`)
const body = async n => (await ours(n)).at(-1).body

test('B16: many changes of a bounty are one comment, which shows the last and is not edited more often than it may be', async () => {
  someone()
  const [n, id] = await open(21)
  assert.match(await body(n), /\| 21 PTD \| open \|/)
  await sql(`update core.project set comment_every = '2 s'`)
  await fetch(`${stack.url('github')}/_control/log`, { method: 'DELETE' })
  for (let i = 0; i < 25; i++)
    await sql(`select core.bounty_move('${id}', 'attempt', 'test', null); select core.bounty_move('${id}', 'attempt_ended', 'test', null)`)
  await sql(`select core.bounty_move('${id}', 'attempt', 'test', null)`)
  await quiet()
  assert.notEqual(await sql(`select count(*) from q.run where error_code = 'sync.status_fresh'`), '0', 'what comes sooner waits')
  const edits = (await (await fetch(`${stack.url('github')}/_control/log`)).json()).filter(r => r.method === 'PATCH').map(r => Date.parse(r.at))
  assert.ok(edits.length >= 1)
  edits.slice(1).forEach((at, i) => assert.ok(at - edits[i] >= 1500, `${at - edits[i]} ms between two edits`))
  assert.equal((await ours(n)).length, 1)
  assert.match(await body(n), /\| 21 PTD \| in_progress \|/)
  await sql(`update core.project set comment_every = '0'`)
})

test('B16: a comment of ours that a person edited or removed is left alone, until somebody asks for it', async () => {
  someone()
  for (const change of [{ body: 'Mine now.' }, { remove: true }]) {
    const [n, id] = await open(22)
    await control('comment_edit', { repo: 'ada/engine', number: n, ...change })
    await sql(`select core.bounty_move('${id}', 'attempt', 'test', null)`)
    await quiet()
    assert.deepEqual((await comments(n)).map(c => c.body).slice(1), change.body ? ['Mine now.'] : [])
    assert.equal(await sql(`select held from core.status_comment where number = ${n}`), change.body ? 'edited' : 'removed')
    await sql(`select core.bounty_move('${id}', 'attempt_ended', 'test', null)`)
    await tell(n, 'grace', '/patchwork status')
    await quiet()
    assert.match(await body(n), /\| 22 PTD \| open \|/)
    assert.equal((await ours(n)).length, change.body ? 2 : 1, 'another one, once')
  }
})

test(`B10, B18, F15: /attempt and /unattempt: who may, for how long; a lease that ends, though a worker is killed at each of ${ends.length} points`, async () => {
  someone()
  const [n, id] = await open(23)
  const running = () => sql(`select count(*) from core.attempt where bounty_id = '${id}' and ended_at is null`)
  await tell(n, 'grace', '/attempt')
  await tell(n, 'ada', '/attempt')
  await quiet()
  assert.equal(await state(id), 'open')
  assert.deepEqual((await refusals(n)).split(', ').sort(), ['attempt command.account_unlinked', 'attempt command.no_wallet'])
  await sql(`insert into core.wallet (person_id, chain_id, caip10, address) values ('${PERSON}', 338, 'eip155:338:0xaa', decode(repeat('aa', 20), 'hex'))`)
  await tell(n, 'ada', 'Now.\n\n/attempt\n')
  await tell(n, 'ada', 'Again.\n\n/attempt\n')
  await quiet()
  assert.deepEqual([await state(id), await running()], ['in_progress', '1'])
  assert.match(await body(n), /\nada is at work, until 20\d\d-/)
  await tell(n, 'ada', 'No.\n\n/unattempt\n')
  await quiet()
  assert.deepEqual([await state(id), await running()], ['open', '0'])
  await tell(n, 'ada', 'Yes.\n\n/attempt\n')
  await quiet()
  const runs = `select count(*) from q.run where state = 'snoozed' and error_code = 'command.not_due'`
  const soon = `update q.scheduled set run_at = now() where job_id in (select id from q.job where kind = 'sync.attempt')`
  await sql(soon) // as when the clock goes back after it was claimed
  await until('it was too early', async () => Number(await sql(runs)) > 0)
  assert.deepEqual([await state(id), await running()], ['in_progress', '1'])
  for (const w of workers.splice(0)) await stop(w)
  await sql(`update core.attempt set ends_at = now() where bounty_id = '${id}'; ${soon}`)
  for (const point of ends) assert.equal(await ended(worker({ PATCHWORK_FAULT: `${point}:kill` })), 'SIGKILL', point)
  worker()
  await quiet()
  assert.deepEqual([await state(id), await running()], ['open', '0'])
  assert.equal(await sql(`select string_agg(reason, ' ' order by id) from core.attempt where bounty_id = '${id}'`), 'withdrawn lapsed')
  assert.equal(await sql(`select count(*) from q.outbox where topic = 'attempt.ended' and body ->> 'bounty_id' = '${id}'`), '2')
  assert.equal(await parked(), '')
})

test('B10: what an attempt needs: one bounty to be meant, one that was begun to end it, and no more than five at once', async () => {
  someone()
  const [n, id] = await open(23)
  await tell(n, 'ada', '/unattempt')
  await tell(n, 'ada', '/claim #1')
  await quiet()
  assert.equal(await refusals(n), 'unattempt command.no_attempt, claim command.not_here')
  await sql(`with more as (insert into core.bounty (project_id, issue_id, created_by, asset_id, amount, deadline_at, hold, state)
      select project_id, issue_id, created_by, asset_id, amount + g, deadline_at, hold, state from core.bounty, generate_series(1, 5) g where id = '${id}' returning id)
    insert into core.attempt (bounty_id, person_id, ends_at) select id, '${PERSON}', now() + interval '1 day' from more`)
  await sql(`insert into core.wallet (person_id, chain_id, caip10, address) values ('${PERSON}', 338, 'eip155:338:0xaa', decode(repeat('aa', 20), 'hex'))
    on conflict do nothing`)
  await tell(n, 'ada', '/attempt')
  const [m] = await open(23)
  await tell(m, 'ada', '/attempt')
  await quiet()
  assert.match(await refusals(n), /, attempt command\.ambiguous$/)
  assert.equal(await refusals(m), 'attempt command.attempts')
})

test('B10: drafts that anybody may make on the issue take no command from the bounty that has its money; /cancel wants it to be the only one', async () => {
  someone()
  const [n, id] = await open(23)
  await sql(`insert into core.bounty (project_id, issue_id, created_by, asset_id, amount, deadline_at, hold, state)
    select project_id, issue_id, created_by, asset_id, 1, deadline_at, hold, s from core.bounty, unnest(array['draft', 'funding']) s where id = '${id}'`)
  await tell(n, 'maria', '/extend 2031-06-01')
  await tell(n, 'ada', '/cancel it is not the only one')
  await quiet()
  assert.deepEqual([await state(id), await refusals(n)], ['open', 'cancel command.ambiguous'])
  assert.equal(await sql(`select string_agg((deadline_at at time zone 'UTC')::date || '', ' ' order by id = '${id}')
    from core.bounty where issue_id = (select issue_id from core.bounty where id = '${id}')`), '2031-01-31 2031-01-31 2031-06-01')
})

test('B7, B19, S20: /extend, /reject and /cancel: who may, what counts, and the reason in public', async () => {
  someone()
  const [n, id] = await open(24)
  await sql(`insert into core.contribution (bounty_id, funder_id, asset_id, deposit_tx, funder, log_index, amount, block_number, block_hash, state, lock_until)
    select id, '${PERSON}', asset_id, sha256(id::text::bytea), decode(repeat('aa', 20), 'hex'), 0, amount, 1, sha256('b'), 'confirmed', '2032-01-01' from core.bounty where id = '${id}'`)
  const until = () => sql(`select (deadline_at at time zone 'UTC')::date from core.bounty where id = '${id}'`)
  await tell(n, 'grace', '/extend 2031-06-01')
  await tell(n, 'ada', '/extend 2030-06-01')
  await tell(n, 'ada', '/extend 2031-12-30')
  await quiet()
  assert.equal(await until(), '2031-01-31')
  await tell(n, 'maria', '/extend 2031-06-01')
  await quiet()
  assert.equal(await until(), '2031-06-01')
  assert.match(await body(n), /\| open \| 2031-06-01 \|/)
  const p = await control('pull', { repo: 'ada/engine', user: 'grace', title: 'A try', body: `Fixes #${n}`, commits: [{ message: 'x' }] })
  await sql(`select q.enqueue('sync', 'sync.pull', 'test:${p.number}', '{"project_id": "${PROJECT}", "number": ${p.number}}')`)
  await quiet()
  await tell(n, 'ada', '/cancel it is not needed any more')
  await tell(n, 'grace', `/reject #${p.number} I want it`)
  await tell(n, 'maria', `/reject #99999 nothing`)
  await quiet()
  assert.equal(await state(id), 'open')
  await tell(n, 'maria', `/reject #${p.number} no tests, and \`code\` in it`)
  await quiet()
  assert.equal(await sql(`select state || ' ' || reason || ' ' || note from core.submission where bounty_id = '${id}'`),
    'rejected submission.refused no tests, and `code` in it')
  assert.ok((await body(n)).includes(`#${p.number} was refused: \`no tests, and 'code' in it\``))
  await tell(n, 'maria', '/cancel I do not like it')
  await quiet()
  assert.equal(await state(id), 'open')
  await tell(n, 'ada', '/cancel it is not needed any more')
  await quiet()
  assert.equal(await state(id), 'refunding')
  await tell(n, 'ada', '/cancel twice')
  await quiet()
  assert.deepEqual((await refusals(n)).split(', ').sort(), ['extend command.forbidden', 'extend command.sooner', 'extend command.lock_ends',
    'cancel command.claimed', 'reject command.forbidden', 'reject command.no_submission', 'cancel command.forbidden', 'cancel command.no_bounty'].sort())
})

test('F41, S3: /award: by whom, and about what; then once, however often it is carried out', async () => {
  someone()
  const [n, id] = await open(25)
  const pull = async title => {
    const p = await control('pull', { repo: 'ada/engine', user: 'grace', title, commits: [{ message: 'x' }] })
    return { ...p, sync: async () => {
      await sql(`select q.enqueue('sync', 'sync.pull', 'test:${p.number}:' || random(), '{"project_id": "${PROJECT}", "number": ${p.number}}')`)
      await quiet()
    } }
  }
  const p = await pull('By hand')
  await p.sync()
  await tell(n, 'maria', `/award #${p.number} it solves it`)
  await quiet()
  assert.equal(await refusals(n), 'award award.not_merged')
  await control('merge', { repo: 'ada/engine', number: p.number, by: 'ada' })
  await p.sync()
  await sql(`update core.bounty set created_at = now() - interval '1 day' where id = '${id}'`)
  await tell(n, 'grace', `/award #${p.number} I did it`) // the author, who may only read
  await tell(n, 'maria', `/award #${p.number} by a machine`, { change: d => { d.comment.user.type = 'Bot' } })
  await tell(n, 'maria', `> /award #${p.number} quoted\n\nNo.`)
  await tell(n, 'maria', `/award #${p.number} @grace:50 @ada:50 both`)
  await tell(n, 'maria', `/award ada/boat#${p.number} elsewhere`)
  await tell(n, 'maria', '/award #99999 nothing')
  await tell(p.number, 'maria', `/award #${p.number} here`)
  await quiet()
  assert.deepEqual((await refusals(n)).split(', ').sort(), ['award award.elsewhere', 'award award.no_pull', 'award award.not_merged',
    'award award.shares', 'award command.forbidden'])
  assert.equal(await refusals(p.number), 'award command.not_here')
  assert.equal(await sql(`select string_agg(reason, ' ' order by id) from ingest.delivery where number = ${n} and state = 'ignored'`),
    'comment.not_human comment.no_command')
  assert.equal(await sql('select count(*) from core.award'), '0')
  const said = await tell(n, 'maria', `It was merged before anybody linked it.\n\n/award #${p.number} it solves it, see \`engine.c\``)
  await quiet()
  const left = () => sql(`select concat_ws(' / ', (select string_agg(concat_ws(' ', comment_id, reason, at), ', ') from core.award),
    (select string_agg(concat_ws(' ', state, evidence_level, updated_at), ', ') from core.submission where bounty_id = '${id}'),
    (select count(*) from ingest.evidence where source_url like 'patchwork:comment/%'), (select count(*) from q.outbox where topic like 'submission.%'),
    (select count(*) from audit.log where action = 'submission.awarded'), (select count(*) from q.job where kind = 'verify.merge'),
    (select count(*) from core.command), (select count(*) from core.pull_issue_link))`)
  const once = await left()
  assert.match(once, new RegExp(`^${said.comment.id} it solves it, see .engine.c. .* / seen 0 .* / 1 / `))
  assert.ok((await body(n)).includes(`#${p.number} was awarded by maria: \`it solves it, see 'engine.c'\``), await body(n))
  const job = await sql(`select max(id) from q.job where kind = 'sync.command' and key like 'command:${said.comment.id}:%'`)
  for (let i = 0; i < 10; i++) {
    const [file, ...args] = command(stack, 'jobs', 'replay', job, '--reason', `replay ${i}`)
    await promisify(execFile)(file, args, { env: { ...process.env, ...stack.as('patchwork_operator') } })
  }
  await until('ten replays are done', async () => await sql(`select count(*) from q.job j join q.run r on r.job_id = j.id
    where j.replay_of = ${job} and r.state = 'done'`) === '10', { timeout: 90_000 })
  await quiet()
  assert.equal(await left(), once)
  assert.equal(await parked(), '')
})

test('P9: /patchwork off: within a minute we write nothing more there, until it is on', async () => {
  someone()
  const n = await issue()
  await tell(n, 'maria', '/patchwork off')
  await quiet()
  assert.equal(await refusals(n), 'patchwork command.forbidden')
  const before = (await ours(n)).length
  await tell(n, 'ada', '/patchwork off')
  await quiet()
  // by the database's clock, from the comment's delivery to the commit that stops us
  const took = Number(await sql(`with d as (select id, received_at from ingest.delivery where event = 'issue_comment' order by id desc limit 1)
    select extract(epoch from max(r.finished_at) - min(d.received_at)) from d join q.job t on t.key = 'delivery:' || d.id join q.job j on j.root_id = t.root_id
      join q.run r on r.job_id = j.id and r.state = 'done' where j.kind = 'sync.command'`))
  assert.ok(took > 0 && took <= 60, `${took} s`)
  await tell(n, 'ada', '/bounty 1 PTD')
  await quiet()
  assert.equal((await ours(n)).length, before)
  assert.ok(!(await ours(n)).some(c => /1 PTD/.test(c.body)))
  await sql(`update core.status_comment set asked_at = clock_timestamp() where number = ${n};
    select q.enqueue('sync', 'sync.status', 'test:off', '{"project_id": "${PROJECT}", "number": ${n}}')`)
  await quiet() // asked for while it is off
  await tell(n, 'ada', '/patchwork on')
  await quiet()
  assert.ok((await ours(n)).some(c => /1 PTD/.test(c.body)))
})

test('P9: /patchwork on: an open bounty is told of where nobody spoke to us, a draft is not; without it neither', async () => {
  someone()
  const spoken = await issue()
  const bounty = async n => {
    const id = await sql(`with i as (insert into core.issue (project_id, provider_issue_id, number, state) values ('${PROJECT}', ${9_000_000 + n}, ${n}, 'open') returning *)
      insert into core.bounty (project_id, issue_id, created_by, asset_id, amount, deadline_at, hold)
      select project_id, i.id, '${PERSON}', a.id, 1000000, '2031-01-31', '7 days' from i, core.asset a returning id`)
    await quiet()
    return id
  }
  const funding = id => sql(`select core.bounty_move('${id}', 'deposit_seen', 'test', null)`).then(quiet)
  await sql('update core.project set announce = false')
  const silent = await issue()
  await funding(await bounty(silent))
  assert.deepEqual(await ours(silent), [])
  await tell(spoken, 'ada', '/patchwork on')
  await quiet()
  const n = await issue()
  const id = await bounty(n)
  assert.deepEqual(await ours(n), [])
  await funding(id)
  const [mine, ...more] = await ours(n)
  assert.deepEqual(more, [])
  assert.match(mine.body, /\| 1 PTD \| funding \| 2031-01-31 \|/)
})

test('P10: our comment says that the policy file is not valid, and no more when it is', async () => {
  someone()
  const [n] = await open(23)
  const read = async text => {
    const { sha } = await control('file', { repo: 'ada/engine', path: '.github/patchwork.json', text })
    await sql(`select q.enqueue('sync', 'sync.policy', 'test:${sha}', '{"project_id": "${PROJECT}"}')`)
    await quiet()
    return sha
  }
  const sha = await read('{"version": 1, "colour": "red"}')
  assert.match(await body(n), new RegExp(`not valid since ${sha}: \`policy.unknown_key\``))
  await read('{"version": 1}')
  assert.doesNotMatch(await body(n), /not valid/)
})

test('I14: patchwork evidence show prints a document by its hash, and nothing else', async () => {
  const sha = await sql(`select encode(sha256, 'hex') from ingest.evidence limit 1`)
  const [file, ...args] = command(stack, 'evidence', 'show', sha)
  const { stdout } = await promisify(execFile)(file, args, { env: { ...process.env, ...stack.as('patchwork_auditor') } })
  assert.equal(await sql(`select encode(sha256(convert_to($t$${stdout}$t$, 'UTF8')), 'hex')`), sha)
  const [f, ...none] = command(stack, 'evidence', 'show', '00'.repeat(32))
  await assert.rejects(promisify(execFile)(f, none, { env: { ...process.env, ...stack.as('patchwork_auditor') } }), /evidence.not_found/)
})
