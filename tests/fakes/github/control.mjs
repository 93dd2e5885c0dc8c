// What a test or the demo does to the world: POST /_control/VERB with a JSON object, answered with what came of it.
//   user     { login, id, type, name, email }
//   repo     { owner, name, id, default_branch, private, installation, files }
//   issue    { repo, user, title, body, labels, assignees }
//   issues   { repo, user, count, per_second, from }       many, changed that many a second, from so many seconds ago
//   pull     { repo, user, title, body, branch, base, draft, link, commits: [{ message, files, author, trailers }] }
//   push     { repo, number, message, files, author, trailers }       a commit on the pull request's branch
//   force    { repo, branch, to }                                      move a branch to another commit
//   edit     { repo, number, title, body, draft, by }      comment { repo, number, user, body }
//   comment_edit { repo, number, comment, body, by | remove: true }        that comment, or the last one
//   unlink   { repo, number, issue, by }
//   check    { repo, ref, runs: [{ name, status, conclusion }] }       what checks say of a commit
//   link     { repo, number, issue, by }        review  { repo, number, user, state, body }
//   merge    { repo, number, method: merge|squash|rebase, by }
//   close    { repo, number, by, reason, closer: { pull | commit } }   reopen { repo, number, by }
//   revert   { repo, number, by, as: commit|pull, message }
//   rename   { repo, name, owner }              remove  { repo }
//   member   { repo, user, permission }         admin, maintain, write, triage, read
//   clock    { skew }                           seconds that this world's clock is ahead
//   rate     { limit, remaining, reset_in }     tokens  { valid: [..] | null }
//   oauth    { client_id, client_secret, callback, user, deny, lives, refresh }    the app, and who sits at the browser; see oauth.mjs
//   revoke   { user }                           takes all tokens of that user's back
//   login    { user, login }                    the account has another name from now on
//   windows  see windows.mjs; GET windows says what came of them
//   fault    see faults.mjs; DELETE clears      reset   {}
//   deliver  { url, event, action, repo, number, sender, secret, delivery, hook_id, before, changes, traceparent,
//             comment: its id, or the last one, send: false }
//   app      { id, public_key, token_ms }       the App whose JWTs are good    install { id, account, repos }    uninstall { id }
//   suspend  { id, on }                         person { token, user }         whose token it is
//   file     { repo, path, text }               a commit on the default branch; text null removes it
//   hooks    { repo }                           its webhooks with secrets and deliveries    unhook { repo }
//   hook     { repo, events, mute, forgets, page }    what its hooks deliver, and list on a page; mute: a ping that is asked for is not sent; forgets: a change of
//                                               one without its secret takes the secret away
//   happen   { repo, event, action, number, lost }    sent to the repository's hooks; lost: GitHub gets no answer, so often
//   GET log  requests seen; DELETE clears
// repo is "owner/name"; secret is the webhook's. `deliver` answers { status, body, delivery, headers, payload }.
import { randomUUID } from 'node:crypto'
import { full, WorldError } from './world.mjs'
import { Owners } from './owners.mjs'
import { Windows } from './windows.mjs'
import { headers as hookHeaders, payload as hookPayload } from './hook.mjs'

export const VERBS = {
  user: (g, q) => g.world.addUser(q),
  repo: (g, q) => ({ repo: brief(g.world.addRepo(q)) }),
  issue: (g, q) => thread(g.world.addIssue(g.world.named(q.repo), q)),
  issues: (g, q) => {
    const repo = g.world.named(q.repo)
    for (let i = 0; i < q.count; i++) {
      const t = g.world.addIssue(repo, { user: q.user, title: `issue ${i}` })
      const at = new Date(Date.now() + 1000 * (Math.floor(i / (q.per_second ?? 1)) - q.from)).toISOString().replace(/\.\d+Z$/, 'Z')
      Object.assign(t, { created_at: at, updated_at: at })
    }
    return { last: repo.last }
  },
  pull: (g, q) => thread(g.world.addPull(g.world.named(q.repo), q)),
  push: (g, q) => at(g, q, (repo, t) => ({ sha: g.world.push(repo, t, q).sha })),
  force: (g, q) => ({ sha: g.world.forcePush(g.world.named(q.repo), q).sha }),
  edit: (g, q) => at(g, q, (repo, t) => g.world.edit(t, q)),
  comment: (g, q) => at(g, q, (repo, t) => ({ comment: g.world.comment(t, q) })),
  comment_edit: (g, q) => at(g, q, (repo, t) => ({ comment: g.world.editComment(t, q) })),
  unlink: (g, q) => at(g, q, (repo, t) => g.world.unlink(t, q)),
  check: (g, q) => ({ sha: g.world.check(g.world.named(q.repo), q).sha }),
  link: (g, q) => at(g, q, (repo, t) => g.world.link(t, q)),
  review: (g, q) => at(g, q, (repo, t) => ({ review: g.world.review(t, q) })),
  merge: (g, q) => at(g, q, (repo, t) => ({ sha: g.world.merge(t, q).sha })),
  close: (g, q) => at(g, q, (repo, t) => {
    const closer = q.closer?.pull ? { pull: g.world.thread(repo, q.closer.pull) } : q.closer ?? {}
    g.world.close(t, { by: q.by ?? repo.owner.login, reason: q.reason ?? (t.pull ? null : 'completed'), closer })
  }),
  reopen: (g, q) => at(g, q, (repo, t) => { g.world.reopen(t, { by: q.by ?? repo.owner.login }) }),
  revert: (g, q) => at(g, q, (repo, t) => {
    const made = g.world.revert(t, q)
    return made.pull ? { revert: made.number } : { sha: made.sha }
  }),
  rename: (g, q) => {
    const repo = g.world.named(q.repo)
    g.world.rename(repo, q.name ?? repo.name, q.owner)
    return { repo: brief(repo) }
  },
  remove: (g, q) => { g.world.named(q.repo).deleted = true },
  member: (g, q) => {
    const repo = g.world.named(q.repo)
    repo.members ??= new Map()
    repo.members.set(g.world.user(q.user).id, q.permission)
  },
  clock: (g, q) => { g.world.skew = q.skew },
  rate: (g, q) => g.setRate(q),
  tokens: (g, q) => { g.tokens = q.valid && new Set(q.valid) },
  oauth: (g, q) => g.oauth.set(q),
  revoke: (g, q) => g.oauth.revoke(q),
  login: (g, q) => g.world.renameUser(q),
  windows: (g, q) => { g.windows = new Windows(q) },
  fault: (g, q) => g.faults.add(q),
  reset: g => g.reset(),
  deliver,
  ...Owners.VERBS,
}

function at(g, q, act) {
  const repo = g.world.named(q.repo)
  const t = g.world.thread(repo, q.number)
  const more = act(repo, t) ?? {}
  return { ...thread(t), ...plain(more) }
}

const plain = more => (more.repo?.threads ? {} : more)
const brief = repo => ({ id: repo.id, full_name: full(repo), default_branch: repo.default_branch, sha: repo.branches.get(repo.default_branch) })

function thread(t) {
  return {
    repo: full(t.repo), repo_id: t.repo.id, number: t.number, id: t.pull?.id ?? t.id, user_id: t.user.id, state: t.state,
    state_reason: t.state_reason,
    ...(t.pull ? { head: t.pull.head.sha, merged: t.pull.merged, merge_commit_sha: t.pull.merge_commit_sha } : {}),
  }
}

async function deliver(g, q) {
  const { world, shape } = g
  const repo = world.named(q.repo)
  const t = q.number === undefined ? null : world.thread(repo, q.number)
  const hook_id = q.hook_id ?? 109_948_940
  const spec = {
    event: q.event, action: q.action, repo, thread: t, hook_id, before: q.before, changes: q.changes,
    sender: world.user(q.sender ?? t?.user.login ?? repo.owner.login),
    review: t?.pull?.reviews.at(-1),
    comment: q.comment ? t.comments.find(c => c.id === q.comment) : t?.comments.at(-1),
  }
  const payload = hookPayload(shape(), spec)
  const body = JSON.stringify(payload)
  const delivery = q.delivery ?? randomUUID()
  const headers = hookHeaders({ event: q.event, secret: q.secret, delivery, hook_id, target: repo.id }, body)
  if (q.traceparent) headers.traceparent = q.traceparent
  if (q.send === false) return { delivery, headers, body }
  try {
    const resp = await fetch(q.url, { method: 'POST', headers, body, signal: AbortSignal.timeout(10_000) })
    return { delivery, headers, payload, status: resp.status, body: await resp.text() }
  } catch (e) {
    throw new WorldError(502, `no answer from ${q.url}: ${e.cause?.message ?? e.message}`)
  }
}
