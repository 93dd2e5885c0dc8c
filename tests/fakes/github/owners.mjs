// Who may administer a repository, and what they do there: a GitHub App with its installations, webhooks that deliver, files.
//   App        JWTs are checked with its public key; tokens of an installation reach its repositories alone
//   hooks      for administrators and installations; a new one is pinged; each delivery is listed and may be sent again
import { createVerify, randomBytes, randomUUID } from 'node:crypto'
import { headers as hookHeaders, payload as hookPayload } from './hook.mjs'
import { DOCS, notFound } from './shape.mjs'
import { full, WorldError } from './world.mjs'

const HOUR = 3600_000
const absent = { status: 404, json: notFound }
const refused = (status, message) => ({ status, json: { message, documentation_url: DOCS, status: String(status) } })
const seconds = at => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')
const PERMISSIONS = { administration: 'read', contents: 'read', issues: 'write', metadata: 'read', pull_requests: 'read', repository_hooks: 'write' }

export class Owners {
  app = null // { id, slug, key: public key in PEM }
  installations = new Map() // id -> { id, account, repos: Set of ids, suspended_at }
  tokens = new Map() // token of an installation -> { installation, until }
  people = new Map() // token -> user
  minted = 0
  sent = []

  constructor(g) {
    this.g = g
  }

  // --- who asks ---

  token(req) {
    return (req.headers.authorization ?? '').match(/^(?:bearer|token) +(\S+)$/i)?.[1]
  }

  // The App itself, when its JWT is as GitHub wants it.
  isApp(req) {
    const [header, body, sig, more] = (this.token(req) ?? '').split('.')
    if (!this.app || !header.startsWith('eyJ') || !sig || more !== undefined) return false
    const read = part => JSON.parse(Buffer.from(part, 'base64url'))
    const [{ alg }, { iss, iat, exp }] = [read(header), read(body)]
    const now = Date.now() / 1000
    return alg === 'RS256' && String(iss) === String(this.app.id) && iat <= now && exp > now && exp - iat <= 600
      && createVerify('RSA-SHA256').update(`${header}.${body}`).verify(this.app.key, Buffer.from(sig, 'base64url'))
  }

  // -> { user }, { installation }, or {} for a token that only proves that it is one
  who(req) {
    const token = this.token(req)
    const held = this.tokens.get(token)
    if (held && held.until > Date.now()) return { installation: this.installations.get(held.installation) }
    return { user: this.people.get(token) ?? this.g.oauth.tokens.get(token) }
  }

  permission(repo, user) {
    if (user.id === repo.owner.id) return repo.members?.get(user.id) ?? 'admin'
    return repo.members?.get(user.id) ?? 'read'
  }

  mayHooks(req, repo) {
    const { user, installation } = this.who(req)
    if (installation) return !installation.suspended_at && installation.repos.has(repo.id)
    return Boolean(user) && this.permission(repo, user) === 'admin'
  }

  // null: not ours
  turnedAway(req) {
    const token = this.token(req)
    if (token?.startsWith('ghs_') && !this.who(req).installation) return refused(401, 'Bad credentials')
    if (this.who(req).installation?.suspended_at) return refused(403, 'This installation has been suspended')
    return null
  }

  // --- what is asked: an answer, or null for what is not about any of this ---

  answer(req, path, body) {
    let m
    if ((m = path.match(/^\/app\/installations\/(\d+)\/access_tokens$/)) && req.method === 'POST') return this.mint(req, Number(m[1]))
    if (path === '/user') {
      const { user } = this.who(req)
      return user ? { status: 200, json: this.g.shape().publicUser(user) } : refused(401, 'Bad credentials')
    }
    const repo = this.repository(path)
    if (!repo) return null
    const rest = path.replace(/^\/(repositories\/\d+|repos\/[^/]+\/[^/]+)/, '')
    if (rest === '/installation') return this.installed(req, repo)
    if (rest === '') return this.seen(req, repo)
    if ((m = rest.match(/^\/contents\/(.+)$/))) return this.file(repo, decodeURIComponent(m[1]), new URL(req.url, 'http://x').searchParams.get('ref'))
    if (!rest.startsWith('/hooks')) return null
    return this.mayHooks(req, repo) ? this.hooks(req, repo, rest, body && JSON.parse(body)) : absent
  }

  repository(path) {
    const m = path.match(/^\/repositories\/(\d+)(?=\/|$)/)
    const named = path.match(/^\/repos\/([^/]+)\/([^/]+)(?=\/|$)/)
    const repo = m ? this.g.world.repos.get(Number(m[1])) : named && this.g.world.repo(named[1], named[2])
    const found = named && repo ? (repo.moved ? null : repo.repo) : repo
    return found && !found.deleted && !found.private ? found : null
  }

  // A repository as this person sees it; others get what everybody gets.
  seen(req, repo) {
    const { user } = this.who(req)
    if (!user || req.method !== 'GET') return null
    const at = ['read', 'triage', 'write', 'maintain', 'admin'].indexOf(this.permission(repo, user))
    const json = this.g.shape().fullRepo(repo)
    json.permissions = { admin: at >= 4, maintain: at >= 3, push: at >= 2, triage: at >= 1, pull: at >= 0 }
    return { status: 200, json }
  }

  installationOf(repo) {
    return [...this.installations.values()].find(i => i.repos.has(repo.id))
  }

  installed(req, repo) {
    if (!this.isApp(req)) return refused(401, 'A JSON web token could not be decoded')
    const i = this.installationOf(repo)
    if (!i) return absent
    const at = `${this.g.base}/app/installations/${i.id}`
    return { status: 200, json: {
      id: i.id, account: this.g.shape().user(i.account), repository_selection: 'selected', access_tokens_url: `${at}/access_tokens`,
      repositories_url: `${this.g.base}/installation/repositories`, html_url: `https://github.com/settings/installations/${i.id}`,
      app_id: this.app.id, app_slug: this.app.slug, target_id: i.account.id, target_type: 'User', permissions: PERMISSIONS, events: ['push'],
      created_at: i.created_at, updated_at: i.created_at, single_file_name: null,
      suspended_at: i.suspended_at, suspended_by: i.suspended_at ? this.g.shape().user(i.account) : null,
    } }
  }

  mint(req, id) {
    if (!this.isApp(req)) return refused(401, 'A JSON web token could not be decoded')
    const i = this.installations.get(id)
    if (!i) return absent
    if (i.suspended_at) return refused(403, 'This installation has been suspended')
    const token = `ghs_${randomBytes(18).toString('hex')}`
    const until = Date.now() + (this.app.token_ms ?? HOUR)
    this.tokens.set(token, { installation: id, until })
    this.minted++
    return { status: 201, json: { token, expires_at: seconds(until), permissions: PERMISSIONS, repository_selection: 'selected' } }
  }

  file(repo, name, ref) {
    const { world } = this.g
    const commit = world.resolve(repo, ref ?? repo.default_branch)
    const text = commit?.tree[name]
    if (text === undefined) return absent
    const url = `${this.g.base}/repos/${full(repo)}/contents/${name}`
    const bytes = Buffer.from(text)
    return { status: 200, json: {
      type: 'file', encoding: 'base64', size: bytes.length, name: name.split('/').at(-1), path: name, content: bytes.toString('base64'),
      sha: commit.tree_sha, url, git_url: url, html_url: url, download_url: url, _links: { git: url, html: url, self: url },
    } }
  }

  // --- hooks ---

  hook(repo, h) {
    const url = `${this.g.base}/repos/${full(repo)}/hooks/${h.id}`
    return {
      type: 'Repository', id: h.id, name: 'web', active: h.active, events: h.events,
      config: { url: h.url, content_type: 'json', insecure_ssl: '0', ...(h.secret && { secret: '********' }) },
      updated_at: h.updated_at, created_at: h.created_at, url, test_url: `${url}/tests`, ping_url: `${url}/pings`,
      deliveries_url: `${url}/deliveries`, last_response: { code: h.deliveries.at(-1)?.status_code ?? null, status: 'active', message: null },
    }
  }

  hooks(req, repo, rest, q) {
    repo.hooks ??= []
    const { method } = req
    if (rest === '/hooks' && method === 'GET') return { list: repo.hooks, shape: h => this.hook(repo, h) }
    if (rest === '/hooks' && method === 'POST') return this.create(repo, q)
    const [, id, more] = rest.match(/^\/hooks\/(\d+)(.*)$/) ?? []
    const h = repo.hooks.find(x => x.id === Number(id))
    if (!h) return absent
    if (more === '' && method === 'GET') return { status: 200, json: this.hook(repo, h) }
    if (more === '' && method === 'PATCH') {
      Object.assign(h, { events: q.events ?? h.events, active: q.active ?? h.active, updated_at: this.g.world.now() })
      if (h.forgets) h.secret = q.config?.secret
      return { status: 200, json: this.hook(repo, h) }
    }
    if (more === '/config' && method === 'PATCH') {
      Object.assign(h, { secret: q.secret ?? h.secret, url: q.url ?? h.url, updated_at: this.g.world.now() })
      return { status: 200, json: this.hook(repo, h).config }
    }
    if (more === '/pings' && method === 'POST') {
      if (!h.mute) this.send(repo, h, { event: 'ping' })
      return { status: 204 }
    }
    if (more === '/deliveries' && method === 'GET') {
      const list = [...h.deliveries].reverse().map(({ headers, body, ...d }) => d)
      return { list, shape: d => d, most: h.page }
    }
    const d = h.deliveries.find(x => x.id === Number(more.match(/^\/deliveries\/(\d+)\/attempts$/)?.[1]))
    if (!d || method !== 'POST') return absent
    this.transmit(h, d.guid, d.event, d.action, d.body, repo, true)
    return { status: 202, json: {} }
  }

  create(repo, { config, events, active = true }) {
    if (repo.hooks.some(h => h.url === config.url)) return refused(422, 'Hook already exists on this repository')
    if (repo.hooks.length >= 20) return refused(422, 'The "push" event cannot have more than 20 hooks')
    const now = this.g.world.now()
    const h = { id: this.g.world.id(), url: config.url, secret: config.secret, events, active, created_at: now, updated_at: now, deliveries: [] }
    repo.hooks.push(h)
    this.send(repo, h, { event: 'ping' })
    return { status: 201, json: this.hook(repo, h) }
  }

  // spec: event, action, thread, changes, lost: GitHub tries and gets no answer; a number: so many times
  send(repo, h, spec) {
    const { world } = this.g
    const body = JSON.stringify(hookPayload(this.g.shape(), {
      sender: repo.owner, ...spec, repo, hook_id: h.id, comment: spec.thread?.comments.at(-1), review: spec.thread?.pull?.reviews.at(-1),
    }))
    const guid = randomUUID()
    return this.transmit(h, guid, spec.event, spec.action ?? null, body, repo, false, spec.lost).then(d => ({ ...d, at: world.now() }))
  }

  async transmit(h, guid, event, action, body, repo, redelivery, lost = 0) {
    const left = h.losses?.get(guid) ?? Number(lost)
    if (left > 0) (h.losses ??= new Map()).set(guid, left - 1)
    const d = {
      id: this.g.world.id(), guid, delivered_at: this.g.world.now(), redelivery, duration: 0.1, status: 'OK', status_code: 200, event, action,
      installation_id: null, repository_id: repo.id, body,
    }
    h.deliveries.push(d)
    const headers = hookHeaders({ event, secret: h.secret, delivery: guid, hook_id: h.id, target: repo.id }, body)
    try {
      if (left > 0) throw new Error('lost')
      const resp = await fetch(h.url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) })
      Object.assign(d, { status_code: resp.status, status: resp.ok ? 'OK' : `Invalid HTTP Response: ${resp.status}` })
    } catch {
      Object.assign(d, { status_code: 502, status: 'failed to connect to host' })
    }
    return { guid, status: d.status_code }
  }

  // --- what a test does to it: verbs of control.mjs ---

  static VERBS = {
    app: (g, { id, slug = 'patchwork', public_key, token_ms }) => { g.owners.app = { id, slug, key: public_key, token_ms } },
    install: (g, { id, account, repos }) => {
      const { world } = g
      const ids = repos.map(name => world.named(name).id)
      g.owners.installations.set(id, { id, account: world.user(account), repos: new Set(ids), suspended_at: null, created_at: world.now() })
    },
    uninstall: (g, { id }) => { g.owners.installations.delete(id) },
    suspend: (g, { id, on = true }) => { g.owners.installations.get(id).suspended_at = on ? g.world.now() : null },
    person: (g, { token, user }) => { g.owners.people.set(token, g.world.user(user)) },
    file: (g, { repo: name, path, text }) => {
      const repo = g.world.named(name)
      const tip = g.world.resolve(repo, repo.default_branch)
      const tree = { ...tip.tree }
      if (text === null) delete tree[path]
      else tree[path] = text
      const c = g.world.commit(repo, { parents: [tip.sha], tree, message: `change ${path}`, author: repo.owner })
      repo.branches.set(repo.default_branch, c.sha)
      return { sha: c.sha }
    },
    hooks: (g, { repo }) => ({ minted: g.owners.minted, hooks: (g.world.named(repo).hooks ?? []).map(h => ({
      id: h.id, url: h.url, secret: h.secret, events: h.events, deliveries: h.deliveries.map(({ body, ...d }) => d) })) }),
    unhook: (g, { repo }) => { g.world.named(repo).hooks = [] },
    // what it delivers, how many deliveries are on a page, whether the pings that are asked for get lost, and a change takes its secret
    hook: (g, { repo, events, mute, forgets, page }) => {
      for (const h of g.world.named(repo).hooks) Object.assign(h, { events: events ?? h.events, mute: mute ?? h.mute, forgets: forgets ?? h.forgets, page: page ?? h.page })
    },
    // sent to each of the repository's hooks as GitHub sends it: { repo, event, action, number, lost }
    happen: async (g, q) => {
      const repo = g.world.named(q.repo)
      if (!repo.hooks?.length) throw new WorldError(409, 'no hook')
      const thread = q.number === undefined ? undefined : g.world.thread(repo, q.number)
      const sent = []
      for (const h of repo.hooks)
        sent.push(await g.owners.send(repo, h, { ...q, thread, sender: q.sender ? g.world.user(q.sender) : repo.owner }))
      return { sent }
    },
  }
}
