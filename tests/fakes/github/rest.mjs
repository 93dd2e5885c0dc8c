// GitHub's REST paths over the world: match(method, path) -> (shape, query) => { status, json, headers, list }
import { notFound, DOCS } from './shape.mjs'

const ok = json => ({ status: 200, json })
const absent = { status: 404, json: notFound }

function pullOf(repo, n) {
  const t = repo.threads.get(Number(n))
  return t?.pull ? t : null
}

// Below a repository, whether it was asked for by name or by number.
const UNDER_REPO = [
  [/^$/, (s, repo) => ok(s.fullRepo(repo))],
  [/^\/pulls\/(\d+)$/, (s, repo, [n]) => { const t = pullOf(repo, n); return t ? ok(s.pull(t)) : absent }],
  [/^\/pulls\/(\d+)\/commits$/, (s, repo, [n]) => {
    const t = pullOf(repo, n)
    return t ? { list: s.world.commits(t).map(c => s.commit(repo, c)) } : absent
  }],
  [/^\/pulls\/(\d+)\/reviews$/, (s, repo, [n]) => {
    const t = pullOf(repo, n)
    return t ? { list: t.pull.reviews.map(r => s.review(t, r)) } : absent
  }],
  [/^\/issues$/, (s, repo, m, query) => {
    const since = query.get('since') ?? ''
    const state = query.get('state') ?? 'open'
    const list = [...repo.threads.values()].filter(t => t.updated_at >= since && (state === 'all' || t.state === state))
    const way = query.get('direction') === 'asc' ? 1 : -1
    const by = query.get('sort') === 'updated' ? 'updated_at' : 'created_at'
    list.sort((a, b) => way * (a[by] < b[by] ? -1 : a[by] > b[by] ? 1 : a.number - b.number))
    return { list, shape: t => s.issue(t) }
  }],
  [/^\/issues\/(\d+)$/, (s, repo, [n]) => {
    const t = repo.threads.get(Number(n))
    return t ? ok(s.issue(t)) : absent
  }],
  [/^\/issues\/(\d+)\/timeline$/, (s, repo, [n]) => {
    const t = repo.threads.get(Number(n))
    return t ? { list: s.timeline(t) } : absent
  }],
  [/^\/issues\/comments\/(\d+)$/, (s, repo, [id]) => {
    for (const t of repo.threads.values())
      for (const c of t.comments) if (c.id === Number(id)) return ok(s.comment(t, c))
    return absent
  }],
  [/^\/issues\/(\d+)\/comments$/, (s, repo, [n]) => {
    const t = repo.threads.get(Number(n))
    return t ? { list: t.comments.map(c => s.comment(t, c)) } : absent
  }],
  [/^\/collaborators\/([^/]+)\/permission$/, (s, repo, [login]) => {
    const u = s.world.users.get(login.toLowerCase())
    if (!u) return absent
    const role = repo.members?.get(u.id) ?? (u === repo.owner ? 'admin' : 'read')
    return ok({ permission: { maintain: 'write', triage: 'read' }[role] ?? role, role_name: role, user: { ...s.user(u), role_name: role } })
  }],
  [/^\/pulls\/(\d+)\/files$/, (s, repo, [n]) => {
    const t = pullOf(repo, n)
    return t ? { list: s.files(t) } : absent
  }],
  [/^\/commits$/, (s, repo, _, query) => {
    const head = s.world.resolve(repo, query.get('sha') ?? repo.default_branch)
    if (!head) return absent
    const since = Date.parse(query.get('since') ?? 0)
    const reached = s.world.reach(repo, head.sha)
    const all = [...repo.commits.values()].filter(c => reached.has(c.sha) && Date.parse(c.date) >= since)
    return { list: all.reverse().map(c => s.commit(repo, c)) }
  }],
  [/^\/commits\/([^/]+)\/check-runs$/, (s, repo, [ref]) => {
    const c = s.world.resolve(repo, ref)
    return c ? ok(s.checkRuns(repo, c)) : noCommit(ref)
  }],
  [/^\/commits\/([^/]+)\/status$/, (s, repo, [ref]) => {
    const c = s.world.resolve(repo, ref)
    return c ? ok(s.combinedStatus(repo, c)) : noCommit(ref)
  }],
  [/^\/git\/commits\/([^/]+)$/, (s, repo, [sha]) => {
    const c = repo.commits.get(sha)
    if (!c) return absent
    const { node_id, html_url, parents, commit: { message, tree, author, committer, url, verification } } = s.commit(repo, c)
    return ok({ sha, node_id, url, html_url, message, tree, author, committer, parents, verification })
  }],
  [/^\/commits\/([^/]+)$/, (s, repo, [ref]) => {
    const c = s.world.resolve(repo, ref)
    return c ? ok({ ...s.commit(repo, c), ...s.changes(repo, c) }) : noCommit(ref)
  }],
  [/^\/compare\/(.+)\.\.\.(.+)$/, (s, repo, [base, head]) => {
    const [b, h] = [base, head].map(name => s.world.resolve(repo, name.replace(/^[^:]+:/, '')))
    return b && h ? ok(s.comparison(repo, `${base}...${head}`, b, h)) : absent
  }],
]

const noCommit = ref => ({
  status: 422,
  json: { message: `No commit found for SHA: ${ref}`, documentation_url: `${DOCS}/commits/commits#get-a-commit`, status: '422' },
})

// Comments are written by the account whose token it is.
export function write(shape, method, path, body) {
  const { world } = shape
  const [, id, owner, name, rest] = path.match(/^\/(?:repositories\/(\d+)|repos\/([^/]+)\/([^/]+))(\/.*)$/) ?? []
  const repo = id ? world.repos.get(Number(id)) : name && world.repo(owner, name).repo
  if (!repo || repo.deleted) return absent
  const { body: text } = JSON.parse(body)
  let m
  if (method === 'POST' && (m = rest.match(/^\/issues\/(\d+)\/comments$/)) && repo.threads.has(Number(m[1]))) {
    const t = repo.threads.get(Number(m[1]))
    return { status: 201, json: shape.comment(t, world.comment(t, { user: 'patchwork-bot', body: text })) }
  }
  if (method === 'PATCH' && (m = rest.match(/^\/issues\/comments\/(\d+)$/)))
    for (const t of repo.threads.values())
      for (const c of t.comments)
        if (c.id === Number(m[1])) {
          Object.assign(c, { body: text, edited: (c.edited ?? 0) + 1 })
          return ok(shape.comment(t, c))
        }
  return absent
}

export function answer(shape, path, { base, rate, authorized, query }) {
  const { world } = shape
  let m
  if (path === '/rate_limit') return ok(rate())
  if ((m = path.match(/^\/users\/([^/]+)$/))) {
    const u = world.users.get(m[1].toLowerCase())
    return u ? ok(shape.publicUser(u)) : absent
  }
  if ((m = path.match(/^\/user\/(\d+)$/))) {
    const u = [...world.users.values()].find(v => v.id === Number(m[1]))
    return u ? ok(shape.publicUser(u)) : absent
  }
  let repo
  let rest
  if ((m = path.match(/^\/repositories\/(\d+)(\/.*)?$/))) {
    repo = world.repos.get(Number(m[1]))
    rest = m[2] ?? ''
  } else if ((m = path.match(/^\/repos\/([^/]+)\/([^/]+)(\/.*)?$/))) {
    const found = world.repo(m[1], m[2])
    repo = found.repo
    rest = m[3] ?? ''
    if (found.moved) {
      const url = `${base}/repositories/${repo.id}${rest}`
      return {
        status: 301, headers: { location: url },
        json: { message: 'Moved Permanently', url, documentation_url: `${DOCS}/guides/best-practices-for-using-the-rest-api#follow-redirects` },
      }
    }
  }
  if (!repo || repo.deleted || (repo.private && !authorized)) return absent
  for (const [pattern, make] of UNDER_REPO)
    if ((m = rest.match(pattern))) return make(shape, repo, m.slice(1).map(decodeURIComponent), query)
  return absent
}

// One page of a list and its Link header.
export function page(list, path, query, base, shape = x => x, most = 100) {
  const size = Math.min(Math.max(Number(query.get('per_page')) || 30, 1), most)
  const last = Math.max(Math.ceil(list.length / size), 1)
  const at = Math.max(Number(query.get('page')) || 1, 1)
  const link = (n, rel) => {
    const q = new URLSearchParams(query)
    q.set('page', n)
    return `<${base}${path}?${q}>; rel="${rel}"`
  }
  const links = []
  if (at > 1) links.push(link(at - 1, 'prev'))
  if (at < last) links.push(link(at + 1, 'next'), link(last, 'last'))
  if (at > 1) links.push(link(1, 'first'))
  return { json: list.slice((at - 1) * size, at * size).map(shape), headers: links.length ? { link: links.join(', ') } : {} }
}
