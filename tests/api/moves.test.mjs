// S1, I13, P7, F12, F13, F14: pull requests through their lives, issues that are transferred or deleted, repositories that are renamed,
// given away, hidden or gone, apps that are suspended, and a GitHub that lies: what becomes of projects, bounties and jobs, by real
// workers.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { command } from '../stack/parts.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'
import { eachSeed } from '../seed.mjs'

const PERSON = '00000000-0000-7000-8000-000000000001'
const GRACE = '00000000-0000-7000-8000-000000000003'
const ASSET = '00000000-0000-7000-8000-000000000002'

let stack
let worker
let serial = 0
const sql = text => stack.sql(text)
const control = async (verb, body = {}) => {
  const resp = await fetch(`${stack.url('github')}/_control/${verb}`, { method: 'POST', body: JSON.stringify(body) })
  const json = await resp.json()
  assert.equal(resp.status, 200, JSON.stringify(json))
  return json
}
// What verify waits for, and what it hands on, stays.
const quiet = () => until('all is done that can be', async () => await sql(`select (select count(*) from q.ready
  where queue in ('sync', 'verify')) + (select count(*) from q.claim) + (select count(*) from q.scheduled where queue = 'sync')`) === '0', { timeout: 60_000 })

async function project() {
  const name = `engine-${++serial}`
  const { repo } = await control('repo', { owner: 'ada', name })
  const id = await sql(`insert into core.project (repo_id, full_name, default_branch, state, hook_alive_at, created_by)
    values (${repo.id}, 'ada/${name}', 'main', 'verified', now(), '${PERSON}') returning id`)
  return { id, repo, name: `ada/${name}` }
}

// A bounty in `open`, without the money, which no step here looks at.
async function bounty(p, number, state = 'open') {
  const id = await sql(`with i as (insert into core.issue (project_id, number, state, provider_issue_id) values ('${p.id}', ${number}, 'open', ${++serial})
      returning id) insert into core.bounty (project_id, issue_id, asset_id, amount, hold, deadline_at, created_by)
    select '${p.id}', id, '${ASSET}', 1000, '0', now() + interval '1 year', '${PERSON}' from i returning id`)
  if (state === 'open') await sql(`select core.bounty_move('${id}', 'deposit_seen', 'test', null); select core.bounty_move('${id}', 'deposit_confirmed', 'test', null)`)
  return id
}

async function put(event, json) {
  await sql(`with d as (insert into ingest.delivery (guid, event, secret_no, body, body_sha256)
    select '${randomUUID()}', '${event}', 0, b, sha256(b) from (select convert_to($text$${JSON.stringify(json)}$text$, 'UTF8') as b) x returning id)
    select q.enqueue('sync', 'sync.delivery', 'delivery:' || id, jsonb_build_object('delivery_id', id)) from d`)
  await quiet()
}
async function tell(p, event, action, number, change, more = {}) {
  const { body } = await control('deliver', { event, action, repo: p.name, number, send: false, ...more })
  const json = JSON.parse(body)
  change?.(json)
  await put(event, json)
}
const repository = (p, action) => put('repository', { action, repository: { id: p.repo.id, full_name: p.name } })
const state = p => sql(`select concat_ws(' ', state, state_reason) from core.project where id = '${p.id}'`)
const of = id => sql(`select b.state || ' ' || p.full_name || '#' || i.number from core.bounty b join core.project p on p.id = b.project_id
  join core.issue i on i.id = b.issue_id where b.id = '${id}'`)

before(async () => {
  stack = await startStack({
    dir: mkdtempSync(join(tmpdir(), 'patchwork-moves-')), parts: ['postgres', 'github'], programs: 'san', fsync: false, migrate: true,
    conf: { 'worker.poll': '100ms', 'evm.chain_id': 338, 'evm.escrow': `0x${'ee'.repeat(20)}` },
  })
  const grace = await control('user', { login: 'grace', id: 42 })
  await sql(`insert into core.person (id) values ('${PERSON}'), ('${GRACE}');
    insert into core.external_account (person_id, provider, provider_uid, login_display, method) values ('${GRACE}', 'github', ${grace.id}, 'grace', 'operator');
    insert into core.chain (id, caip2, confirmations, escrow) values (338, 'eip155:338', 1, decode(repeat('ee', 20), 'hex'));
    insert into core.asset (id, caip19, chain_id, token, symbol, decimals)
      values ('${ASSET}', 'eip155:338/erc20:0xdd', 338, decode(repeat('dd', 20), 'hex'), 'PTD', 6)`)
  worker = launch({
    argv: command(stack, 'work', 'sync', 'verify'), env: stack.as('patchwork_worker'), log: stack.log('work'), pidFile: stack.pidFile('work'),
    tied: 'SIGKILL',
  })
})
after(async () => {
  if (worker) await stop(worker)
  await stack?.stop({ remove: true })
})

test('I13: a transferred issue: its bounty follows to a registered repository', async () => {
  const [from, to] = [await project(), await project()]
  for (const p of [from, to]) await control('issue', { repo: p.name, user: 'grace', title: 'It stalls' })
  const id = await bounty(from, 1)
  await tell(from, 'issues', 'transferred', 1, d => { d.changes = { new_repository: { id: to.repo.id }, new_issue: { id: 9, number: 1 } } })
  assert.equal(await of(id), `open ${to.name}#1`)
  assert.equal(await sql(`select state || ' ' || state_reason from core.issue where project_id = '${from.id}'`), 'closed transferred')
  assert.equal(await sql(`select title from core.issue where project_id = '${to.id}' and number = 1`), 'It stalls')
  assert.equal(await sql(`select count(*) from q.outbox where topic = 'bounty.moved'`), '1')
})

test('I13: to a repository that nobody registered: it stands still', async () => {
  const p = await project()
  await control('issue', { repo: p.name, user: 'grace', title: 'It stalls' })
  const id = await bounty(p, 1)
  await tell(p, 'issues', 'transferred', 1, d => { d.changes = { new_repository: { id: 4711 }, new_issue: { id: 9, number: 1 } } })
  assert.equal(await of(id), `frozen ${p.name}#1`)
})

test('I13: a deleted issue: the money goes back, a draft is cancelled', async () => {
  const p = await project()
  for (const title of ['one', 'two']) await control('issue', { repo: p.name, user: 'grace', title })
  const [open, draft] = [await bounty(p, 1), await bounty(p, 2, 'draft')]
  for (const n of [1, 2]) await tell(p, 'issues', 'deleted', n)
  assert.equal(await of(open), `refunding ${p.name}#1`)
  assert.equal(await of(draft), `cancelled ${p.name}#2`)
})

test('I13: an issue that GitHub answers 410 for: the same', async () => {
  const p = await project()
  const id = await bounty(p, 1)
  await control('fault', { match: { path: '/issues/1$' }, status: 410, json: { message: 'This issue was deleted' } })
  await sql(`select q.enqueue('sync', 'sync.issue', 'test:gone', jsonb_build_object('issue_id', issue_id)) from core.bounty where id = '${id}'`)
  await quiet()
  assert.equal(await of(id), `refunding ${p.name}#1`)
  assert.equal(await sql(`select state || ' ' || state_reason from core.issue where project_id = '${p.id}'`), 'closed deleted')
})

test('P7, F13: a repository is renamed while a delivery with its old name waits: found by its id', t => eachSeed(t, 1, async ({ shuffle }) => {
  const p = await project()
  await control('issue', { repo: p.name, user: 'grace', title: 'It stalls' })
  const id = await bounty(p, 1)
  const pull = await control('pull', { repo: p.name, user: 'grace', title: 'Fix', body: 'Fixes #1', commits: [{ message: 'x' }] })
  const { body } = await control('deliver', { event: 'pull_request', action: 'opened', repo: p.name, number: pull.number, send: false })
  await control('rename', { repo: p.name, name: `renamed-${serial}`, owner: 'lovelace' })
  const name = `lovelace/renamed-${serial}`
  const late = [['pull_request', JSON.parse(body)], ['repository', { action: 'renamed', repository: { id: p.repo.id, full_name: name } }]]
  for (const [event, json] of shuffle(late)) await put(event, json)
  assert.equal(await sql(`select count(*) from core.submission where bounty_id = '${id}' and evidence_level = 5`), '1')
  assert.equal(await sql(`select full_name from core.project where id = '${p.id}'`), `lovelace/renamed-${serial}`)
  assert.equal(await of(id), `open lovelace/renamed-${serial}#1`)
}))

test('F8: thirty deliveries of one new pull request at once: one row, and none is parked because of another', t => eachSeed(t, 1, async ({ shuffle }) => {
  const p = await project()
  const pull = await control('pull', { repo: p.name, user: 'grace', title: 'Fix', body: 'Fixes #1', commits: [{ message: 'x' }] })
  const bodies = []
  for (let i = 0; i < 30; i++) {
    if (i % 5 === 4) await control('edit', { repo: p.name, number: pull.number, title: `Fix ${i}` })
    bodies.push((await control('deliver', { event: 'pull_request', action: i ? 'edited' : 'opened', repo: p.name, number: pull.number, send: false })).body)
  }
  await sql(shuffle(bodies).map(b => `with d as (insert into ingest.delivery (guid, event, secret_no, body, body_sha256)
    select gen_random_uuid(), 'pull_request', 0, b, sha256(b) from (select convert_to($text$${b}$text$, 'UTF8') as b) x returning id)
    select q.enqueue('sync', 'sync.delivery', 'delivery:' || id, jsonb_build_object('delivery_id', id)) from d;`).join('\n'))
  await quiet()
  assert.equal(await sql(`select count(*) || ' ' || min(title) from core.pull where project_id = '${p.id}'`), '1 Fix 29')
  assert.equal(await sql('select count(*) from q.parked'), '0')
}))

test('F14: an app that is suspended leaves its projects degraded, what is open stays; unsuspended: verified again', async () => {
  const p = await project()
  await control('issue', { repo: p.name, user: 'grace', title: 'It stalls' })
  const id = await bounty(p, 1)
  const said = action => put('installation', { action, installation: { id: 1 }, repositories: [{ id: p.repo.id, full_name: p.name }] })
  await said('suspend')
  assert.equal(await state(p), 'degraded installation.suspended')
  assert.equal(await of(id), `open ${p.name}#1`)
  await said('unsuspend')
  assert.equal(await state(p), 'verified')
  await said('deleted')
  assert.equal(await state(p), 'degraded installation.deleted')
  await put('installation_repositories', { action: 'added', installation: { id: 1 }, repositories_added: [{ id: p.repo.id, full_name: p.name }] })
  assert.equal(await state(p), 'verified')
})

test('F14: whatever an app goes through, the last of it counts', t => eachSeed(t, 1, async ({ pick }) => {
  const ways = { verified: ['suspend', 'deleted'], suspend: ['unsuspend', 'deleted'], deleted: ['created'] }
  const ends = { suspend: 'degraded installation.suspended', deleted: 'degraded installation.deleted' }
  const p = await project()
  let at = 'verified'
  await installed(p, 'created')
  for (let i = 0; i < 8; i++) {
    const action = pick(ways[at])
    await installed(p, action)
    at = ways[action] ? action : 'verified'
    assert.equal(await state(p), ends[at] ?? 'verified', action)
  }
}))

// What somebody has shown, once, about whose the repository is; GitHub is asked about it again whenever a delivery makes that necessary.
const shown = (p, method) => sql(`insert into core.ownership_check (project_id, person_id, method, state, checked_at, proven_at, runs)
  values ('${p.id}', '${GRACE}', '${method}', 'passed', now(), now(), 1) returning id`)
const installed = (p, action, more = {}) => put('installation', { action, installation: { id: 100 + p.repo.id }, repositories: [{ id: p.repo.id, full_name: p.name }], ...more })

test('F14: suspended lasts: neither a check that passes, nor a read, nor a ping verifies what only the App could read', async () => {
  const p = await project()
  await installed(p, 'created')
  await installed(p, 'suspend', { repositories: [] })
  assert.equal(await state(p), 'degraded installation.suspended', 'though the delivery names none of its repositories')
  await repository(p, 'edited')
  assert.equal(await state(p), 'degraded installation.suspended', 'it can be read in another name')
  await put('ping', { hook_id: 1, repository: { id: p.repo.id, full_name: p.name } })
  assert.equal(await state(p), 'degraded installation.suspended', 'a signed ping')
  await sql(`update core.project set state = 'lost' where id = '${p.id}'`)
  await put('ping', { hook_id: 1, repository: { id: p.repo.id, full_name: p.name } })
  assert.equal(await state(p), 'degraded installation.suspended', 'lost, and a new proof: it is looked at, no more')
  await installed(p, 'unsuspend', { repositories: [] })
  assert.equal(await state(p), 'verified')
})

test('F14: who has shown without the App that it is his keeps it verified while it can be read without the App, and no longer', async () => {
  const p = await project()
  await control('member', { repo: p.name, user: 'grace', permission: 'admin' })
  await installed(p, 'created')
  await shown(p, 'permission')
  await installed(p, 'suspend')
  assert.equal(await state(p), 'verified')
  assert.equal(await sql(`select string_agg(body->>'reason', ',') from q.outbox where topic = 'project.degraded' and project_id = '${p.id}'`), 'installation.suspended',
    'until it was read')
  await control('member', { repo: p.name, user: 'grace', permission: 'read' })
  await put('member', { action: 'removed', repository: { id: p.repo.id, full_name: p.name } })
  assert.equal(await state(p), 'degraded ownership.lost')
})

test('P5: private lasts: a ping and a proof have it read again, and do not verify it', async () => {
  const p = await project()
  await control('member', { repo: p.name, user: 'grace', permission: 'admin' })
  await shown(p, 'permission')
  await sql(`update core.project set state = 'degraded', state_reason = 'project.private' where id = '${p.id}'`)
  await control('fault', { match: { path: `^/repositories/${p.repo.id}$` }, times: 1, patch: { private: true } })
  await put('ping', { hook_id: 1, repository: { id: p.repo.id, full_name: p.name } })
  assert.equal(await state(p), 'degraded project.private')
  await put('member', { action: 'added', repository: { id: p.repo.id, full_name: p.name } })
  assert.equal(await state(p), 'verified', 'public again, and read because of the proof')
})

test('P7: a repository that is transferred: its old owner\'s role ends, the project waits for the new one', async () => {
  const p = await project()
  await control('member', { repo: p.name, user: 'grace', permission: 'admin' })
  const check = await shown(p, 'permission')
  await sql(`insert into core.role_grant (person_id, role, project_id, granted_by) values ('${GRACE}', 'owner', '${p.id}', 'check/${check}')`)
  await control('rename', { repo: p.name, name: p.name.split('/')[1], owner: 'lovelace' })
  const name = `lovelace/${p.name.split('/')[1]}`
  await control('member', { repo: name, user: 'grace', permission: 'read' })
  await put('repository', { action: 'transferred', repository: { id: p.repo.id, full_name: name } })
  assert.equal(await sql(`select concat_ws(' ', full_name, state, state_reason) from core.project where id = '${p.id}'`), `${name} degraded ownership.lost`)
  assert.equal(await sql(`select count(*) from core.role_grant where project_id = '${p.id}' and revoked_at is null`), '0')
})

test('P5: privatized: degraded until it is public again; archived: read and shown, and no reason to doubt whose it is', async () => {
  const p = await project()
  const told = (action, seen) => control('fault', { match: { path: `^/repositories/${p.repo.id}$` }, times: 1, patch: seen }).then(() => repository(p, action))
  await told('privatized', { private: true })
  assert.equal(await state(p), 'degraded project.private')
  await repository(p, 'publicized')
  assert.equal(await state(p), 'verified')
  await told('archived', { archived: true })
  assert.equal(await sql(`select state || ' ' || archived from core.project where id = '${p.id}'`), 'verified true')
  await repository(p, 'unarchived')
  assert.equal(await sql(`select state || ' ' || archived from core.project where id = '${p.id}'`), 'verified false')
})

test('F14: a token that was revoked: jobs are parked with the reason, GitHub is not asked again and again', async () => {
  const p = await project()
  const pull = await control('pull', { repo: p.name, user: 'grace', title: 'Fix', commits: [{ message: 'x' }] })
  await control('tokens', { valid: ['another'] })
  await fetch(`${stack.url('github')}/_control/log`, { method: 'DELETE' })
  await tell(p, 'pull_request', 'opened', pull.number)
  await repository(p, 'edited')
  await control('tokens', { valid: null })
  assert.equal(await sql(`select string_agg(kind || ' ' || error_code, ',') from q.parked`), 'sync.delivery github.refused')
  assert.equal(await state(p), 'degraded github.refused')
  assert.equal((await (await fetch(`${stack.url('github')}/_control/log`)).json()).length, 2)
  await repository(p, 'edited')
  assert.equal(await state(p), 'verified')
  await sql('delete from q.parked')
})

test('F12: a repository that is gone: degraded, and its deliveries are parked', async () => {
  const p = await project()
  const pull = await control('pull', { repo: p.name, user: 'grace', title: 'Fix', commits: [{ message: 'x' }] })
  const { body } = await control('deliver', { event: 'pull_request', action: 'opened', repo: p.name, number: pull.number, send: false })
  await control('remove', { repo: p.name })
  await put('pull_request', JSON.parse(body))
  await repository(p, 'deleted')
  assert.equal(await state(p), 'degraded github.not_found')
  assert.equal(await sql(`select string_agg(kind || ' ' || error_code, ',') from q.parked`), 'sync.delivery github.not_found')
})

test('S1: a pull request is opened, made a draft, ready, pushed to, closed, reopened, merged: each is seen, within two seconds', async t => {
  const p = await project()
  await control('issue', { repo: p.name, user: 'grace', title: 'It stalls' })
  const id = await bounty(p, 1)
  const pull = await control('pull', { repo: p.name, user: 'grace', title: 'Fix', body: 'Fixes #1', commits: [{ message: 'x' }] })
  const seen = () => sql(`select concat_ws(' ', state, case when draft then 'draft' end, title, left(head_sha, 8)) from core.pull where project_id = '${p.id}'`)
  const step = async (action, change) => {
    const { head } = await control(...change)
    await tell(p, 'pull_request', action, pull.number)
    return head ?? pull.head
  }
  await tell(p, 'pull_request', 'opened', pull.number)
  assert.equal(await seen(), `open Fix ${pull.head.slice(0, 8)}`)
  assert.equal(await sql(`select state || ' ' || evidence_level from core.submission where bounty_id = '${id}'`), 'seen 5')
  await step('converted_to_draft', ['edit', { repo: p.name, number: pull.number, draft: true }])
  assert.equal(await seen(), `open draft Fix ${pull.head.slice(0, 8)}`)
  await step('ready_for_review', ['edit', { repo: p.name, number: pull.number, draft: false }])
  await step('edited', ['edit', { repo: p.name, number: pull.number, title: 'Better' }])
  assert.equal(await seen(), `open Better ${pull.head.slice(0, 8)}`)
  const { sha } = await control('push', { repo: p.name, number: pull.number, message: 'y' })
  await tell(p, 'pull_request', 'synchronize', pull.number)
  assert.equal(await seen(), `open Better ${sha.slice(0, 8)}`)
  await step('closed', ['close', { repo: p.name, number: pull.number }])
  assert.equal(await seen(), `closed Better ${sha.slice(0, 8)}`)
  await step('reopened', ['reopen', { repo: p.name, number: pull.number }])
  assert.equal(await seen(), `open Better ${sha.slice(0, 8)}`)
  await step('closed', ['merge', { repo: p.name, number: pull.number, by: 'ada' }])
  assert.equal(await seen(), `merged Better ${sha.slice(0, 8)}`)
  // by the database's clock, from the delivery's coming to the commit of what it says; of eight, so that a moment's stall is not it
  const [n, middle] = (await sql(`select count(*), percentile_disc(0.5) within group (order by extract(epoch from r.finished_at - d.received_at))
    from ingest.delivery d join q.job j on j.key = 'delivery:' || d.id join q.run r on r.job_id = j.id and r.state = 'done' where d.repo_id = ${p.repo.id}`)).split('|').map(Number)
  t.diagnostic(`half of them were seen within ${middle} s`)
  assert.equal(n, 8)
  assert.ok(middle <= 2, `${middle} s`)
})

for (const where of ['comment', 'text'])
  test(`F41: a claim that a maintainer takes out of the author's ${where} before the merge: a person judges; one that is left there passes, one that the author takes back is none`, t => eachSeed(t, 1, async ({ shuffle }) => {
    const play = async by => {
      const p = await project()
      await control('issue', { repo: p.name, user: 'ada', title: 'It stalls' })
      const id = await bounty(p, 1)
      const pull = await control('pull', { repo: p.name, user: 'grace', title: 'Better', body: where === 'text' ? '/claim #1' : '',
        commits: [{ message: 'x', files: { 'a.c': 'int a;\n' } }] })
      await tell(p, 'pull_request', 'opened', pull.number)
      let claim
      if (where === 'comment') {
        claim = (await control('comment', { repo: p.name, number: pull.number, user: 'grace', body: '/claim #1' })).comment.id
        await tell(p, 'issue_comment', 'created', pull.number, null, { comment: claim, sender: 'grace' })
      }
      const left = () => sql(`select concat_ws(' ', s.state, s.evidence_level, s.reason) from core.submission s where s.bounty_id = '${id}'`)
      assert.equal(await left(), 'seen 4')
      if (by && where === 'comment') {
        await control('comment_edit', { repo: p.name, number: pull.number, comment: claim, body: 'Thanks.' })
        await tell(p, 'issue_comment', 'edited', pull.number, null, { comment: claim, sender: by })
      } else if (by) {
        await control('edit', { repo: p.name, number: pull.number, body: 'Thanks.' })
        await tell(p, 'pull_request', 'edited', pull.number, null, { sender: by, changes: { body: { from: '/claim #1' } } })
      }
      await control('merge', { repo: p.name, number: pull.number, by: 'ada' })
      await control('close', { repo: p.name, number: 1, by: 'ada', reason: 'completed' })
      for (const [event, number] of shuffle([['pull_request', pull.number], ['issues', 1]])) await tell(p, event, 'closed', number)
      return { id, left: await left(), result: await sql(`select v.result from proof.verdict v join core.submission s on s.id = v.submission_id
        where s.bounty_id = '${id}' order by v.id desc limit 1`) }
    }
    const [kept, dropped, own] = [await play(null), await play('ada'), await play('grace')]
    assert.equal(kept.result, 'pass', kept.left)
    assert.equal(dropped.result, 'review', dropped.left)
    assert.match(dropped.left, /verify\.evidence/)
    assert.match(await of(dropped.id), /^frozen /)
    assert.deepEqual([own.result, own.left], ['', 'seen 4'], 'who takes back what he said himself is not judged')
    assert.match(await of(own.id), /^open /)
  }))

// What GitHub may say that is not so (F12), about the pull request that it says was merged. keeps: verify asks again later.
const LIES = {
  'that it is merged, while it is open': { merged: false, fault: n => ({ match: { path: `/pulls/${n}$` }, times: 1, patch: { merged: true, state: 'closed',
    merge_commit_sha: 'd'.repeat(40), merged_at: '2026-01-01T00:00:00Z' } }) },
  'a merge commit that nobody has': { merged: true, fault: n => ({ match: { path: `/pulls/${n}$` }, times: 99, patch: { merge_commit_sha: 'd'.repeat(40) } }) },
  'that it belongs to another repository': { merged: true, fault: n => ({ match: { path: `/pulls/${n}$` }, times: 99, patch: { base: { repo: { id: 4711 } } } }) },
  'that the merge is not in the branch': { merged: true, fault: () => ({ match: { path: '/compare/' }, times: 99, patch: { status: 'diverged', behind_by: 1 } }) },
  'that another wrote it': { merged: true, fault: n => ({ match: { path: `/pulls/${n}$` }, times: 99, patch: { user: { id: 666, login: 'mallory' } } }) },
  '404 for the issue': { merged: true, fault: () => ({ match: { path: '/issues/1$' }, times: 99, status: 404, json: { message: 'Not Found' } }) },
  '404 for the pull request': { merged: true, fault: n => ({ match: { path: `/pulls/${n}$` }, times: 99, status: 404, json: { message: 'Not Found' } }) },
  '410 for the issue': { merged: true, fault: () => ({ match: { path: '/issues/1$' }, times: 99, status: 410, json: { message: 'This issue was deleted' } }) },
  'that the issue moved': { merged: true, fault: () => ({ match: { path: '/issues/1$' }, times: 99, status: 301, headers: { location: 'http://127.0.0.1:1/repositories/4711/issues/1' },
    json: { message: 'Moved Permanently' } }) },
  'that it is not merged, after it said so': { merged: true, fault: n => ({ match: { path: `/pulls/${n}$` }, after: 1, times: 99, patch: { merged: false, merged_at: null } }) },
}

test('F12: whatever GitHub lies about a merge, nothing is verified while it does', { timeout: 300_000 }, async t => {
  const play = async lie => {
    const p = await project()
    await control('issue', { repo: p.name, user: 'ada', title: 'It stalls' })
    const id = await bounty(p, 1)
    const pull = await control('pull', { repo: p.name, user: 'grace', title: 'Fix', body: 'Fixes #1', commits: [{ message: 'x', files: { 'a.c': 'int a;\n' } }] })
    await put('pull_request', JSON.parse((await control('deliver', { event: 'pull_request', action: 'opened', repo: p.name, number: pull.number, send: false })).body))
    if (lie?.merged !== false) await control('merge', { repo: p.name, number: pull.number, by: 'ada' })
    const { body } = await control('deliver', { event: 'pull_request', action: 'closed', repo: p.name, number: pull.number, send: false })
    if (lie) await control('fault', lie.fault(pull.number))
    await sql(`with d as (insert into ingest.delivery (guid, event, secret_no, body, body_sha256)
      select gen_random_uuid(), 'pull_request', 0, b, sha256(b) from (select convert_to($text$${body}$text$, 'UTF8') as b) x returning id)
      select q.enqueue('sync', 'sync.delivery', 'delivery:' || id, jsonb_build_object('delivery_id', id)) from d`)
    await quiet()
    const proofs = await sql(`select count(*) from proof.verdict v join core.submission s on s.id = v.submission_id where s.bounty_id = '${id}' and v.result = 'pass'`)
    const states = await sql(`select b.state || ' ' || coalesce((select string_agg(s.state || coalesce(' ' || s.reason, ''), ',') from core.submission s where s.bounty_id = b.id), '-')
      from core.bounty b where b.id = '${id}'`)
    await fetch(`${stack.url('github')}/_control/fault`, { method: 'DELETE' })
    await sql('delete from q.scheduled')
    return [proofs, states]
  }
  const [proofs, states] = await play(null)
  assert.equal(proofs, '1', `the truth is verified: ${states}`)
  await eachSeed(t, 1, async ({ shuffle }) => {
    for (const name of shuffle(Object.keys(LIES))) {
      const [passed, left] = await play(LIES[name])
      t.diagnostic(`GitHub says ${name}: ${left}`)
      assert.equal(passed, '0', name)
      assert.doesNotMatch(left, /^(merged|verified|hold|payable|paying|paid)/, name)
    }
  })
  await sql('delete from q.parked')
})
