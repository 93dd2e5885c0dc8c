// O13: the operators' console in a real browser: by the keyboard alone, audited, and for an auditor without anything that writes.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { CHAIN, contribution, startApi } from './api.mjs'
import { Browser, walletOf } from './browser.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')
const VIEWS = ['stages', 'jobs', 'replays', 'runs', 'audit', 'lineage']

let api, browser, made
const people = {}
before(async () => {
  api = await startApi()
  for (const role of ['operator', 'auditor', 'stranger']) {
    const account = privateKeyToAccount(generatePrivateKey())
    const { token, person_id } = await api.signIn(account)
    people[role] = { account, token, person_id, wallet: walletOf(account, CHAIN) }
    if (role === 'stranger') continue
    await api.sql(`insert into core.role_grant (person_id, role, granted_by) values ('${person_id}', '${role}', 'test')`)
  }
  const project = await api.verifiedProject(people.operator.token, 'ada/engine', 1)
  const bounty = (await api.bounty(people.operator.token, project)).body.id
  made = await contribution(api, { project, bounty, person: people.operator.person_id })
  made.jobs = []
  for (const [n, state] of ['done', 'done', 'done', 'parked'].entries()) made.jobs.push(await ended(n, state))
  browser = await Browser.start()
})
after(async () => {
  await browser?.stop()
  await api?.stop()
})

async function ended(n, state, kind = 'score.payout') {
  const code = state === 'parked' ? `'chain.reverts'` : 'null', [queue] = kind.split('.')
  const id = await api.sql(`select q.enqueue('${queue}', '${kind}', 'console:${n}', '{"payout_id": "${made.payout}"}')`)
  await api.sql(`delete from q.ready where job_id = ${id};
    insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code, error)
      values (${id}, 1, '${state}', 1, 1, now(), now(), ${state === 'parked' ? `'invalid'` : 'null'}, ${code}, ${code})`)
  if (state === 'parked') await api.sql(`insert into q.parked (job_id, queue, kind, attempt, error_code) values (${id}, '${queue}', '${kind}', 1, ${code})`)
  return Number(id)
}

// The page of somebody, signed in by Tab and Enter.
async function enter(role, path = '/console') {
  const page = await browser.page(api.url, people[role].wallet)
  await page.open(path)
  await page.sees('Sign in with your wallet')
  await page.tabTo('Sign in with your wallet')
  await page.press('Enter')
  return page
}

const audited = async filter => (await api.get(`/v1/audit?actor=person:${people.operator.person_id}&${filter}`, { token: people.auditor.token })).body.items

test('O13: an operator, by the keyboard alone: signs in, pauses a stage, previews, starts and stops a replay; each is in the audit log', { timeout: 120_000 }, async () => {
  people.operator.wallet.refuse()
  const page = await enter('operator')
  await page.sees('You declined in the wallet')
  await page.press('Enter')
  await page.sees('Oldest waits')

  while (await page.run(`document.activeElement.dataset.key`) !== 'toggle-score') await page.tabTo('Pause')
  await page.press('Enter')
  await page.until(`document.querySelector('dialog[open] h2').innerText === 'Pause stage score'`)
  await page.press('Escape')
  await page.until(`!document.querySelector('dialog') && document.activeElement.dataset.key === 'toggle-score'`)
  await page.press('Enter')
  await page.until(`document.activeElement.name === 'reason'`)
  await page.type('the node is forked')
  await page.press('Enter')
  await page.until(`document.querySelector('#said').innerText === 'score is paused.' && document.activeElement.dataset.key === 'toggle-score'`)
  assert.equal(await page.focused(), 'Resume')
  assert.equal(await api.sql(`select reason from q.pause where scope = 'stage' and name = 'score'`), 'the node is forked')

  await page.press('2')
  await page.until(`location.hash === '#/jobs' && document.querySelector('h1').innerText === 'Jobs'`)
  await page.press('/')
  assert.equal(await page.focused(), 'Stage')
  await page.type('score')
  await page.press('Tab')
  assert.equal(await page.focused(), 'Kind')
  await page.type('score.payout')
  await page.press('Tab')
  await page.type('done')
  await page.press('Tab')
  await page.press('Enter')
  await page.until(`location.hash === '#/jobs?stage=score&kind=score.payout&state=done' && document.querySelectorAll('tbody tr').length === 3`)
  await page.press('Escape')
  await page.press('j')
  await page.press('j')
  await page.press('Enter')
  await page.until(`location.hash === '#/job/${made.jobs[1]}' && document.querySelector('h1').innerText === 'Job ${made.jobs[1]}'`)
  await page.sees('Nobody has to act')
  await page.run('history.back()')
  await page.until(`document.querySelectorAll('tbody tr').length === 3`)

  await page.tabTo('Replay these')
  await page.press('Enter')
  await page.until(`document.querySelector('h1').innerText === 'What a replay would do'`)
  assert.match(await page.text(), /\b3 ended jobs/)
  assert.equal(await api.rows('q.batch'), 0)
  await page.tabTo('Replay 3 jobs')
  await page.press('Enter')
  await page.tabTo('Reason')
  await page.type('totals were read too early')
  await page.press('Enter')
  await page.until(`location.hash === '#/replays' && /has begun: 3 jobs/.test(document.querySelector('#said').innerText)`)
  await page.sees('totals were read too early')
  assert.equal(await api.sql('select total from q.batch'), '3')
  await page.tabTo('Stop')
  await page.press('Enter')
  await page.until(`document.activeElement.name === 'reason'`)
  await page.type('one was enough')
  await page.press('Enter')
  await page.until(`/ is stopped/.test(document.querySelector('#said').innerText) && document.querySelector('tbody .state').innerText === 'stopped'`)

  await page.press('5')
  for (const reason of ['the node is forked', 'totals were read too early', 'one was enough']) {
    await page.sees(reason)
    assert.equal((await audited('limit=50')).filter(a => a.reason === reason).length, 1, reason)
  }
  assert.deepEqual([page.complaints, page.strayed, browser.proxy.strayed()], [[], [], []])
})

test('O13: selected jobs are retried; what is refused says its code; the session outlives a reload and its token, and leaves nothing in the storage', { timeout: 120_000 }, async () => {
  const parked = made.jobs[3]
  const page = await enter('operator', `/console#/jobs?state=parked`)
  await page.until(`document.querySelectorAll('tbody tr').length === 1`)
  await page.press('j')
  await page.press('x')
  await page.sees('1 selected')
  await page.run(`document.querySelector('[data-key=bulk-retry]').focus()`)
  await page.press('Enter')
  await page.until(`document.activeElement.name === 'reason'`)
  await page.type('the escrow is filled')
  await page.press('Enter')
  await page.sees(`Job ${parked} runs again.`)
  assert.equal((await audited(`object=job/${parked}&limit=5`)).filter(a => a.reason === 'the escrow is filled').length, 1)
  await page.reload()
  await page.until(`document.querySelector('#who .role')?.innerText === 'operator' && sessionStorage.length === 0 && localStorage.length === 0`)

  await page.run(`{ const now = Date.now; Date.now = () => now() + 14.5 * 60_000 }`)
  const renewed = () => api.sql(`select count(*) from core.refresh_token t join core.session s on s.id = t.session_id
    where t.used_at is not null and s.person_id = '${people.operator.person_id}'`)
  assert.equal(await renewed(), '0')
  await page.press('1')
  await page.sees('Oldest waits')
  assert.equal(await renewed(), '1')

  await page.press('?')
  await page.until(`document.querySelector('dialog[open] h2').innerText === 'Keys'`)
  await page.press('Escape')
  await page.until(`!document.querySelector('dialog')`)
  assert.deepEqual([page.complaints, page.strayed], [[], []])

  await page.open('/console#/job/999999999')
  await page.sees('job.not_found')
  await page.tabTo('Sign out')
  await page.press('Enter')
  await page.sees('Sign in with your wallet')
  assert.equal(await page.run('sessionStorage.length'), 0)
})

test('A12: the wallet signs once more before a job of stage pay runs again', { timeout: 120_000 }, async () => {
  const [parked, done] = [await ended(10, 'parked', 'pay.quote'), await ended(11, 'done', 'pay.quote')]
  const page = await enter('operator', `/console#/job/${parked}`)
  await page.until(`document.querySelector('h1').innerText === 'Job ${parked}'`)
  const retry = async () => {
    await page.run(`[...document.querySelectorAll('button')].find(b => b.innerText === 'Retry').click()`)
    await page.until(`document.activeElement.name === 'reason'`)
    await page.type('the escrow is filled')
    await page.press('Enter')
  }
  people.operator.wallet.refuse()
  await retry()
  await page.sees('You declined in the wallet')
  assert.equal(await api.sql(`select count(*) from q.parked where job_id = ${parked}`), '1')
  await page.press('Escape')
  await page.until(`!document.querySelector('dialog')`)
  await retry()
  await page.sees(`Job ${parked} runs again.`)
  await page.run(`location.hash = '#/replay?ids=${done}'`)
  await page.sees('your wallet is asked to sign')
  assert.deepEqual(await api.sql(`select string_agg(action, ',') from core.statement where signed_at is not null`), 'jobs.pay')
  assert.deepEqual([page.complaints.filter(c => !/403/.test(c)), page.strayed], [[], []])
})

test('A8: a renewal without an answer is not sent twice, and what is in flight is not kept', { timeout: 120_000 }, async () => {
  const sessions = () => api.sql(`select count(*) filter (where revoked_at is null) || ' ' || count(*) filter (where revoked_reason = 'refresh_reused')
    from core.session where person_id = '${people.operator.person_id}'`)
  const page = await enter('operator')
  await page.sees('Oldest waits')
  const was = await sessions()
  await page.run(`{ const send = fetch, now = Date.now; window.sent = []; Date.now = () => now() + 14.5 * 60_000
    window.fetch = async (path, asked) => {
      const answer = await send(path, asked)
      if (path !== '/v1/auth/refresh') return answer
      sent.push(answer.status)
      throw new TypeError('the connection is lost')
    } }`)
  await page.press('2')
  await page.sees('The sign-in could not be renewed')
  for (const key of ['1', '2']) await page.press(key)
  await page.sees('Sign in with your wallet')
  assert.deepEqual([await page.run('sent'), await page.run('sessionStorage.length'), await sessions()], [[200], 0, was])

  const other = await enter('operator')
  await other.sees('Oldest waits')
  await other.run(`dispatchEvent(new PageTransitionEvent('pagehide')); window.kept = sessionStorage.length; sessionStorage.clear()`)
  await other.run(`{ const send = fetch, now = Date.now; window.sent = 0; Date.now = () => now() + 14.5 * 60_000
    window.fetch = (path, asked) => { if (path !== '/v1/auth/refresh') return send(path, asked); sent++; return new Promise(() => {}) } }`)
  await other.press('2')
  await other.until('sent === 1')
  await other.run(`dispatchEvent(new PageTransitionEvent('pagehide'))`)
  assert.deepEqual([await other.run('kept'), await other.run('sessionStorage.length')], [1, 0])
})

test('O13: what an address says is one piece of a path', { timeout: 120_000 }, async () => {
  const page = await enter('auditor')
  await page.sees('Oldest waits')
  await page.run(`{ const send = fetch; window.asked = []; window.fetch = (path, how) => { asked.push(path); return send(path, how) } }`)
  await page.run(`location.hash = '#/job/..%2Fme'`)
  await page.until(`document.querySelector('.refusal')`)
  await page.run(`location.hash = '#/lineage/..%2F..%2Fv1/me'`)
  await page.until(`asked.some(p => p.startsWith('/v1/lineage'))`)
  assert.deepEqual(await page.run(`[...new Set(asked)].filter(p => /job|lineage/.test(p)).sort()`), ['/v1/explain/job/..%2Fme', '/v1/jobs/..%2Fme', '/v1/lineage/..%2F..%2Fv1/me'])
})

test('O13: an auditor sees every view and nothing that writes; one contribution on one page; 360 px are enough', { timeout: 120_000 }, async () => {
  const page = await enter('auditor')
  await page.sees('auditor, reads only')
  const places = [...VIEWS.map(v => `#/${v}`), `#/job/${made.jobs[0]}`, '#/replay?kind=score.payout&state=done', `#/lineage/submission/${made.submission}`]
  for (const [n, place] of places.entries()) {
    await page.run(`document.querySelector('h1')?.remove(), location.hash = '${place}'`) // the view's own heading is awaited
    await page.until(`location.hash === '${place}' && !document.querySelector('main[aria-busy]') && document.querySelector('h1')?.innerText !== undefined`)
    assert.ok(await page.run(`!document.querySelector('.refusal')`), await page.text())
    const can = await page.run(`[...document.querySelectorAll('button, input[type=checkbox], [role=button]')].map(b => b.innerText || b.ariaLabel)`)
    assert.deepEqual(can.filter(c => !['Sign out', 'Apply', 'Show'].includes(c)), [], place)
    await page.size(n % 2 ? 1280 : 360, 800, n % 2)
    assert.ok(await page.run('document.scrollingElement.scrollWidth <= innerWidth'), `${place} is wider than its window`)
    const unnamed = await page.run(`[...document.querySelectorAll('input, select')].filter(e => !e.labels?.length && !e.ariaLabel).length`)
    assert.equal(unnamed, 0, `${place}: an input without a label`)
  }
  const text = await page.text()
  for (const hop of [made.guid, made.submission, made.pull, made.payout, made.cid]) assert.ok(text.includes(hop), `${hop}\n${text}`)
  assert.ok(await page.run(`document.querySelectorAll('tbody tr').length`) > 3)
  assert.ok(await page.run(`[...document.querySelectorAll('tbody tr')].every(r => r.querySelector('time[title]') || /^link/.test(r.innerText))`))
  assert.deepEqual([page.complaints, page.strayed, browser.proxy.strayed()], [[], [], []])
  const refused = await api.post('/v1/pauses', { what: 'stage', name: 'pay', reason: 'no' }, { token: people.auditor.token })
  assert.deepEqual([refused.status, refused.body.code], [403, 'auth.role'])
})

test('O13: who has none of the roles is told so; without a wallet the page says what is needed', { timeout: 120_000 }, async () => {
  const stranger = await enter('stranger')
  await stranger.sees('patchwork role grant')
  assert.ok(await stranger.run(`!document.querySelector('table')`))
  const none = await browser.page(api.url)
  await none.open('/console')
  await none.sees('This browser has no wallet')
  assert.deepEqual([stranger.complaints, none.complaints, stranger.strayed, none.strayed], [[], [], [], []])
})
