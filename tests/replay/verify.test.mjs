// Merges as people make them, judged by real workers: who wins, what waits for a person, what stops in the hold, and a verdict made
// again in another database.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, createHmac, createPublicKey, randomUUID, verify } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { load } from '../peers/load.mjs'
import { rpc } from '../stack/evm.mjs'
import { command } from '../stack/parts.mjs'
import { bountyState, deliver, eventually, get, github, linkAccount, login, paid, releases, submission, submissionOf, tokenBalance } from '../stack/scenario.mjs'
import { World } from './world.mjs'

const run = promisify(execFile)
const bin = `/usr/lib/postgresql/${readdirSync('/usr/lib/postgresql').sort().at(-1)}/bin`
let world, at, worker

before(async () => {
  world = await World.start()
  at = world.at
  worker = world.worker()
})
after(() => world.end())

const stopBefore = { until: 'merged on GitHub, webhook taken', events: false }
// A bounty that is open, and a pull request that says it fixes the issue.
const opened = async () => {
  const c = await world.while(worker, world.play(stopBefore))
  return { ...c, repo: c.project.full_name }
}
const state = (id, wanted) => world.while(worker, eventually(`the submission is ${wanted}`, () => submission(at, id), s => s.state === wanted, at.wait))
const told = (c, event, action, number) => deliver(at, event, action, c.repo, number)

// The stand-in has no example of this event.
async function repository(c, action) {
  const body = JSON.stringify({ action, repository: { id: c.project.repo_id, full_name: c.repo } })
  const { status } = await fetch(`${at.api}/v1/webhooks/github`, { method: 'POST', body, headers: { 'content-type': 'application/json', 'x-github-event': 'repository',
    'x-github-delivery': randomUUID(), 'x-hub-signature-256': `sha256=${createHmac('sha256', at.webhook_secret).update(body).digest('hex')}` } })
  assert.equal(status, 202)
}

async function merge(c, { by, method = 'squash', pull = c.pull } = {}) {
  const merged = await github(at, 'merge', { repo: c.repo, number: pull.number, method, by })
  await told(c, 'pull_request', 'closed', pull.number)
  await told(c, 'issues', 'closed', c.issue.number)
  return merged
}

// -> { status, out, err } of `patchwork ARGS...` as the owner of a database
async function patchwork(args, url) {
  const [program, ...words] = command(world.stack, ...args)
  const env = { ...world.stack.as('patchwork_owner'), ...(url && { PATCHWORK_DB_URL: url }) }
  const { stdout, stderr, code } = await run(program, words, { env }).catch(e => e)
  return { status: code ?? 0, out: stdout, err: stderr }
}
const bountyOf = c => get(at, `/v1/bounties/${c.bounty.id}`)
const checkOf = (s, id) => s.verdict.checks.find(x => x.id === id)

for (const method of ['merge', 'squash', 'rebase'])
  test(`S4: merged by ${method}: verified`, async () => {
    const c = await opened()
    await merge(c, { method })
    const s = await world.while(worker, eventually('it is judged', () => submission(at, c.submission.id), x => x.verdict, at.wait))
    assert.deepEqual([s.verdict.result, s.evidence_level], ['pass', 5], JSON.stringify(s.verdict.checks.filter(x => x.result !== 'pass')))
    assert.deepEqual(s.verdict.checks.map(x => x.id), Array.from({ length: 17 }, (_, i) => `V${i + 1}`))
  })

test('P7: the repository is renamed and given away in mid-bounty, the pull request is merged there: the bounty pays', async () => {
  const c = await opened()
  const was = c.repo
  await github(at, 'rename', { repo: was, owner: 'southwind', name: `renamed-${c.tag}` })
  c.repo = `southwind/renamed-${c.tag}`
  await repository(c, 'renamed')
  await merge(c)
  await world.while(worker, Promise.all([paid(at, c.submission.id),
    eventually('the project has its new name', () => get(at, `/v1/projects/${c.project.id}`), p => p.full_name === c.repo, at.wait)]))
  assert.equal((await bountyOf(c)).state, 'paid')
})

test('P5: a project that cannot be read: its escrow stays as it is, nothing is paid; read again: the merge is paid', async () => {
  const c = await opened()
  const held = await tokenBalance(at, at.contracts.escrow)
  await github(at, 'fault', { match: { path: `^/repositories/${c.project.repo_id}$` }, times: 1, status: 404, json: { message: 'Not Found' } })
  await repository(c, 'edited')
  const project = wanted => world.while(worker, eventually(`the project is ${wanted}`, () => get(at, `/v1/projects/${c.project.id}`), p => p.state === wanted, at.wait))
  assert.equal((await project('degraded')).state_reason, 'github.not_found')
  assert.deepEqual([(await bountyOf(c)).state, await tokenBalance(at, at.contracts.escrow)], ['open', held])
  await merge(c)
  await world.while(worker, eventually('its payout waits', () => world.sql(`select count(*) from q.run where error_code = 'pay.project_degraded'`), n => n !== '0', at.wait))
  assert.equal(await tokenBalance(at, at.contracts.escrow), held)
  await repository(c, 'edited')
  await project('verified')
  await world.sql(`update q.scheduled set run_at = now() where job_id in (select id from q.job where queue = 'pay')`)
  await world.while(worker, paid(at, c.submission.id))
})

test('S7, S20: who merges alone what they wrote waits for a person, who accepts it; then it is paid', async () => {
  const c = await opened()
  await merge(c, { by: c.account.login })
  const s = await state(c.submission.id, 'review')
  assert.equal(s.reason, 'verify.self_merge')
  assert.deepEqual([checkOf(s, 'V9').result, checkOf(s, 'V9').severity, s.verdict.result], ['review', 'high', 'review'])
  assert.match((await get(at, `/v1/bounties/${c.bounty.id}`)).blocker, /^a maintainer: /)
  const without = await patchwork(['verify', 'resolve', s.id, 'accept'])
  assert.equal(without.status, 2, 'a decision has a reason')
  const dry = await patchwork(['verify', 'resolve', s.id, 'accept', '--reason', 'x', '--dry-run'])
  assert.equal(dry.status, 0, dry.err)
  assert.equal((await submission(at, s.id)).state, 'review')
  const done = await patchwork(['verify', 'resolve', s.id, 'accept', '--reason', 'the only maintainer was away', '--actor', 'cli:olga'])
  assert.equal(done.status, 0, done.err)
  await world.while(worker, paid(at, s.id))
  const { resolution } = await submission(at, s.id)
  assert.deepEqual([resolution.decision, resolution.code, resolution.reason], ['accept', 'verify.self_merge', 'the only maintainer was away'])
  assert.equal(await world.sql(`select actor_id || ': ' || reason from audit.log where action = 'submission.resolved'`),
    'olga: the only maintainer was away')
  const again = await patchwork(['verify', 'resolve', s.id, 'reject', '--reason', 'too late'])
  assert.deepEqual([again.status, /verify\.not_in_review/.test(again.err)], [1, true])
})

test('S7: approved by another with write permission on the final head: no doubt', async () => {
  const c = await opened()
  await github(at, 'member', { repo: c.repo, user: 'rita', permission: 'write' })
  await github(at, 'review', { repo: c.repo, number: c.pull.number, user: 'rita' })
  await new Promise(wake => setTimeout(wake, 1100)) // GitHub's times are whole seconds
  await merge(c, { by: c.account.login })
  const s = await world.while(worker, eventually('it is judged', () => submission(at, c.submission.id), x => x.verdict, at.wait))
  assert.deepEqual([s.verdict.result, checkOf(s, 'V9').result, checkOf(s, 'V11').result], ['pass', 'pass', 'pass'])
})

test('V9: what a bot merged waits for a person, unless somebody who may write approved it', async () => {
  const c = await opened()
  await github(at, 'user', { login: 'landbot', type: 'Bot' })
  await merge(c, { by: 'landbot' })
  assert.equal((await state(c.submission.id, 'review')).reason, 'verify.merger_bot')
})

test('V3, V5: a merge into a branch that the project lists counts', async () => {
  const c = await opened()
  await github(at, 'force', { repo: c.repo, branch: 'stable', to: 'main' })
  const listed = await patchwork(['project', 'branches', c.project.id, 'stable', '--reason', 'fixes for the release', '--json'])
  assert.deepEqual([listed.status, JSON.parse(listed.out).branches], [0, 1], listed.err)
  const pull = await github(at, 'pull', { repo: c.repo, user: c.account.login, title: 'For the release', base: 'stable',
    body: `/claim #${c.issue.number}`, commits: [{ message: 'For the release' }] })
  await told(c, 'pull_request', 'opened', pull.number)
  const s = await world.while(worker, submissionOf(at, c.bounty, pull))
  await github(at, 'merge', { repo: c.repo, number: pull.number, method: 'squash' })
  await github(at, 'close', { repo: c.repo, number: c.issue.number })
  await told(c, 'pull_request', 'closed', pull.number)
  await told(c, 'issues', 'closed', c.issue.number)
  const judged = await world.while(worker, eventually('it is judged', () => submission(at, s.id), x => x.verdict, at.wait))
  assert.deepEqual([judged.verdict.result, judged.evidence_level], ['pass', 4], JSON.stringify(judged.verdict.checks.filter(x => x.code)))
  const nobodys = await patchwork(['project', 'branches', s.id, 'stable', '--reason', 'x'])
  assert.deepEqual([nobodys.status, /project\.not_found/.test(nobodys.err)], [1, true])
  const empty = await patchwork(['project', 'branches', c.project.id, '', '--reason', 'x'])
  assert.deepEqual([empty.status, /project\.branches/.test(empty.err)], [1, true])
  assert.equal(await world.sql(`select branches from core.project where id = '${c.project.id}'`), '{stable}')
})

const sum = text => createHash('sha256').update(text).digest('hex')
// The project's file says this from now on.
async function policy(c, rules) {
  const text = JSON.stringify({ version: 1, ...rules })
  await github(at, 'file', { repo: c.repo, path: '.github/patchwork.json', text })
  await world.sql(`select q.enqueue('sync', 'sync.policy', 'test:policy:${c.project.id}', '{"project_id": "${c.project.id}"}')`)
  await world.while(worker, eventually('the policy is read', () => get(at, `/v1/projects/${c.project.id}`), p => p.policy?.sha256 === sum(text), at.wait))
  await new Promise(wake => setTimeout(wake, 1100)) // GitHub's times are whole seconds
  return sum(text)
}

test('P10, S12: the project\'s policy in force at the merge judges it, its hash is evidence, and it replays to the same bytes', async () => {
  const c = await opened()
  const sha = await policy(c, { require: ['review'] })
  await merge(c)
  await github(at, 'file', { repo: c.repo, path: '.github/patchwork.json', text: '{"version": 1}' })
  const s = await state(c.submission.id, 'review')
  assert.deepEqual([s.reason, checkOf(s, 'V11').result], ['verify.not_approved', 'review'])
  const [id, named] = (await world.sql(`select id, '\\x${sha}' = any (evidence) and convert_from(body, 'utf8')::json -> 'policy' ->> 'project' = '${sha}'
    from proof.verdict where submission_id = '${s.id}'`)).split('|')
  assert.equal(named, 't')
  const again = await patchwork(['verify', '--replay', id, '--json'])
  assert.deepEqual([again.status, JSON.parse(again.out).identical], [0, true], again.err)
})

test('P10: what a project\'s policy asks for is there: paid, and the verdict of the hold names it, too', async () => {
  const c = await opened()
  const sha = await policy(c, { require: ['review', 'substance'], branches: ['stable'] })
  await github(at, 'member', { repo: c.repo, user: 'rita', permission: 'write' })
  await github(at, 'review', { repo: c.repo, number: c.pull.number, user: 'rita' })
  await new Promise(wake => setTimeout(wake, 1100))
  await merge(c)
  await world.while(worker, paid(at, c.submission.id))
  assert.equal(await world.sql(`select string_agg(kind, ' ' order by created_at) from proof.verdict
    where submission_id = '${c.submission.id}' and '\\x${sha}' = any (evidence)`), 'merge hold')
  for (const id of (await world.sql(`select id from proof.verdict where submission_id = '${c.submission.id}'`)).split('\n'))
    assert.equal((await patchwork(['verify', 'replay', id])).status, 0)
})

test('V13, P10, S12: a merge that touches none of the paths that the project counted then stops for a person; replayed, the same bytes', async () => {
  const c = await opened()
  const sha = await policy(c, { paths: ['lib/', 'src/**', '!src/*.c'], require: ['substance'] })
  const { policy: shown } = await get(at, `/v1/projects/${c.project.id}`)
  assert.deepEqual(shown.rules.paths, ['lib/', 'src/**', '!src/*.c'])
  await merge(c)
  await github(at, 'file', { repo: c.repo, path: '.github/patchwork.json', text: '{"version": 1}' })
  const s = await state(c.submission.id, 'review')
  const { result, severity, code, detail } = checkOf(s, 'V13')
  assert.deepEqual([s.reason, result, severity, code, detail], ['verify.diff_uncounted', 'review', 'medium', 'verify.diff_uncounted',
    'it changes none of the paths that the project counts'])
  const [id, paths, diff] = (await world.sql(`select id, b -> 'policy' ->> 'paths', b -> 'github' ->> 'diff' from proof.verdict,
    lateral (select convert_from(body, 'utf8')::json) x (b) where submission_id = '${s.id}' and '\\x${sha}' = any (evidence)`)).split('|')
  assert.deepEqual([paths, diff], ['["lib/","src/**","!src/*.c"]', 'uncounted'])
  const again = await patchwork(['verify', '--replay', id, '--json'])
  assert.deepEqual([again.status, JSON.parse(again.out).identical], [0, true], again.err)
})

// A bounty with two pull requests, neither of them merged.
async function rivals() {
  const c = await opened()
  const { people, account } = world.newcomer()
  await login(at, people.contributor)
  await github(at, 'user', account)
  await linkAccount(at, people.contributor, account)
  const other = await github(at, 'pull', { repo: c.repo, user: account.login, title: 'Another way', body: `Fixes #${c.issue.number}`,
    commits: [{ message: 'Another way' }] })
  await told(c, 'pull_request', 'opened', other.number)
  const theirs = await world.while(worker, submissionOf(at, c.bounty, other))
  return { c, other, theirs }
}

test('S9, S20: of two merged pull requests the earlier one wins; the other is told why', async () => {
  const { c, other, theirs } = await rivals()
  await github(at, 'merge', { repo: c.repo, number: c.pull.number, method: 'squash' })
  await new Promise(wake => setTimeout(wake, 1100))
  await github(at, 'merge', { repo: c.repo, number: other.number, method: 'squash' })
  await told(c, 'pull_request', 'closed', other.number) // the later one is told first
  await told(c, 'pull_request', 'closed', c.pull.number)
  await told(c, 'issues', 'closed', c.issue.number)
  await world.while(worker, paid(at, c.submission.id))
  const lost = await state(theirs.id, 'lost')
  assert.equal(lost.reason, 'verify.not_first')
  assert.equal(lost.payouts.length, 0)
})

test('S9: a merge that is told after another one was paid has lost', async () => {
  const { c, other, theirs } = await rivals()
  await merge(c)
  await world.while(worker, paid(at, c.submission.id))
  await github(at, 'merge', { repo: c.repo, number: other.number, method: 'squash' })
  await told(c, 'pull_request', 'closed', other.number)
  assert.equal((await state(theirs.id, 'lost')).reason, 'verify.not_first')
})

// A pull request whose text is this, with the delivery of its merge as it was signed at the merge.
async function mergedWith(c, body, change) {
  const pull = await github(at, 'pull', { repo: c.repo, user: c.account.login, title: 'Quietly', body, commits: [{ message: 'Quietly' }] })
  await told(c, 'pull_request', 'opened', pull.number)
  await world.while(worker, eventually('it is synced', () => world.sql(`select count(*) from core.pull p join core.project o on
    o.id = p.project_id where o.full_name = '${c.repo}' and p.number = ${pull.number}`), n => n === '1', at.wait))
  await github(at, 'merge', { repo: c.repo, number: pull.number, method: 'squash' })
  const signed = await github(at, 'deliver', { event: 'pull_request', action: 'closed', repo: c.repo, number: pull.number,
    secret: at.webhook_secret, send: false })
  await github(at, 'edit', { repo: c.repo, number: pull.number, body: change })
  await github(at, 'close', { repo: c.repo, number: c.issue.number })
  const took = await fetch(`${at.api}/v1/webhooks/github`, { method: 'POST', headers: signed.headers, body: signed.body })
  assert.equal(took.status, 202)
  await told(c, 'pull_request', 'edited', pull.number)
  await told(c, 'issues', 'closed', c.issue.number)
  return pull
}

test('S6, F41: a claim that is taken out after the merge counts, one that comes after it does not', async () => {
  const c = await opened()
  const pull = await mergedWith(c, `/claim #${c.issue.number}`, 'nothing')
  const s = await world.while(worker, submissionOf(at, c.bounty, pull))
  const judged = await world.while(worker, eventually('it is judged', () => submission(at, s.id), x => x.verdict, at.wait))
  assert.deepEqual([judged.verdict.result, judged.evidence_level], ['pass', 4])
  const d = await opened()
  const late = await mergedWith(d, 'nothing', `/claim #${d.issue.number}`)
  await world.while(worker, eventually('its deliveries are read', () => world.sql(`select count(*) from ingest.delivery where state = 'queued'`),
    n => n === '0', at.wait))
  assert.equal(await world.sql(`select count(*) from core.submission s join core.pull p on p.id = s.pull_id join core.project o
    on o.id = p.project_id where o.full_name = '${d.repo}' and p.number = ${late.number}`), '0')
})

test('S3, V9, S12: /award: evidence of level 0 waits for another person, whose word pays it; the verdict is made again from it', async () => {
  const c = await opened()
  await github(at, 'user', { login: 'maria', id: 77 })
  await github(at, 'member', { repo: c.repo, user: 'maria', permission: 'write' })
  const pull = await github(at, 'pull', { repo: c.repo, user: c.account.login, title: 'Quietly', body: 'nothing', commits: [{ message: 'Quietly' }] })
  await github(at, 'merge', { repo: c.repo, number: pull.number, method: 'squash' })
  await github(at, 'close', { repo: c.repo, number: c.issue.number })
  await told(c, 'pull_request', 'closed', pull.number)
  await told(c, 'issues', 'closed', c.issue.number)
  await world.while(worker, eventually('the merge is known', () => world.sql(`select count(*) from core.pull p join core.project o on
    o.id = p.project_id where o.full_name = '${c.repo}' and p.number = ${pull.number} and p.state = 'merged'`), n => n === '1', at.wait))
  const { comment } = await github(at, 'comment', { repo: c.repo, number: c.issue.number, user: 'maria', body: `/award #${pull.number} it was merged by hand` })
  await deliver(at, 'issue_comment', 'created', c.repo, c.issue.number, { sender: 'maria', comment: comment.id })
  const s = await state((await world.while(worker, submissionOf(at, c.bounty, pull))).id, 'review')
  assert.deepEqual([s.reason, s.evidence_level, checkOf(s, 'V6').result, s.award.by, s.award.reason], ['verify.awarded', 0, 'review', 'maria', 'it was merged by hand'])
  const said = await patchwork(['explain', s.id])
  assert.match(said.out, /Another person must decide.*awarded by @maria: it was merged by hand/s)
  const lineage = await get(at, `/v1/lineage/submission/${s.id}`)
  assert.deepEqual(lineage.awards.map(a => [a.actor, a.comment_id]), [['maria', comment.id]])
  assert.ok(lineage.deliveries.some(d => d.event === 'issue_comment'), 'the comment that did it is there')
  assert.match((await patchwork(['lineage', s.id])).out, /\baward\b.*actor maria, reason it was merged by hand/)
  const own = await patchwork(['verify', 'resolve', s.id, 'accept', '--reason', 'x', '--actor', 'cli:maria'])
  assert.deepEqual([own.status, /verify\.second_person/.test(own.err)], [1, true])
  const done = await patchwork(['verify', 'resolve', s.id, 'accept', '--reason', 'the commit does what the issue asks for', '--actor', 'cli:olga'])
  assert.equal(done.status, 0, done.err)
  await world.while(worker, paid(at, s.id))
  assert.equal(await world.sql(`select string_agg(kind || ' ' || result, ', ' order by created_at) from proof.verdict v join core.award a
    on a.submission_id = v.submission_id and a.evidence_sha256 = any (v.evidence) where v.submission_id = '${s.id}'`), 'merge review, hold pass')
  for (const id of (await world.sql(`select id from proof.verdict where submission_id = '${s.id}'`)).split('\n')) {
    const again = await patchwork(['verify', '--replay', id, '--json'])
    assert.deepEqual([again.status, JSON.parse(again.out).identical], [0, true], again.err)
  }
})

test('S8: who is named as co-author is told of and changes nothing; what a bot wrote is nobody\'s, merged or not', async () => {
  const c = await opened()
  const rita = await github(at, 'user', { login: 'rita', id: 78 })
  await github(at, 'push', { repo: c.repo, number: c.pull.number, message: 'Add a test', files: { 'test.c': 'int test;\n' },
    trailers: `Co-authored-by: Rita <${rita.id}+rita@users.noreply.github.com>\nCo-authored-by: Nobody <nobody@example.org>` })
  await told(c, 'pull_request', 'synchronize', c.pull.number)
  await merge(c)
  const payout = await world.while(worker, paid(at, c.submission.id))
  const s = await submission(at, c.submission.id)
  const { result, severity, code } = checkOf(s, 'V8')
  assert.deepEqual([s.verdict.result, result, severity, code], ['pass', 'flag', 'low', 'verify.co_authors'])
  assert.deepEqual([s.payouts.length, payout.amount, payout.payee.toLowerCase()], [1, c.bounty.amount, c.contributor.address.toLowerCase()])
  const d = await opened()
  await github(at, 'user', { login: 'fixbot', id: 79, type: 'Bot' })
  const pull = await github(at, 'pull', { repo: d.repo, user: 'fixbot', title: 'By a machine', body: `Fixes #${d.issue.number}`, commits: [{ message: 'By a machine' }] })
  await told(d, 'pull_request', 'opened', pull.number)
  const theirs = await world.while(worker, submissionOf(at, d.bounty, pull))
  await merge(d, { pull })
  const refused = await state(theirs.id, 'rejected')
  assert.deepEqual([refused.reason, refused.payouts.length], ['verify.author_not_user', 0])
  assert.equal((await bountyOf(d)).state, 'open')
})

// Merged, and nothing of it was told before; the issue had been closed by hand, so GitHub names nothing as its closer.
async function quietly(c, { message = 'Quietly', linked = false } = {}) {
  const pull = await github(at, 'pull', { repo: c.repo, user: c.account.login, title: 'Quietly', body: 'nothing', commits: [{ message, files: { 'quiet.c': 'int quiet;\n' } }] })
  if (linked) await github(at, 'link', { repo: c.repo, number: pull.number, issue: c.issue.number, by: 'maria' })
  await github(at, 'close', { repo: c.repo, number: c.issue.number })
  await github(at, 'merge', { repo: c.repo, number: pull.number, method: 'squash' })
  await told(c, 'pull_request', 'closed', pull.number)
  await told(c, 'issues', 'closed', c.issue.number)
  return pull
}
const judged = async (c, pull) => {
  const s = await world.while(worker, submissionOf(at, c.bounty, pull))
  return world.while(worker, eventually('it is judged', () => submission(at, s.id), x => x.verdict, at.wait))
}
const ties = s => world.sql(`select string_agg((t ->> 'level') || ' ' || (t ->> 'source'), ', ' order by n) from proof.verdict v,
  json_array_elements(convert_from(v.body, 'utf8')::json -> 'ties') with ordinality x (t, n) where v.submission_id = '${s.id}' and v.kind = 'merge'`)

test('S3: evidence of level 3: linked on the page by another before the merge: paid', async () => {
  const c = await opened()
  const s = await judged(c, await quietly(c, { message: `Fixes #${c.issue.number}`, linked: true }))
  assert.deepEqual([s.verdict.result, s.evidence_level, checkOf(s, 'V6').result], ['pass', 3, 'pass'], JSON.stringify(s.verdict.checks.filter(x => x.code)))
  assert.equal(await ties(s), '3 linked, 2 commit, 1 late_reference')
  await world.while(worker, paid(at, s.id))
})

test('S3: evidence of level 2: a commit\'s keyword alone waits for a person', async () => {
  const c = await opened()
  const s = await judged(c, await quietly(c, { message: `Fixes #${c.issue.number}` }))
  assert.deepEqual([s.state, s.reason, s.verdict.result, s.evidence_level, checkOf(s, 'V6').code], ['review', 'verify.evidence', 'review', 2, 'verify.evidence'])
  assert.equal(await ties(s), '2 commit')
})

test('S3: evidence of level 1: a claim of after the merge brings nothing before a judge, and nothing past one whom an award brings it to', async () => {
  const c = await opened()
  await github(at, 'user', { login: 'maria', id: 77 })
  await github(at, 'member', { repo: c.repo, user: 'maria', permission: 'write' })
  const pull = await quietly(c)
  await new Promise(wake => setTimeout(wake, 1100)) // GitHub's times are whole seconds
  const say = async (user, number, body) => {
    const { comment } = await github(at, 'comment', { repo: c.repo, number, user, body })
    await deliver(at, 'issue_comment', 'created', c.repo, number, { sender: user, comment: comment.id })
    await world.while(worker, eventually('it is read', () => world.sql(`select count(*) from ingest.delivery where state = 'queued'`), n => n === '0', at.wait))
  }
  await say(c.account.login, pull.number, `/claim #${c.issue.number}`)
  const { submissions } = await bountyOf(c)
  assert.deepEqual(submissions.filter(x => x.pull_number === pull.number), [])
  await say('maria', c.issue.number, `/award #${pull.number} it does what was asked for`)
  const s = await judged(c, pull)
  assert.deepEqual([s.state, s.reason, s.verdict.result, s.evidence_level], ['review', 'verify.awarded', 'review', 1])
  assert.equal(await ties(s), '1 late_claim, 0 award')
})

// Merged into a branch that is neither the default one nor listed.
async function mergedInto(c, base, then) {
  await github(at, 'force', { repo: c.repo, branch: base, to: 'main' })
  const pull = await github(at, 'pull', { repo: c.repo, user: c.account.login, title: 'For later', base, body: `/claim #${c.issue.number}`,
    commits: [{ message: 'For later', files: { 'later.c': 'int later;\n' } }] })
  await told(c, 'pull_request', 'opened', pull.number)
  await world.while(worker, submissionOf(at, c.bounty, pull))
  await github(at, 'merge', { repo: c.repo, number: pull.number, method: 'squash' })
  await then?.()
  await github(at, 'close', { repo: c.repo, number: c.issue.number })
  await told(c, 'pull_request', 'closed', pull.number)
  await told(c, 'issues', 'closed', c.issue.number)
  const s = await judged(c, pull)
  return [s.state, s.reason, s.evidence_level, ...['V3', 'V5'].map(id => [checkOf(s, id).result, checkOf(s, id).code])]
}

test('S5: a merge into a branch that nobody listed is none while the default branch lacks it, and a person\'s to judge once it has it', async () => {
  const apart = await opened()
  assert.deepEqual(await mergedInto(apart, 'later'), ['rejected', 'verify.unreachable', 4, ['review', 'verify.base'], ['fail', 'verify.unreachable']])
  await bountyState(at, apart.bounty, 'open')
  const joined = await opened()
  assert.deepEqual(await mergedInto(joined, 'later', () => github(at, 'force', { repo: joined.repo, to: 'later' })),
    ['review', 'verify.base', 4, ['review', 'verify.base'], ['pass', null]])
  await bountyState(at, joined.bounty, 'frozen')
})

test('I10: sync has used all but the fifth that is kept for verify: it waits for the next window, and the merge is judged all the same', async () => {
  const c = await opened()
  const paused = on => world.sql(`select q.${on ? 'pause' : 'resume'}('stage', 'verify', 'test', 'the budget is spent first')`)
  const budget = set => world.sql(`update ingest.rate_budget set ${set} where credential = 'default' and resource in ('core', 'graphql')`)
  await paused(true)
  await merge(c)
  await world.while(worker, eventually('the merge is read', () => world.sql(`select count(*) from q.job where kind = 'verify.merge' and project_id = '${c.project.id}'`),
    n => n !== '0', at.wait))
  await world.while(worker, eventually('nobody asks', () => world.sql(`select (select count(*) from q.ready where queue = 'sync') + (select count(*) from q.claim)`), n => n === '0', at.wait))
  try {
    await budget(`remaining = ceil(per_window * 0.2), reset_at = now() + interval '1 hour'`)
    const waits = await world.sql(`select q.enqueue('sync', 'sync.issue', 'test:reserve:${c.tag}', jsonb_build_object('issue_id', issue_id)) from core.bounty where id = '${c.bounty.id}'`)
    await world.while(worker, eventually('sync is put off', () => world.sql(`select string_agg(state || ' ' || error_code, ',') from q.run where job_id = ${waits}`),
      said => said === 'snoozed github.budget', at.wait))
    await paused(false)
    const s = await world.while(worker, eventually('it is judged', () => submission(at, c.submission.id), x => x.verdict, at.wait))
    assert.equal(s.verdict.result, 'pass')
    assert.equal(await world.sql(`select count(*) from q.run r join q.job j on j.id = r.job_id where j.queue = 'verify' and r.error_code = 'github.budget'`), '0')
    assert.equal(await world.sql(`select count(*) from q.scheduled where job_id = ${waits}`), '1', 'sync still waits')
    await world.while(worker, paid(at, c.submission.id))
  } finally {
    await paused(false)
    await budget('remaining = per_window')
    await world.sql(`update q.scheduled set run_at = now() where job_id in (select id from q.job where queue = 'sync')`)
  }
})

// Verified and proved, with an hour of hold.
async function held() {
  const c = await opened()
  await world.sql(`update core.bounty set hold = '1 hour' where id = '${c.bounty.id}'; update core.contribution set lock_until = now() + interval '1 year'`)
  await merge(c)
  const s = await world.while(worker, eventually('there is a payout', () => submission(at, c.submission.id), x => x.payouts.length > 0, at.wait))
  return { ...c, payout: s.payouts[0].id }
}
const holdEnds = c => world.sql(`update ledger.payout set due_at = now() where id = '${c.payout}';
  update q.scheduled set run_at = now() where job_id in (select id from q.job where key = 'recheck:${c.payout}')`)

async function stopped(c, code) {
  await holdEnds(c)
  const p = await world.while(worker, eventually('the payout is stopped', () => get(at, `/v1/payouts/${c.payout}`), x => x.blocker, at.wait))
  assert.equal(p.state, 'hold')
  await bountyState(at, c.bounty, 'frozen')
  assert.equal((await submission(at, c.submission.id)).reason, code)
  assert.deepEqual(await releases(at, p.chain_key), [])
}

test('S10, F42: a revert in the hold stops the payout; rejected, its money is the bounty\'s again', async () => {
  const c = await held()
  await github(at, 'revert', { repo: c.repo, number: c.pull.number })
  await stopped(c, 'verify.reverted')
  const done = await patchwork(['verify', 'resolve', c.submission.id, 'reject', '--reason', 'it was taken back'])
  assert.equal(done.status, 0, done.err)
  assert.equal((await get(at, `/v1/payouts/${c.payout}`)).state, 'cancelled')
  await bountyState(at, c.bounty, 'open')
  assert.equal(await world.sql(`select string_agg(a.kind, ',') from ledger.account a join ledger.balance b on b.account_id = a.id
    where a.owner_id = '${c.bounty.id}' and b.posted <> 0`), 'escrow')
})

test('S10, F42: a force push in the hold stops the payout', async () => {
  const c = await held()
  const { sha } = await github(at, 'force', { repo: c.repo, to: 'main' })
  const [first] = JSON.parse(await (await fetch(`${at.github}/repos/${c.repo}/commits/${sha}`, { headers: { 'user-agent': 't' } })).text()).parents
  await github(at, 'force', { repo: c.repo, to: first.sha })
  await stopped(c, 'verify.force_pushed')
})

test('V14, F42: a revert that nothing but the files tell stops the payout', async () => {
  const c = await held()
  await github(at, 'revert', { repo: c.repo, number: c.pull.number, message: 'Tidy up' })
  await stopped(c, 'verify.reverted')
})

test('S10: what still stands at the end of the hold is paid', async () => {
  const c = await held()
  await holdEnds(c)
  await world.while(worker, paid(at, c.submission.id))
})

// RFC 8785 of what has neither fractions nor numbers beyond 2^53.
const canonical = v => (Array.isArray(v) ? `[${v.map(canonical)}]`
  : v && typeof v === 'object' ? `{${Object.keys(v).sort().map(k => `${JSON.stringify(k)}:${canonical(v[k])}`)}}` : JSON.stringify(v))

test('S13, S14, S15: a proof by the tools of strangers: its signature, its address, its form, what it says and what it does not', async () => {
  const [{ CID }, { sha256 }, raw] = await Promise.all(['multiformats/cid', 'multiformats/hashes/sha2', 'multiformats/codecs/raw'].map(load))
  const [cid, sha, login] = (await world.sql(`select f.cid || ' ' || p.merge_sha || ' ' || p.author_login from proof.proof f
    join core.submission s on s.id = f.submission_id join core.pull p on p.id = s.pull_id where s.state = 'paid' limit 1`)).split(' ')
  const ask = (path, accept) => fetch(`${at.api}${path}`, { headers: { accept } })
  const envelope = await (await ask(`/v1/proofs/${cid}`, 'application/vnd.dsse.envelope.v1+json')).json()
  const bytes = Buffer.from(envelope.payload, 'base64')
  const [{ keyid, sig }] = envelope.signatures
  const key = createPublicKey({ key: Buffer.from(`302a300506032b6570032100${keyid}`, 'hex'), format: 'der', type: 'spki' })
  const signed = type => Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${bytes.length} `), bytes])
  assert.equal(envelope.payloadType, 'application/vnd.in-toto+json')
  assert.ok(verify(null, signed(envelope.payloadType), key, Buffer.from(sig, 'base64')))
  assert.ok(!verify(null, signed('application/json'), key, Buffer.from(sig, 'base64')), 'the type is signed, too')
  assert.equal(CID.create(1, raw.code, await sha256.digest(bytes)).toString(), cid)
  for (const [url, method] of [[`${at.api}/ipfs/${cid}`, 'GET'], [`${at.ipfs}/api/v0/cat?arg=${cid}`, 'POST']])
    assert.deepEqual(Buffer.from(await (await fetch(url, { method })).arrayBuffer()), bytes, url)
  const statement = JSON.parse(bytes)
  assert.equal(canonical(statement), bytes.toString())
  assert.deepEqual([statement._type, statement.subject.map(s => s.digest)], ['https://in-toto.io/Statement/v1', [{ gitCommit: sha }]])
  const { bounty, split, verdict } = statement.predicate
  assert.deepEqual(Object.keys(statement.predicate), ['author', 'bounty', 'issue', 'merger', 'pull', 'repository', 'split', 'verdict'])
  assert.deepEqual([typeof bounty.amount, bounty.chain, split.map(x => x.bp)], ['string', 'eip155:338', [10000]])
  assert.equal(statement.predicateType, 'https://patchwork.dev/attestation/contribution/v2')
  assert.equal(bounty.deposits.length, 1)
  for (const { tx, log_index, amount } of bounty.deposits) {
    const { logs } = await rpc(at.evm, 'eth_getTransactionReceipt', [tx])
    const { topics: [, key], data } = logs.find(l => Number(l.logIndex) === log_index)
    assert.deepEqual([key.slice(-32), data.includes(BigInt(amount).toString(16).padStart(64, '0'))], [bounty.id.replaceAll('-', ''), true], 'the log is the lock')
  }
  assert.equal(verdict.project_policy_sha256, null, 'the project has no file')
  assert.ok(verdict.evidence_sha256.length > 5 && verdict.checks.length === 17 && verdict.policy_sha256.length === 64)
  assert.ok(!bytes.toString().includes(login) && !bytes.includes('@') && !bytes.includes('127.0.0.1'), 'no name, no e-mail, no address of a machine')
})

test('S12: a verdict made again in a database restored from a dump: the same bytes; another fact is named', async () => {
  const id = await world.sql(`select id from proof.verdict where kind = 'merge' and result = 'pass' order by created_at limit 1`)
  const here = at.databases.patchwork_owner, there = here.replace(/\/patchwork(\?|$)/, '/replayed$1')
  assert.notEqual(here, there)
  await world.sql('create database replayed owner patchwork_owner')
  const dump = await run(`${bin}/pg_dump`, ['--no-owner', here], { maxBuffer: 1 << 28 })
  const load = run(`${bin}/psql`, ['-qX', '-v', 'ON_ERROR_STOP=1', there])
  load.child.stdin.end(dump.stdout)
  await load
  const first = await patchwork(['verify', 'replay', id, '--json'])
  assert.equal(first.status, 0, first.err)
  assert.equal(JSON.parse(first.out).identical, true)
  const clean = there.replace(/:[^:@/]+@/, '@')
  const second = await patchwork(['verify', '--replay', id, '--json'], clean)
  assert.deepEqual([second.status, second.out], [0, first.out])
  for (const kind of ['hold', 'merge'])
    for (const other of (await world.sql(`select id from proof.verdict where kind = '${kind}' limit 5`)).split('\n'))
      assert.equal((await patchwork(['verify', 'replay', other], clean)).status, 0, `${kind} ${other}`)
  const change = text => run(`${bin}/psql`, ['-qXc', text, there])
  await change(`update proof.verdict set body = convert_to(replace(convert_from(body, 'utf8'), '"reverted":false', '"reverted":true'), 'utf8') where id = '${id}'`)
  const differs = await patchwork(['verify', 'replay', id, '--json'], clean)
  assert.deepEqual([differs.status, JSON.parse(differs.out).difference], [1, 'github.reverted'])
  await change(`update ingest.evidence set bytes = bytes || ' ' where sha256 = any (select unnest(evidence) from proof.verdict where id = '${id}')`)
  const broken = await patchwork(['verify', 'replay', id], clean)
  assert.deepEqual([broken.status, /verify\.evidence_changed/.test(broken.err)], [1, true])
})
