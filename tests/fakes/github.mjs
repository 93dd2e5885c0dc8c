// github.mjs [--port N] [--public URL]: a stand-in for GitHub's REST and GraphQL interfaces with a world of its own.
// The world is driven and faults are set under /_control/ (github/control.mjs); everything else answers as GitHub does:
// ETag and 304, Link paging, rate limit headers, redirects of renamed repositories, 404 for what one may not see.
import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { VERBS } from './github/control.mjs'
import { Faults, overlay } from './github/faults.mjs'
import { execute } from './github/graphql.mjs'
import { OAuth } from './github/oauth.mjs'
import { answer, page, write } from './github/rest.mjs'
import { Owners } from './github/owners.mjs'
import { DOCS, Shape } from './github/shape.mjs'
import { Windows } from './github/windows.mjs'
import { World, WorldError } from './github/world.mjs'

const HOUR = 3600

class GitHub {
  constructor(base) {
    this.base = base
    this.reset()
  }

  reset() {
    this.world = new World()
    this.faults = new Faults()
    this.owners = new Owners(this)
    this.log = []
    this.tokens = null // null: any token is good
    this.budgets = {}
    this.windows = new Windows()
    this.oauth = new OAuth(this.world)
    this.setRate({})
  }

  shape = () => new Shape(this.world, this.base)

  setRate({ limit, remaining, reset_in = HOUR, resource = 'core' }) {
    const most = limit ?? 5000
    this.budgets[resource] = { limit: most, remaining: remaining ?? most, reset: Math.floor(Date.now() / 1000) + reset_in }
    return this.budgets[resource]
  }

  rate(resource) {
    const b = this.budgets[resource]
    if (!b || b.reset * 1000 <= Date.now()) return this.setRate({ resource, limit: b?.limit })
    return b
  }

  rateLimits() {
    const of = resource => {
      const { limit, remaining, reset } = this.rate(resource)
      return { limit, used: limit - remaining, remaining, reset }
    }
    return { resources: { core: of('core'), search: of('search'), graphql: of('graphql') }, rate: of('core') }
  }

  rateHeaders(resource) {
    const { limit, remaining, reset } = this.rate(resource)
    return {
      'x-ratelimit-limit': limit, 'x-ratelimit-remaining': remaining, 'x-ratelimit-reset': reset,
      'x-ratelimit-used': limit - remaining, 'x-ratelimit-resource': resource,
    }
  }

  // null, or the answer that turns the caller away
  admit(req, resource) {
    const [, token] = (req.headers.authorization ?? '').match(/^(?:bearer|token) +(\S+)$/i) ?? []
    if (req.headers.authorization && (!token || (this.tokens && !this.tokens.has(token) && !this.owners.isApp(req) && !token.startsWith('ghs_'))))
      return problem(401, 'Bad credentials', DOCS)
    if (resource === 'graphql' && !token) return problem(401, 'This endpoint requires you to be authenticated.',
      'https://docs.github.com/graphql/guides/forming-calls-with-graphql#authenticating-with-graphql')
    if (!req.headers['user-agent']) return { status: 403, text: 'Request forbidden by administrative rules. Please make sure your request has a User-Agent header.' }
    if (this.rate(resource).remaining <= 0) return problem(403, 'API rate limit exceeded for user ID 1.',
      `${DOCS}/overview/rate-limits-for-the-rest-api`)
    return null
  }

  handle(req, url, body) {
    const told = this.oauth.answer(req, url, body)
    if (told) return told.user ? { status: 200, json: this.shape().publicUser(told.user), resource: 'core' } : { resource: 'core', ...told }
    const resource = url.pathname === '/graphql' ? 'graphql' : 'core'
    const shut = this.windows.admit(req, resource)
    if (shut) return this.shut(shut, resource, () => this.open(req, url, body, resource))
    return this.open(req, url, body, resource)
  }

  // What a window answers: its own refusal, or what was asked for with headers that forbid the next.
  shut(by, resource, open) {
    const limits = reset => ({
      'x-ratelimit-limit': this.rate(resource).limit, 'x-ratelimit-remaining': 0, 'x-ratelimit-reset': reset,
      'x-ratelimit-resource': resource,
    })
    if (by.spent) return { ...open(), said: limits(by.spent) }
    if (by.graphql) return {
      status: 200, resource, said: limits(by.graphql),
      json: { errors: [{ type: 'RATE_LIMITED', message: 'API rate limit exceeded for user ID 1.' }] },
    }
    return { ...problem(by.status, by.message, DOCS), headers: by.headers, resource }
  }

  open(req, url, body, resource) {
    const turned = this.admit(req, resource)
    if (turned) return { ...turned, resource }
    const authorized = Boolean(req.headers.authorization)
    const owned = this.owners.turnedAway(req) ?? this.owners.answer(req, url.pathname, body)
    if (owned) {
      if (owned.list) Object.assign(owned, { status: 200, ...page(owned.list, url.pathname, url.searchParams, this.base, owned.shape, owned.most) })
      return { ...owned, resource, cost: 1, cacheable: owned.status === 200 && req.method === 'GET' }
    }
    if (resource === 'graphql') return { ...this.graphql(req, body), resource, cost: 1 }
    if (req.method === 'POST' || req.method === 'PATCH') return { ...write(this.shape(), req.method, url.pathname, body), resource, cost: 1 }
    if (req.method !== 'GET' && req.method !== 'HEAD') return { ...problem(404, 'Not Found', DOCS), resource, cost: 1 }
    const rate = () => this.rateLimits()
    const a = answer(this.shape(), url.pathname, { base: this.base, rate, authorized, query: url.searchParams })
    const cost = url.pathname === '/rate_limit' ? 0 : 1
    if (a.list) Object.assign(a, { status: 200, ...page(a.list, url.pathname, url.searchParams, this.base, a.shape) })
    return { ...a, resource, cost, cacheable: a.status === 200 && cost > 0 }
  }

  graphql(req, body) {
    if (req.method !== 'POST') return problem(404, 'Not Found', DOCS)
    let query
    try {
      query = JSON.parse(body)
    } catch {
      return problem(400, 'Problems parsing JSON', 'https://docs.github.com/graphql')
    }
    const rate = () => {
      const { limit, remaining, reset } = this.rate('graphql')
      return { limit, remaining, used: limit - remaining, resetAt: new Date(reset * 1000).toISOString().replace('.000Z', 'Z') }
    }
    return { status: 200, json: execute(this.world, rate, query) }
  }
}

function problem(status, message, documentation_url) {
  return { status, json: { message, documentation_url, status: String(status) } }
}

const read = async req => {
  const parts = []
  for await (const part of req) parts.push(part)
  return Buffer.concat(parts).toString()
}

function send(res, status, headers, text, head) {
  res.writeHead(status, { 'content-length': Buffer.byteLength(text), ...headers })
  res.end(head ? '' : text)
}

async function control(g, req, res, url, body) {
  const verb = url.pathname.slice('/_control/'.length)
  const reply = (status, json) => send(res, status, { 'content-type': 'application/json' }, `${JSON.stringify(json ?? {})}\n`)
  try {
    if (verb === 'log' && req.method === 'GET') return reply(200, g.log)
    if (verb === 'windows' && req.method === 'GET') return reply(200, g.windows.report())
    if (verb === 'log' && req.method === 'DELETE') return reply(200, (g.log = []))
    if (verb === 'fault' && req.method === 'DELETE') return reply(200, g.faults.clear())
    if (req.method !== 'POST' || !Object.hasOwn(VERBS, verb)) return reply(404, { error: `no such control: ${req.method} ${verb}` })
    return reply(200, await VERBS[verb](g, body ? JSON.parse(body) : {}))
  } catch (e) {
    return reply(e instanceof WorldError ? e.status : 400, { error: e.message })
  }
}

async function serve(g, req, res) {
  const url = new URL(req.url, 'http://localhost')
  const body = await read(req)
  if (url.pathname.startsWith('/_control/')) return control(g, req, res, url, body)
  const fault = g.faults.take(req.method, req.url, body)
  const entry = {
    at: new Date().toISOString(), method: req.method, url: req.url, fault: Boolean(fault),
    authorized: Boolean(req.headers.authorization), if_none_match: req.headers['if-none-match'] ?? null,
    user_agent: req.headers['user-agent'] ?? null, accept: req.headers.accept ?? null,
    traceparent: req.headers.traceparent ?? null, body, status: null,
  }
  g.log.push(entry)
  if (fault?.delay_ms) await new Promise(wake => setTimeout(wake, fault.delay_ms))
  if (fault?.reset) return req.socket.resetAndDestroy?.() ?? req.socket.destroy()
  const a = g.handle(req, url, body)
  res.once('close', () => g.windows.leave())
  if (fault?.patch) a.json = overlay(a.json, fault.patch)
  if (fault?.status) Object.assign(a, { status: fault.status, json: fault.json, text: fault.body, cacheable: false })
  else if (fault?.json !== undefined || fault?.body !== undefined) Object.assign(a, { json: fault.json, text: fault.body, cacheable: false })
  return reply(g, req, res, a, entry, fault)
}

function reply(g, req, res, a, entry, fault) {
  const text = a.text ?? (a.json === undefined ? '' : JSON.stringify(a.json))
  const headers = {
    'content-type': 'application/json; charset=utf-8', 'x-github-media-type': 'github.v3; format=json',
    'x-github-request-id': randomUUID().slice(0, 23).toUpperCase(), server: 'github.com', 'cache-control': 'private, max-age=60, s-maxage=60',
    ...a.headers,
  }
  if (a.cacheable) headers.etag = `W/"${createHash('sha256').update(text).digest('hex')}"`
  const fresh = a.cacheable && (req.headers['if-none-match'] ?? '').split(/,\s*/).some(tag => tag.replace(/^W\//, '') === headers.etag.slice(2))
  if (!fresh && a.cost) g.rate(a.resource).remaining -= a.cost
  Object.assign(headers, g.rateHeaders(a.resource), a.said, fault?.headers)
  entry.status = fresh ? 304 : a.status
  if (fresh) {
    res.writeHead(304, headers)
    return res.end()
  }
  if (fault?.truncate !== undefined) {
    res.writeHead(a.status, { 'content-length': Buffer.byteLength(text), ...headers })
    return res.write(Buffer.from(text).subarray(0, fault.truncate), () => req.socket.destroy())
  }
  return send(res, a.status, headers, text, req.method === 'HEAD')
}

// -> { url, world, stop() }; publicUrl is where clients see it, for the addresses in answers
export async function startGitHub({ port = 0, publicUrl } = {}) {
  const server = createServer((req, res) => serve(g, req, res).catch(e => {
    console.error(e)
    if (!res.headersSent) send(res, 500, { 'content-type': 'application/json' }, JSON.stringify({ message: e.message }))
  }))
  server.keepAliveTimeout = 600_000 // no connection ends just when a slow client asks again
  await new Promise((up, down) => server.once('error', down).listen(port, '127.0.0.1', up))
  const url = `http://127.0.0.1:${server.address().port}`
  const g = new GitHub(publicUrl ?? url)
  return {
    url, github: g,
    stop: () => new Promise(done => { server.close(done); server.closeAllConnections() }),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, public: { type: 'string' } } })
  const { url, stop } = await startGitHub({ port: Number(values.port), publicUrl: values.public })
  console.log(`github: ${url}`)
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop().then(() => process.exit(0)))
}
