// GitHub's world in memory: users, repositories with commits and branches, issues and pull requests, and what people
// do to them. Nothing here knows HTTP or JSON shapes. Times are RFC 3339 in whole seconds, as GitHub writes them.
import { createHash } from 'node:crypto'

const sha1 = text => createHash('sha1').update(text).digest('hex')
const KEYWORD = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:([\w.-]+\/[\w.-]+))?#(\d+)/gi

export class WorldError extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

export class World {
  constructor() {
    this.users = new Map() // lower-case login -> user
    this.repos = new Map() // id -> repository
    this.names = new Map() // lower-case owner/name, old names too -> repository id
    this.skew = 0 // seconds that this world's clock is ahead
    this.serial = 1_296_000_000
  }

  id() {
    return ++this.serial
  }

  now() {
    return new Date(Date.now() + this.skew * 1000).toISOString().replace(/\.\d+Z$/, 'Z')
  }

  addUser({ login, id, type = 'User', name = null, email = null, created_at = this.now() }) {
    const user = { login, id: id ?? this.id(), type, name, email, created_at }
    this.users.set(login.toLowerCase(), user)
    return user
  }

  // The name is free for others then, as it is at GitHub; the number stays.
  renameUser({ user, login }) {
    const u = this.user(user)
    this.users.delete(u.login.toLowerCase())
    u.login = login
    this.users.set(login.toLowerCase(), u)
    return u
  }

  // People appear when they are first named: a test says who acts, not who exists.
  user(login) {
    return this.users.get(String(login).toLowerCase()) ?? this.addUser({ login })
  }

  addRepo({ owner, name, id, default_branch = 'main', private: secret = false, installation = null, files = {} }) {
    const now = this.now()
    const repo = {
      id: id ?? this.id(), owner: this.user(owner), name, private: secret, default_branch, installation,
      created_at: now, updated_at: now, pushed_at: now, archived: false, deleted: false,
      commits: new Map(), branches: new Map(), threads: new Map(), last: 0,
    }
    this.repos.set(repo.id, repo)
    this.names.set(`${owner}/${name}`.toLowerCase(), repo.id)
    const first = this.commit(repo, {
      parents: [], tree: { 'README.md': `# ${name}\n`, ...files }, message: 'Initial commit', author: repo.owner,
    })
    repo.branches.set(default_branch, first.sha)
    return repo
  }

  // -> { repo, moved }: moved when it was asked for under a name it no longer has
  repo(owner, name) {
    const repo = this.repos.get(this.names.get(`${owner}/${name}`.toLowerCase()))
    if (!repo || repo.deleted) return { repo: null, moved: false }
    return { repo, moved: `${owner}/${name}`.toLowerCase() !== full(repo).toLowerCase() }
  }

  named(fullName) {
    const { repo } = this.repo(...String(fullName).split('/'))
    if (!repo) throw new WorldError(404, `no repository ${fullName}`)
    return repo
  }

  rename(repo, name, owner = repo.owner.login) {
    this.names.set(`${owner}/${name}`.toLowerCase(), repo.id)
    repo.name = name
    repo.owner = this.user(owner)
    repo.updated_at = this.now()
  }

  // --- git ---

  commit(repo, { parents, tree, message, author, committer = author, date = this.now(), trailers = '' }) {
    const text = trailers ? `${message}\n\n${trailers}` : message
    const names = Object.keys(tree).sort()
    const c = {
      parents, tree, message: text, author, committer, date,
      tree_sha: sha1(names.map(n => `${n}\0${tree[n]}`).join('\0')),
    }
    c.sha = sha1(JSON.stringify([c.tree_sha, parents, text, author.login, committer.login, date, repo.commits.size]))
    repo.commits.set(c.sha, c)
    return c
  }

  resolve(repo, ref) {
    const sha = repo.branches.get(ref) ?? ref
    return repo.commits.get(sha) ?? null
  }

  reach(repo, sha) {
    const seen = new Set()
    const todo = [sha]
    while (todo.length) {
      const at = todo.pop()
      if (seen.has(at) || !repo.commits.has(at)) continue
      seen.add(at)
      todo.push(...repo.commits.get(at).parents)
    }
    return seen
  }

  // What head has and base has not, oldest first.
  between(repo, base, head) {
    const [known, reached] = [this.reach(repo, base), this.reach(repo, head)]
    return [...repo.commits.values()].filter(c => reached.has(c.sha) && !known.has(c.sha))
  }

  compare(repo, base, head) {
    const ahead = this.between(repo, base.sha, head.sha)
    const behind = this.between(repo, head.sha, base.sha)
    const [theirs, ours] = [this.reach(repo, head.sha), this.reach(repo, base.sha)]
    const common = [...repo.commits.values()].filter(c => theirs.has(c.sha) && ours.has(c.sha))
    const status = ahead.length ? (behind.length ? 'diverged' : 'ahead') : behind.length ? 'behind' : 'identical'
    return { ahead, behind, status, merge_base: common.at(-1) ?? null }
  }

  // --- issues and pull requests ---

  thread(repo, number) {
    const t = repo.threads.get(Number(number))
    if (!t) throw new WorldError(404, `no issue or pull request ${number} in ${full(repo)}`)
    return t
  }

  addIssue(repo, { user, title, body = null, labels = [], assignees = [] }) {
    const now = this.now()
    const t = {
      repo, id: this.id(), number: ++repo.last, user: this.user(user), title, body, labels,
      assignees: assignees.map(a => this.user(a)), state: 'open', state_reason: null, locked: false,
      created_at: now, updated_at: now, closed_at: null, closed_by: null, edited_at: null,
      events: [], comments: [], pull: null,
    }
    repo.threads.set(t.number, t)
    return t
  }

  addPull(repo, { user, title, body = null, branch, base = repo.default_branch, commits, draft = false, link = [] }) {
    const from = this.resolve(repo, base)
    if (!from) throw new WorldError(422, `no branch ${base}`)
    const t = this.addIssue(repo, { user, title, body })
    const ref = branch ?? `patch-${t.number}`
    t.pull = {
      id: this.id(), draft, head: { ref, sha: from.sha }, base: { ref: base, sha: from.sha }, merged: false,
      merged_at: null, merged_by: null, merge_commit_sha: null, reviews: [], linked: new Set(link), left: null,
    }
    repo.branches.set(ref, from.sha)
    for (const c of commits ?? [{}]) this.push(repo, t, c)
    for (const issue of this.closes(t)) this.mention(issue, t)
    return t
  }

  push(repo, t, { message, files, author, trailers, delete: gone = [] }) {
    const parent = repo.commits.get(t.pull.head.sha)
    const n = repo.commits.size
    const tree = { ...parent.tree, ...(files ?? { [`src/change-${n}.txt`]: `change ${n}\n` }) }
    for (const name of gone) delete tree[name]
    const c = this.commit(repo, {
      parents: [parent.sha], tree, message: message ?? t.title, author: this.user(author ?? t.user.login), trailers,
    })
    repo.branches.set(t.pull.head.ref, c.sha)
    t.pull.head.sha = c.sha
    repo.pushed_at = t.updated_at = this.now()
    return c
  }

  commits(t) {
    return t.pull.left ?? this.between(t.repo, t.pull.base.sha, t.pull.head.sha)
  }

  // Issues that the pull request closes by its text or by a link made on the page; text counts on the default branch only.
  closes(t) {
    const numbers = new Set(t.pull.linked)
    if (t.pull.base.ref === t.repo.default_branch)
      for (const [, other, n] of (t.body ?? '').matchAll(KEYWORD))
        if (!other || other.toLowerCase() === full(t.repo).toLowerCase()) numbers.add(Number(n))
    return [...numbers].map(n => t.repo.threads.get(n)).filter(i => i && !i.pull)
  }

  event(t, event, actor, more = {}) {
    const e = { id: this.id(), event, actor: this.user(actor), created_at: this.now(), commit: null, ...more }
    t.events.push(e)
    t.updated_at = e.created_at
    return e
  }

  mention(issue, t) {
    if (!issue.events.some(e => e.event === 'cross-referenced' && e.source === t))
      this.event(issue, 'cross-referenced', t.user.login, { source: t })
  }

  merge(t, { method = 'merge', by = t.repo.owner.login, message }) {
    const { repo, pull } = t
    if (pull.merged || t.state !== 'open') throw new WorldError(405, 'Pull Request is not mergeable')
    const target = repo.commits.get(repo.branches.get(pull.base.ref))
    const mine = this.commits(t)
    const merger = this.user(by)
    const github = { login: 'web-flow', name: 'GitHub', email: 'noreply@github.com' }
    const tree = patch(target.tree, repo.commits.get(pull.base.sha).tree, repo.commits.get(pull.head.sha).tree)
    let last
    const landed = []
    if (method === 'merge')
      last = this.commit(repo, {
        parents: [target.sha, pull.head.sha], tree, author: merger, committer: github,
        message: message ?? `Merge pull request #${t.number} from ${t.user.login}/${pull.head.ref}\n\n${t.title}`,
      })
    else if (method === 'squash')
      last = this.commit(repo, {
        parents: [target.sha], tree, author: t.user, committer: github,
        message: message ?? `${t.title} (#${t.number})\n\n${mine.map(c => `* ${c.message}`).join('\n\n')}`,
      })
    else if (method === 'rebase') {
      last = target
      let before = repo.commits.get(pull.base.sha)
      for (const c of mine) {
        last = this.commit(repo, {
          parents: [last.sha], tree: patch(last.tree, before.tree, c.tree), author: c.author, committer: merger,
          message: c.message,
        })
        landed.push(last.sha)
        before = c
      }
    } else throw new WorldError(422, `no merge method ${method}`)
    pull.left = mine
    repo.branches.set(pull.base.ref, last.sha)
    repo.pushed_at = this.now()
    Object.assign(pull, { landed, merged: true, merged_at: this.now(), merged_by: merger, merge_commit_sha: last.sha })
    this.event(t, 'merged', by, { commit: last.sha })
    this.close(t, { by, reason: null })
    for (const issue of this.closes(t))
      if (issue.state === 'open') this.close(issue, { by, reason: 'completed', closer: { pull: t } })
    if (pull.base.ref === repo.default_branch) this.closeByCommits(repo, landed.length ? landed.map(sha => repo.commits.get(sha)) : [...mine, last], by)
    return last
  }

  closeByCommits(repo, commits, by) {
    for (const c of commits)
      for (const [, other, n] of c.message.matchAll(KEYWORD)) {
        const issue = other ? null : repo.threads.get(Number(n))
        if (issue && !issue.pull && issue.state === 'open')
          this.close(issue, { by, reason: 'completed', closer: { commit: c.sha } })
      }
  }

  close(t, { by, reason = 'completed', closer = {} }) {
    const e = this.event(t, 'closed', by, { closer, commit: closer.commit ?? null, state_reason: reason })
    Object.assign(t, { state: 'closed', state_reason: reason, closed_at: e.created_at, closed_by: e.actor })
    return e
  }

  reopen(t, { by }) {
    const e = this.event(t, 'reopened', by)
    Object.assign(t, { state: 'open', state_reason: t.pull ? null : 'reopened', closed_at: null, closed_by: null })
    return e
  }

  edit(t, { title = t.title, body = t.body, draft, by = t.user.login }) {
    const at = this.now()
    Object.assign(t, { title, updated_at: at })
    if (body !== t.body) this.edited(t, { body, by, at })
    if (t.pull && draft !== undefined) t.pull.draft = draft
    if (t.pull) for (const issue of this.closes(t)) this.mention(issue, t)
  }

  // Its first version is among the edits, as at GitHub.
  edited(o, { body, by, at }) {
    o.edits ??= [{ editor: o.user, at: o.created_at }]
    o.edits.push({ editor: this.user(by), at })
    Object.assign(o, { body, edited_at: at, editor: o.edits.at(-1).editor })
  }

  link(t, { issue, by }) {
    t.pull.linked.add(Number(issue))
    this.event(this.thread(t.repo, issue), 'connected', by ?? t.repo.owner.login, { source: t })
  }

  review(t, { user, state = 'APPROVED', body = '', commit = t.pull.head.sha }) {
    const r = { id: this.id(), user: this.user(user), state, body, commit, submitted_at: this.now() }
    t.pull.reviews.push(r)
    t.updated_at = r.submitted_at
    return r
  }

  comment(t, { user, body }) {
    const c = { id: this.id(), user: this.user(user), body, created_at: this.now() }
    t.comments.push(c)
    t.updated_at = c.created_at
    return c
  }

  // Of a comment, or of the last one: another text, or none of it is left.
  editComment(t, { comment, body, by, remove = false }) {
    const c = comment ? t.comments.find(x => x.id === comment) : t.comments.at(-1)
    if (!c) throw new WorldError(404, 'no comment')
    if (remove) t.comments.splice(t.comments.indexOf(c), 1)
    else {
      c.updated_at = this.now()
      this.edited(c, { body, by: by ?? c.user.login, at: c.updated_at })
    }
    return c
  }

  unlink(t, { issue, by }) {
    t.pull.linked.delete(Number(issue))
    this.event(this.thread(t.repo, issue), 'disconnected', by ?? t.repo.owner.login, { source: t })
  }

  // What checks said of a commit: [{ name, status, conclusion }]
  check(repo, { ref, runs }) {
    const c = this.resolve(repo, ref ?? repo.default_branch)
    if (!c) throw new WorldError(422, `no commit ${ref}`)
    c.checks = runs
    return c
  }

  // The merged pull request that brought a commit to where it is, or has it on its branch.
  pullsOf(repo, sha) {
    return [...repo.threads.values()].filter(t => t.pull && (t.pull.landed?.includes(sha) ||
      t.pull.merge_commit_sha === sha || this.commits(t).some(c => c.sha === sha)))
  }

  // Undoes what the merge changed: a commit on the default branch, or a pull request that has it.
  revert(t, { by = t.repo.owner.login, as = 'commit', message: words }) {
    const { repo, pull } = t
    if (!pull?.merged) throw new WorldError(422, 'not merged')
    const merged = repo.commits.get(pull.merge_commit_sha)
    const first = pull.left[0] ?? merged
    const before = repo.commits.get(pull.left.length && merged.parents.length < 2 ? merged.parents[0] : pull.base.sha)
    const tip = repo.commits.get(repo.branches.get(repo.default_branch))
    const undone = patch(tip.tree, merged.tree, before?.tree ?? first.tree)
    const message = words ?? `Revert "${t.title} (#${t.number})"\n\nThis reverts commit ${merged.sha}.`
    if (as === 'pull') {
      const files = Object.fromEntries(Object.entries(undone).filter(([n, text]) => tip.tree[n] !== text))
      const gone = Object.keys(tip.tree).filter(n => !(n in undone))
      return this.addPull(repo, {
        user: by, title: `Revert "${t.title}"`, body: `Reverts ${full(repo)}#${t.number}`,
        branch: `revert-${t.number}-${pull.head.ref}`, commits: [{ message, files, delete: gone }],
      })
    }
    const c = this.commit(repo, { parents: [tip.sha], tree: undone, message, author: this.user(by) })
    repo.branches.set(repo.default_branch, c.sha)
    repo.pushed_at = this.now()
    return c
  }

  // Moves a branch away from what it held, as a force push does.
  forcePush(repo, { branch = repo.default_branch, to }) {
    const c = this.resolve(repo, to)
    if (!c) throw new WorldError(422, `no commit ${to}`)
    repo.branches.set(branch, c.sha)
    repo.pushed_at = this.now()
    return c
  }
}

export const full = repo => `${repo.owner.login}/${repo.name}`

// onto, changed by what lies between two trees
function patch(onto, from, to) {
  const tree = { ...onto }
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) {
    if (from[name] === to[name]) continue
    if (name in to) tree[name] = to[name]
    else delete tree[name]
  }
  return tree
}

export function diff(from, to) {
  const lines = text => (text === undefined ? [] : text.replace(/\n$/, '').split('\n'))
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort()
  return names.filter(n => from[n] !== to[n]).map(filename => {
    const old = lines(from[filename])
    const now = lines(to[filename])
    return {
      filename, additions: now.length, deletions: old.length, changes: now.length + old.length,
      status: !(filename in from) ? 'added' : filename in to ? 'modified' : 'removed',
      sha: sha1(to[filename] ?? from[filename]),
      patch: [`@@ -1,${old.length} +1,${now.length} @@`, ...old.map(l => `-${l}`), ...now.map(l => `+${l}`)].join('\n'),
    }
  })
}
