// As much of GitHub's GraphQL as evidence of a merge needs: a parser of query documents, an executor, and resolvers over
// the world. What the real schema has and this has not is answered as an unknown field, never with an invented value.
import { full } from './world.mjs'
import { node, WEB } from './shape.mjs'

class QueryError extends Error {
  constructor(message, more) {
    super(message)
    this.more = more
  }
}

const TOKEN = /[\s,\ufeff]+|#[^\n]*|(\.\.\.|[!$():=@[\]{}|]|[_A-Za-z]\w*|-?\d+(?:\.\d+)?|"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*")|(.)/gy

function tokens(text) {
  const out = []
  for (const [, token, bad] of text.matchAll(TOKEN)) {
    if (bad) throw new QueryError(`Parse error on "${bad}" (error)`)
    if (token) out.push(token)
  }
  return out
}

class Parser {
  constructor(text) {
    this.list = tokens(text)
    this.at = 0
  }

  peek() { return this.list[this.at] }
  next() {
    if (this.at >= this.list.length) throw new QueryError('Unexpected end of document')
    return this.list[this.at++]
  }
  take(token) { return this.peek() === token && (this.at++, true) }
  want(token) {
    const found = this.next()
    if (found !== token) throw new QueryError(`Parse error on "${found}", expected "${token}"`)
  }

  document() {
    const doc = { operations: [], fragments: {} }
    while (this.peek() !== undefined) {
      if (this.take('fragment')) {
        const name = this.next()
        this.want('on')
        doc.fragments[name] = { type: this.next(), fields: this.selection() }
      } else if (this.peek() === '{') doc.operations.push({ kind: 'query', name: null, variables: {}, fields: this.selection() })
      else doc.operations.push(this.operation())
    }
    return doc
  }

  operation() {
    const kind = this.next()
    if (kind !== 'query') throw new QueryError(`Only queries are answered here, not "${kind}"`)
    const name = '({@'.includes(this.peek()) ? null : this.next()
    const variables = {}
    if (this.take('('))
      while (!this.take(')')) {
        this.want('$')
        const variable = this.next()
        this.want(':')
        const type = this.type()
        variables[variable] = { required: type.endsWith('!'), value: this.take('=') ? this.value() : undefined }
      }
    return { kind, name, variables, fields: this.selection() }
  }

  type() {
    let text
    if (this.take('[')) {
      text = `[${this.type()}]`
      this.want(']')
    } else text = this.next()
    return this.take('!') ? `${text}!` : text
  }

  selection() {
    const fields = []
    this.want('{')
    while (!this.take('}')) fields.push(this.take('...') ? this.spread() : this.field())
    return fields
  }

  spread() {
    if (this.take('on')) return { on: this.next(), directives: this.directives(), fields: this.selection() }
    if (this.peek() === '{' || this.peek() === '@') return { on: null, directives: this.directives(), fields: this.selection() }
    return { spread: this.next(), directives: this.directives() }
  }

  field() {
    let name = this.next()
    let alias = name
    if (this.take(':')) name = this.next()
    const args = this.arguments()
    const directives = this.directives()
    return { name, alias, args, directives, fields: this.peek() === '{' ? this.selection() : null }
  }

  arguments() {
    const args = {}
    if (this.take('('))
      while (!this.take(')')) {
        const name = this.next()
        this.want(':')
        args[name] = this.value()
      }
    return args
  }

  directives() {
    const list = []
    while (this.take('@')) list.push({ name: this.next(), args: this.arguments() })
    return list
  }

  value() {
    const token = this.next()
    if (token === '$') return { variable: this.next() }
    if (token === '[') {
      const items = []
      while (!this.take(']')) items.push(this.value())
      return { items }
    }
    if (token.startsWith('"""')) return { constant: token.slice(3, -3) }
    if (token.startsWith('"')) return { constant: JSON.parse(token) }
    if (/^-?\d/.test(token)) return { constant: Number(token) }
    return { constant: { true: true, false: false, null: null }[token] ?? (token === 'null' ? null : token) }
  }
}

// Objects of the schema: __typename and one function (or value) per field.
class Schema {
  constructor(world, rate) {
    this.world = world
    this.rate = rate
  }

  query() {
    return {
      __typename: 'Query',
      repository: ({ owner, name }) => {
        const { repo } = this.world.repo(owner, name)
        if (!repo) throw missing(`Could not resolve to a Repository with the name '${owner}/${name}'.`)
        return this.repository(repo)
      },
      user: ({ login }) => {
        const u = this.world.users.get(login.toLowerCase())
        if (!u) throw missing(`Could not resolve to a User with the login of '${login}'.`)
        return this.actor(u)
      },
      node: ({ id }) => this.node(id),
      rateLimit: () => ({ __typename: 'RateLimit', cost: 1, nodeCount: 1, ...this.rate() }),
    }
  }

  node(id) {
    for (const r of this.world.repos.values()) {
      if (node('Repository', r.id) === id) return this.repository(r)
      for (const t of r.threads.values()) {
        if (t.pull && node('PullRequest', t.pull.id) === id) return this.pull(t)
        if (!t.pull && node('Issue', t.id) === id) return this.issue(t)
      }
    }
    throw missing(`Could not resolve to a node with the global id of '${id}'`)
  }

  actor(u) {
    return u && {
      __typename: u.type, id: node(u.type, u.id), databaseId: u.id, login: u.login, name: u.name,
      url: `${WEB}/${u.login}`, resourcePath: `/${u.login}`,
    }
  }

  repository(r) {
    return {
      __typename: 'Repository', id: node('Repository', r.id), databaseId: r.id, name: r.name, nameWithOwner: full(r),
      url: `${WEB}/${full(r)}`, isPrivate: r.private, isArchived: r.archived, createdAt: r.created_at, updatedAt: r.updated_at,
      owner: () => this.actor(r.owner),
      defaultBranchRef: () => this.ref(r, r.default_branch),
      ref: ({ qualifiedName }) => this.ref(r, qualifiedName.replace(/^refs\/heads\//, '')),
      pullRequest: ({ number }) => {
        const t = r.threads.get(number)
        if (!t?.pull) throw missing(`Could not resolve to a PullRequest with the number of ${number}.`)
        return this.pull(t)
      },
      issue: ({ number }) => {
        const t = r.threads.get(number)
        if (!t || t.pull) throw missing(`Could not resolve to an Issue with the number of ${number}.`)
        return this.issue(t)
      },
    }
  }

  ref(r, name) {
    const sha = r.branches.get(name)
    return sha ? {
      __typename: 'Ref', name, prefix: 'refs/heads/', target: () => this.commit(r, r.commits.get(sha)),
    } : null
  }

  commit(r, c) {
    return c && {
      __typename: 'Commit', id: node('Commit', c.sha), oid: c.sha, message: c.message, committedDate: c.date,
      messageHeadline: c.message.split('\n')[0], url: `${WEB}/${full(r)}/commit/${c.sha}`,
      repository: () => this.repository(r),
      associatedPullRequests: args => connection('associatedPullRequests', args,
        this.world.pullsOf(r, c.sha).map(t => this.pull(t)), 'PullRequestConnection'),
    }
  }

  thread(t) {
    return {
      number: t.number, title: t.title, body: t.body ?? '', createdAt: t.created_at, updatedAt: t.updated_at,
      closed: t.state === 'closed', closedAt: t.closed_at, locked: t.locked,
      ...this.edits(t), author: () => this.actor(t.user),
      repository: () => this.repository(t.repo),
      timelineItems: args => {
        const kinds = args.itemTypes
        const all = t.events.map(e => this.event(t, e)).filter(Boolean)
        return connection('timelineItems', args, kinds ? all.filter(e => kinds.includes(constant(e.__typename))) : all,
          'IssueTimelineItemsConnection')
      },
    }
  }

  edits(o) {
    return {
      lastEditedAt: o.edited_at ?? null, editor: () => this.actor(o.editor) ?? null,
      userContentEdits: args => connection('userContentEdits', args, [...o.edits ?? []].reverse().map(e => ({
        __typename: 'UserContentEdit', editedAt: e.at, createdAt: e.at, editor: () => this.actor(e.editor),
      })), 'UserContentEditConnection'),
    }
  }

  comment(t, c) {
    return {
      __typename: 'IssueComment', id: node('IssueComment', c.id), databaseId: c.id, fullDatabaseId: String(c.id), body: c.body,
      createdAt: c.created_at, updatedAt: c.updated_at ?? c.created_at, ...this.edits(c), author: () => this.actor(c.user),
    }
  }

  issue(t) {
    return {
      ...this.thread(t), __typename: 'Issue', id: node('Issue', t.id), databaseId: t.id, fullDatabaseId: String(t.id),
      url: `${WEB}/${full(t.repo)}/issues/${t.number}`, state: t.state.toUpperCase(),
      stateReason: t.state_reason && t.state_reason.toUpperCase(),
      closedByPullRequestsReferences: args => connection('closedByPullRequestsReferences', args,
        [...t.repo.threads.values()].filter(p => p.pull && this.world.closes(p).includes(t)).map(p => this.pull(p)),
        'PullRequestConnection'),
    }
  }

  pull(t) {
    const { pull } = t
    return {
      ...this.thread(t), __typename: 'PullRequest', id: node('PullRequest', pull.id), databaseId: pull.id,
      fullDatabaseId: String(pull.id), url: `${WEB}/${full(t.repo)}/pull/${t.number}`, isDraft: pull.draft,
      state: pull.merged ? 'MERGED' : t.state.toUpperCase(), merged: pull.merged, mergedAt: pull.merged_at,
      baseRefName: pull.base.ref, headRefName: pull.head.ref, baseRefOid: pull.base.sha, headRefOid: pull.head.sha,
      mergedBy: () => this.actor(pull.merged_by),
      mergeCommit: () => this.commit(t.repo, t.repo.commits.get(pull.merge_commit_sha)),
      comments: args => connection('comments', args, t.comments.map(c => this.comment(t, c)), 'IssueCommentConnection'),
      closingIssuesReferences: args => connection('closingIssuesReferences', args,
        this.world.closes(t).map(i => this.issue(i)), 'IssueConnection'),
      commits: args => connection('commits', args, this.world.commits(t).map(c => ({
        __typename: 'PullRequestCommit', id: node('PullRequestCommit', c.sha), commit: () => this.commit(t.repo, c),
      })), 'PullRequestCommitConnection'),
      reviews: args => connection('reviews', args, pull.reviews.map(r => ({
        __typename: 'PullRequestReview', id: node('PullRequestReview', r.id), databaseId: r.id, state: r.state, body: r.body,
        submittedAt: r.submitted_at, author: () => this.actor(r.user),
        commit: () => this.commit(t.repo, t.repo.commits.get(r.commit)),
      })), 'PullRequestReviewConnection'),
    }
  }

  event(t, e) {
    const names = {
      closed: 'ClosedEvent', reopened: 'ReopenedEvent', merged: 'MergedEvent', connected: 'ConnectedEvent', disconnected: 'DisconnectedEvent',
      'cross-referenced': 'CrossReferencedEvent',
    }
    const like = { id: node('Event', e.id), createdAt: e.created_at, actor: () => this.actor(e.actor) }
    const subject = () => (t.pull ? this.pull(t) : this.issue(t))
    const source = () => this.pull(e.source)
    switch (e.event) {
    case 'closed':
      return {
        ...like, __typename: names.closed, closable: subject, stateReason: e.state_reason && e.state_reason.toUpperCase(),
        closer: () => (e.closer?.pull ? this.pull(e.closer.pull)
          : e.closer?.commit ? this.commit(t.repo, t.repo.commits.get(e.closer.commit)) : null),
      }
    case 'cross-referenced':
      return {
        ...like, __typename: names[e.event], source, target: subject, isCrossRepository: false, referencedAt: e.created_at,
        willCloseTarget: () => this.world.closes(e.source).includes(t),
      }
    case 'connected':
    case 'disconnected':
      return { ...like, __typename: names[e.event], source, subject, isCrossRepository: false }
    case 'merged':
      return {
        ...like, __typename: names.merged, mergeRefName: t.pull.base.ref,
        commit: () => this.commit(t.repo, t.repo.commits.get(e.commit)),
      }
    case 'reopened':
      return { ...like, __typename: names.reopened, closable: subject }
    }
    return null
  }
}

const missing = message => new QueryError(message, { type: 'NOT_FOUND' })
const constant = typename => typename.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()

function connection(name, { first, last, after, before }, all, type) {
  if (first === undefined && last === undefined)
    throw new QueryError(`You must provide a \`first\` or \`last\` value to properly paginate the \`${name}\` connection.`,
      { type: 'MISSING_PAGINATION_BOUNDARIES' })
  if ((first ?? last) > 100 || (first ?? last) < 0)
    throw new QueryError(`Requesting ${first ?? last} records on the \`${name}\` connection exceeds the \`first\` limit of 100 records.`,
      { type: 'EXCESSIVE_PAGINATION' })
  const cursor = i => Buffer.from(`cursor:${i}`).toString('base64')
  const place = text => Number(Buffer.from(text, 'base64').toString().split(':')[1])
  let from = after ? place(after) + 1 : 0
  let to = before ? place(before) : all.length
  if (first !== undefined) to = Math.min(to, from + first)
  else from = Math.max(from, to - last)
  const nodes = all.slice(from, to)
  return {
    __typename: type, totalCount: all.length, nodes,
    edges: nodes.map((n, i) => ({ __typename: 'Edge', node: n, cursor: cursor(from + i) })),
    pageInfo: {
      __typename: 'PageInfo', hasNextPage: to < all.length, hasPreviousPage: from > 0,
      startCursor: nodes.length ? cursor(from) : null, endCursor: nodes.length ? cursor(to - 1) : null,
    },
  }
}

class Run {
  constructor(doc, variables) {
    this.doc = doc
    this.variables = variables
    this.errors = []
  }

  value(v) {
    if ('variable' in v) return this.variables[v.variable]
    return 'items' in v ? v.items.map(i => this.value(i)) : v.constant
  }

  wanted(directives) {
    return directives.every(({ name, args }) => this.value(args.if) === (name === 'include'))
  }

  // The fields of a selection that apply to this object, fragments opened.
  *fields(selection, typename) {
    for (const f of selection) {
      if (!this.wanted(f.directives)) continue
      if (f.name) yield f
      else {
        const part = f.spread ? this.doc.fragments[f.spread] : f
        if (!part) throw new QueryError(`Fragment ${f.spread} was used, but not defined`)
        const on = f.spread ? part.type : f.on
        if (!on || on === typename || ABSTRACT[on]?.includes(typename)) yield* this.fields(part.fields, typename)
      }
    }
  }

  object(o, selection, path) {
    const out = {}
    for (const f of this.fields(selection, o.__typename)) {
      const at = [...path, f.alias]
      if (!(f.name in o))
        throw new QueryError(`Field '${f.name}' doesn't exist on type '${o.__typename}'`,
          { path: at, extensions: { code: 'undefinedField', typeName: o.__typename, fieldName: f.name }, fatal: true })
      out[f.alias] = this.complete(o[f.name], f, at, out[f.alias])
    }
    return out
  }

  complete(raw, f, path, earlier) {
    try {
      const args = Object.fromEntries(Object.entries(f.args).map(([k, v]) => [k, this.value(v)]).filter(([, v]) => v !== undefined))
      const v = typeof raw === 'function' ? raw(args) : raw
      const one = (x, at) => (x && typeof x === 'object' ? this.inner(x, f, at) : x)
      const done = Array.isArray(v) ? v.map((x, i) => one(x, [...path, i])) : one(v, path)
      return earlier && done && typeof done === 'object' ? Object.assign(earlier, done) : done ?? null
    } catch (e) {
      if (!(e instanceof QueryError) || e.more?.fatal) throw e
      this.errors.push({ ...e.more, path, message: e.message })
      return null
    }
  }

  inner(x, f, path) {
    if (!f.fields)
      throw new QueryError(`Field must have selections (field '${f.name}' returns ${x.__typename} but has no selections.)`,
        { extensions: { code: 'selectionMismatch' }, fatal: true })
    return this.object(x, f.fields, path)
  }
}

const ABSTRACT = {
  Actor: ['User', 'Bot', 'Organization'], Closer: ['PullRequest', 'Commit'], Closable: ['PullRequest', 'Issue'],
  Node: ['Repository', 'PullRequest', 'Issue', 'User', 'Commit'], GitObject: ['Commit'], ReferencedSubject: ['PullRequest', 'Issue'],
  RepositoryOwner: ['User', 'Organization'],
}

// -> the body of the answer, always with status 200
export function execute(world, rate, { query, variables, operationName }) {
  try {
    if (typeof query !== 'string') throw new QueryError('A query attribute must be specified and must be a string.')
    const doc = new Parser(query).document()
    const op = doc.operations.find(o => !operationName || o.name === operationName)
    if (!op) throw new QueryError('No operation to run')
    const given = Object.fromEntries(Object.entries(op.variables).map(([k, v]) => [k, variables?.[k] ?? v.value]))
    for (const [name, v] of Object.entries(op.variables))
      if (v.required && given[name] === undefined)
        throw new QueryError(`Variable $${name} was provided invalid value`, { extensions: { value: null, problems: [] } })
    const run = new Run(doc, given)
    const data = run.object(new Schema(world, rate).query(), op.fields, [])
    return run.errors.length ? { data, errors: run.errors } : { data }
  } catch (e) {
    if (!(e instanceof QueryError)) throw e
    const { fatal, ...more } = e.more ?? {}
    return { errors: [{ ...more, message: e.message }] }
  }
}
