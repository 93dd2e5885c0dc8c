// The pages at / and /console: nothing inline, nothing from elsewhere; and a browser shows at / what the API says.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { require } from '../peers/load.mjs'
import { contribution, startApi } from './api.mjs'
import { FLAGS, startProxy } from './browser.mjs'

const { privateKeyToAccount, generatePrivateKey } = require('viem/accounts')

let api, me, open, made
before(async () => {
  api = await startApi()
  me = await api.signIn(privateKeyToAccount(generatePrivateKey()))
  await api.sql(`insert into core.external_account (person_id, provider, provider_uid, login_display, method)
    values ('${me.person_id}', 'github', 77, 'octocat', 'operator')`)
  const project = await api.verifiedProject(me.token, 'ada/engine', 1)
  open = (await api.bounty(me.token, project, { issue_number: 1, title: '<b>Mind the "markup"</b>', amount: '1234567890000' })).body
  const paid = (await api.bounty(me.token, project, { issue_number: 2, title: 'Carry the one' })).body
  await api.sql(['deposit_seen', 'deposit_confirmed'].map(e => `select core.bounty_move('${open.id}', '${e}', 'test', null)`).join(';'))
  await api.sql(['deposit_seen', 'deposit_confirmed', 'merged', 'verify_ok', 'hold_begun', 'hold_ended', 'payout_sent', 'payout_confirmed']
    .map(e => `select core.bounty_move('${paid.id}', '${e}', 'test', null)`).join(';'))
  made = await contribution(api, { project, bounty: paid.id, person: me.person_id })
})
after(() => api.stop())

const TYPES = { html: 'text/html', css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' }
const files = readdirSync(new URL('../../api/page/', import.meta.url)).map(name => ({
  path: { 'index.html': '/', 'console.html': '/console' }[name] ?? `/${name}`, type: TYPES[name.split('.').pop()] }))
const texts = async type => Promise.all(files.filter(f => f.type === type).map(async f => (await api.get(f.path)).text))

test('their files: types, policy, ETag', async () => {
  for (const { path, type } of files) {
    const a = await api.get(path)
    assert.equal(a.status, 200)
    assert.ok(a.headers.get('content-type').startsWith(type))
    assert.match(a.headers.get('content-security-policy'), /^default-src 'self';/)
    assert.doesNotMatch(a.headers.get('content-security-policy'), /unsafe|http/)
    assert.equal((await api.get(path, { headers: { 'if-none-match': a.headers.get('etag') } })).status, 304)
  }
})

test('nothing inline, nothing from another host', async () => {
  for (const text of await texts('text/html')) {
    assert.doesNotMatch(text, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc="\/)/)
    for (const [, url] of text.matchAll(/(?:src|href)="([^"]*)"/g)) assert.match(url, /^(\/(?!\/)|#)/)
  }
  for (const text of await texts('text/javascript')) assert.doesNotMatch(text, /innerHTML|insertAdjacentHTML|document\.write|\beval\b|https?:/)
  for (const text of await texts('text/css')) assert.doesNotMatch(text, /url\(|@import/)
})

// The page as a browser has it, after its script ran.
async function browse(path, base = api.url) {
  const profile = mkdtempSync(join(tmpdir(), 'patchwork-page-'))
  const proxy = await startProxy()
  const child = spawn('chromium', [...FLAGS, ...proxy.flags, `--user-data-dir=${profile}`, '--virtual-time-budget=5000', '--enable-logging=stderr',
    '--dump-dom', base + path], { stdio: ['ignore', 'pipe', 'pipe'] })
  let dom = '', log = ''
  child.stdout.on('data', d => { dom += d })
  child.stderr.on('data', d => { log += d })
  await new Promise((done, fail) => { child.once('close', done); child.once('error', fail) })
  proxy.stop()
  rmSync(profile, { recursive: true, force: true, maxRetries: 3 })
  return { dom, strayed: proxy.strayed(), complaints: log.split('\n').filter(l => l.includes('CONSOLE')) }
}

const plain = html => html.replace(/<[^>]+>/g, ' ').replace(/&amp;/g, '&').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/[\s\u202f]+/g, ' ')

test('a browser shows the open bounty, the board and the contribution, as text', { timeout: 300_000 }, async () => {
  const { dom, strayed, complaints } = await browse('/')
  const text = plain(dom)
  assert.ok(text.includes('<b>Mind the "markup"</b>'), text)
  assert.ok(!dom.includes('<b>Mind'), 'a title is no markup')
  assert.ok(text.includes('1 234 567.89 TUSD'), text)
  assert.match(text, /1 octocat 12\.5 1 contribution/)
  assert.match(text, /Carry the one/)
  assert.ok(dom.includes(`href="#submission/${made.submission}"`))
  assert.match(dom, /class="live ok"/)
  assert.deepEqual([strayed, complaints], [[], []])
})

test('one contribution\'s lineage, in the order of time', { timeout: 300_000 }, async () => {
  const { dom, complaints } = await browse(`/#submission/${made.submission}`)
  const timeline = plain(dom.slice(dom.indexOf('id="timeline"')))
  for (const part of ['Bounty created', 'pull request closed', 'Pull request #7 merged', 'Verdict: pass', 'V1 pass', 'V11 flag, stops nothing: nobody else approved it', made.cid, 'Payout of 250 TUSD scheduled',
    me.address, 'Paid', '12.5 points for octocat']) assert.ok(timeline.includes(part), `${part}\n${timeline}`)
  const told = ['Bounty created', 'pull request closed', 'Pull request #7 merged', 'Verdict: pass', 'Paid', '12.5 points'].map(part => timeline.indexOf(part))
  assert.deepEqual(told, [...told].sort((a, b) => a - b), timeline)
  const unknown = await browse('/#submission/00000000-0000-7000-8000-000000000000')
  assert.ok(plain(unknown.dom).includes('There is nothing by this id.'))
  assert.deepEqual(complaints, [])
})

// Between browser and API: the title changes as soon as the first list is on its way to the page.
test('it is live: what changes after the page was read appears without a reload', { timeout: 300_000 }, async () => {
  const seen = []
  const between = createServer(async (req, resp) => {
    const a = await fetch(api.url + req.url)
    const body = Buffer.from(await a.arrayBuffer())
    if (req.url === '/') seen.push('page')
    if (req.url.startsWith('/v1/bounties')) {
      seen.push(JSON.parse(body).items.find(b => b.id === open.id).title)
      if (seen.length === 2) await api.sql(`update core.bounty set title = 'Changed meanwhile' where id = '${open.id}'`)
    }
    resp.writeHead(a.status, { 'content-type': a.headers.get('content-type'), 'content-security-policy': a.headers.get('content-security-policy') ?? '' }).end(body)
  })
  await new Promise(up => between.listen(0, '127.0.0.1', up))
  try {
    const { dom, complaints } = await browse('/', `http://127.0.0.1:${between.address().port}`)
    assert.deepEqual(seen.slice(0, 3), ['page', '<b>Mind the "markup"</b>', 'Changed meanwhile'])
    assert.ok(plain(dom).includes('Changed meanwhile') && !plain(dom).includes('Mind the'), plain(dom))
    assert.deepEqual(complaints, [])
  } finally {
    between.close()
  }
})
