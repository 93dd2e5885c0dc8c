// conf/nginx/patchwork.conf as it is shipped, in Debian's nginx before the API: only ports, addresses and certificate are other.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import * as http from 'node:http'
import * as http2 from 'node:http2'
import * as https from 'node:https'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort, launch, stop, tail, until } from '../stack/proc.mjs'
import { sha256, startApi } from './api.mjs'

const NAME = 'patchwork.example'
const MAX = 25 * 1024 * 1024
const USER = 'www-data' // when we are root: the proxy never is
const root = process.getuid() === 0

let api, nginx, dir, ca, plain, tls

// Each text must be there: a shipped file that changed must not be tested by halves.
const swap = (text, pairs) => pairs.reduce((all, [from, to]) => {
  assert.ok(all.includes(from), `conf/nginx/patchwork.conf has no ${from}`)
  return all.replaceAll(from, to)
}, text)

function configure() {
  const six = Object.values(networkInterfaces()).flat().some(i => i.address === '::1') ? '[::1]' : '127.0.0.2'
  const shipped = swap(readFileSync('conf/nginx/patchwork.conf', 'utf8'), [
    ['listen 443 ', `listen 127.0.0.1:${tls} `], ['listen [::]:443 ', `listen ${six}:${tls} `],
    ['listen 80;', `listen 127.0.0.1:${plain};`], ['listen [::]:80;', `listen ${six}:${plain};`],
    ['/etc/patchwork/tls/fullchain.pem', join(dir, 'cert.pem')], ['/etc/patchwork/tls/privkey.pem', join(dir, 'key.pem')],
    ['server 127.0.0.1:8080;', `server ${new URL(api.url).host};`],
  ])
  writeFileSync(join(dir, 'patchwork.conf'), shipped)
  writeFileSync(join(dir, 'nginx.conf'), `worker_processes 1;\npid nginx.pid;\nerror_log stderr;\nevents { worker_connections 256; }
    http {\n${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(t => `${t}_temp_path ${t};`).join('\n')}
    access_log off;\ninclude patchwork.conf;\n}\n`)
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1',
    '-subj', `/CN=${NAME}`, '-addext', `subjectAltName=DNS:${NAME}`, '-keyout', join(dir, 'key.pem'), '-out', join(dir, 'cert.pem')],
  { stdio: 'pipe' })
  ca = readFileSync(join(dir, 'cert.pem'))
  if (!root) return
  const [uid, gid] = ['-u', '-g'].map(what => Number(execFileSync('id', [what, USER], { encoding: 'utf8' })))
  for (const name of ['', 'key.pem']) chownSync(join(dir, name), uid, gid)
}

// -> { status, headers, text }; write(request) sends a body its own way. Of a refused body the rest may not be taken: an
// answer counts although the sending then fails.
function ask(path, { module = https, port = tls, method = 'GET', headers = {}, from = '127.0.0.1', body, write } = {}) {
  return new Promise((done, fail) => {
    const req = module.request({ host: '127.0.0.1', port, path, method, headers: { host: NAME, ...headers }, servername: NAME, ca,
      agent: false, localAddress: from, timeout: 30_000 })
    req.on('response', resp => {
      let text = ''
      resp.setEncoding('utf8').on('data', d => { text += d }).on('error', fail)
      resp.on('end', () => { done({ status: resp.statusCode, headers: resp.headers, text }); req.destroy() })
    })
    req.on('error', fail).on('timeout', () => req.destroy(new Error(`${path}: no answer`)))
    if (write) write(req)
    else req.end(body)
  })
}

function deliver(body, { headers = {}, ...options } = {}) {
  return ask('/v1/webhooks/github', { method: 'POST', body, ...options, headers: {
    'content-type': 'application/json', 'x-github-delivery': randomUUID(), 'x-github-event': 'push', 'x-github-hook-id': '42',
    'x-hub-signature-256': `sha256=${createHmac('sha256', api.secret).update(body).digest('hex')}`, ...headers,
  } })
}

before(async () => {
  api = await startApi({ conf: { 'api.proxy': true, 'api.workers': 1, 'limit.read_per_minute': 1, 'limit.read_burst': 2 } })
  dir = mkdtempSync('/var/tmp/patchwork-nginx-test.')
  chmodSync(dir, 0o755)
  plain = await freePort()
  tls = await freePort()
  configure()
  const log = join(api.dir, 'log/nginx.log')
  nginx = launch({ argv: ['/usr/sbin/nginx', '-p', dir, '-e', 'stderr', '-c', join(dir, 'nginx.conf'), '-g', 'daemon off;'],
    log, cwd: dir, user: root ? USER : undefined, tied: 'SIGTERM' })
  const over = nginx.gone.then(code => { throw new Error(`nginx ended with ${code}\n${tail(log)}`) })
  over.catch(() => {})
  await Promise.race([over, until('nginx', () => ask('/livez').then(a => a.status === 200, () => false))])
})
after(async () => {
  if (nginx) await stop(nginx)
  if (dir) rmSync(dir, { recursive: true, force: true })
  await api?.stop()
})

test('a request goes through, by HTTP/1.1 and HTTP/2, and the answer demands TLS for two years', async () => {
  const one = await ask('/openapi.json')
  assert.equal(one.status, 200)
  assert.ok(JSON.parse(one.text).paths['/v1/bounties'])
  assert.equal(one.headers['strict-transport-security'], 'max-age=63072000')
  const missing = await ask('/no/such/path')
  assert.equal(missing.status, 404)
  assert.equal(missing.headers['strict-transport-security'], 'max-age=63072000', 'with errors, too')
  assert.equal(JSON.parse(missing.text).code, 'api.not_found')
  const session = http2.connect(`https://127.0.0.1:${tls}`, { ca, servername: NAME })
  const status = await new Promise((done, fail) => {
    session.on('error', fail)
    session.request({ ':path': '/openapi.json', ':authority': NAME }).on('error', fail).on('response', h => done(h[':status'])).resume()
  }).finally(() => session.destroy())
  assert.equal(status, 200)
})

test('TLS before 1.2 is refused', () => assert.rejects(new Promise((done, fail) => {
  https.get({ host: '127.0.0.1', port: tls, path: '/livez', servername: NAME, ca, agent: false, minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0' }, done).on('error', fail)
}), /alert protocol version/i))

test('X-Forwarded-For is ours: what a client sends in it buys no second window', async () => {
  const spoofed = (client, options) => ask('/v1/bounties', { headers: { 'x-forwarded-for': client }, ...options })
  const seen = []
  for (const client of ['192.0.2.1', '192.0.2.2', '192.0.2.3, 192.0.2.4']) seen.push((await spoofed(client)).status)
  assert.deepEqual(seen, [200, 200, 429])
  assert.equal((await spoofed('127.0.0.1', { from: '127.0.0.3' })).status, 200, 'another address, another window')
  const direct = await api.get('/v1/bounties', { headers: { 'x-forwarded-for': '192.0.2.1' } })
  assert.equal(direct.status, 200, 'the API itself believes the header')
})

test('a signed delivery arrives byte for byte: with its length, and in chunks that the API would refuse', async () => {
  const body = Buffer.concat([Buffer.from('{"a" :\t"é\u2028 \\u00e9",\r\n\n "b": "'), randomBytes(200_000), Buffer.from('"}  \r\n')])
  const stored = guid => api.sql(`select length(body), encode(sha256(body), 'hex') from ingest.delivery where guid = '${guid}'`)
  const chunked = req => { for (let at = 0; at < body.length; at += 50_001) req.write(body.subarray(at, at + 50_001)); req.end() }
  for (const options of [{}, { write: chunked }]) {
    const guid = randomUUID()
    const answer = await deliver(body, { ...options, headers: { 'x-github-delivery': guid } })
    assert.equal(answer.status, 202, answer.text)
    assert.equal(await stored(guid), `${body.length}|${sha256(body)}`)
  }
  const direct = await ask('/v1/webhooks/github', { module: http, port: new URL(api.url).port, method: 'POST', write: chunked })
  assert.equal(direct.status, 400)
})

test('25 MiB pass, one byte more does not', async () => {
  const body = Buffer.alloc(MAX + 1, ' ')
  const most = await deliver(body.subarray(1))
  assert.equal(most.status, 202, most.text)
  const before = await api.rows('ingest.delivery')
  const announced = await deliver(body, { headers: { 'content-length': body.length }, write: req => req.flushHeaders() })
  assert.equal(announced.status, 413)
  const chunked = await deliver(body, { write: req => { req.write(body.subarray(1)); req.end(' ') } })
  assert.equal(chunked.status, 413)
  assert.equal(await api.rows('ingest.delivery'), before)
})

test('plain HTTP is sent to HTTPS, with path and query', async () => {
  const answer = await ask('/v1/bounties?limit=1', { module: http, port: plain })
  assert.equal(answer.status, 301)
  assert.equal(answer.headers.location, `https://${NAME}/v1/bounties?limit=1`)
})

test('metrics and health are for loopback\'s own address', async () => {
  for (const path of ['/metrics', '/readyz', '/livez']) {
    assert.equal((await ask(path)).status, 200, path)
    assert.equal((await ask(path, { from: '127.0.0.3' })).status, 403, path)
  }
  assert.match((await ask('/metrics')).text, /^patchwork_api_/m)
})
