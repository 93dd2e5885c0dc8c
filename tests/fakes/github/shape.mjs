// The JSON that GitHub gives for what is in the world. Repositories, people, issues and pull requests start from the
// payloads GitHub publishes (@octokit/webhooks-examples), with names, numbers, times and addresses made ours.
import { createRequire } from 'node:module'
import { diff, full } from './world.mjs'

const require = createRequire(new URL('../../stack/package.json', import.meta.url))
const events = require('@octokit/webhooks-examples/api.github.com/index.json')
const WEB = 'https://github.com'
const DOCS = 'https://docs.github.com/rest'

// An example of that event without an organization, with an installation if there is one.
export function example(event, action) {
  const all = events.find(e => e.name === event).examples.filter(e => e.action === action && !e.organization)
  const found = all.find(e => e.installation) ?? all[0]
  return found && structuredClone(found)
}

const pullExample = example('pull_request', 'closed')
const repoExample = pullExample.repository
const issueExample = example('issues', 'opened').issue
const [REPO, OWNER] = [repoExample.full_name, repoExample.owner.login]

function rewrite(value, from, to) {
  if (typeof value === 'string') return from.reduce((text, f, i) => text.replaceAll(f, to[i]), value)
  if (Array.isArray(value)) return value.map(v => rewrite(v, from, to))
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, rewrite(v, from, to)]))
  return value
}

const node = (kind, id) => Buffer.from(`${kind.length.toString().padStart(3, '0')}:${kind}${id}`).toString('base64')

export class Shape {
  constructor(world, base) {
    this.world = world
    this.base = base // where this API is reached; stands wherever GitHub writes https://api.github.com
  }

  user(u) {
    const like = rewrite(repoExample.owner, ['https://api.github.com', OWNER], [this.base, u.login])
    return {
      ...like, id: u.id, node_id: node(u.type, u.id), avatar_url: `https://avatars.githubusercontent.com/u/${u.id}?v=4`,
      type: u.type, user_view_type: 'public',
    }
  }

  publicUser(u) {
    const repos = [...this.world.repos.values()].filter(r => r.owner === u && !r.private)
    return {
      ...this.user(u), name: u.name, company: null, blog: '', location: null, email: u.email, hireable: null, bio: null,
      twitter_username: null, public_repos: repos.length, public_gists: 0, followers: 0, following: 0,
      created_at: u.created_at, updated_at: u.created_at,
    }
  }

  repo(r) {
    const open = [...r.threads.values()].filter(t => t.state === 'open').length
    return {
      ...rewrite(repoExample, ['https://api.github.com', REPO, OWNER], [this.base, full(r), r.owner.login]),
      id: r.id, node_id: node('Repository', r.id), name: r.name, full_name: full(r), private: r.private,
      owner: this.user(r.owner), description: null, language: null, created_at: r.created_at, updated_at: r.updated_at,
      pushed_at: r.pushed_at, open_issues_count: open, open_issues: open, default_branch: r.default_branch,
      archived: r.archived, visibility: r.private ? 'private' : 'public', has_discussions: false,
    }
  }

  fullRepo(r) {
    return {
      ...this.repo(r), permissions: { admin: false, maintain: false, push: false, triage: false, pull: true },
      temp_clone_token: null, network_count: 0, subscribers_count: 0,
    }
  }

  association(t, user) {
    if (user === t.repo.owner) return 'OWNER'
    const merged = [...t.repo.threads.values()].some(o => o !== t && o.pull?.merged && o.user === user)
    return merged ? 'CONTRIBUTOR' : 'NONE'
  }

  thread(t) {
    const like = rewrite(issueExample, ['https://api.github.com', REPO, OWNER], [this.base, full(t.repo), t.repo.owner.login])
    const url = `${this.base}/repos/${full(t.repo)}/issues/${t.number}`
    const people = t.assignees.map(u => this.user(u))
    const issue = {
      ...like, url, labels_url: `${url}/labels{/name}`, comments_url: `${url}/comments`, events_url: `${url}/events`,
      timeline_url: `${url}/timeline`, html_url: `${WEB}/${full(t.repo)}/${t.pull ? 'pull' : 'issues'}/${t.number}`,
      id: t.id, node_id: node(t.pull ? 'PullRequest' : 'Issue', t.id), number: t.number, title: t.title, user: this.user(t.user),
      labels: t.labels.map((name, i) => this.label(t, name, i)), state: t.state, locked: t.locked,
      assignee: people[0] ?? null, assignees: people, milestone: null, comments: t.comments.length,
      created_at: t.created_at, updated_at: t.updated_at, closed_at: t.closed_at,
      author_association: this.association(t, t.user), active_lock_reason: null, body: t.body,
      reactions: { ...like.reactions, url: `${url}/reactions` }, performed_via_github_app: null,
      state_reason: t.state_reason,
    }
    delete issue.draft
    if (t.pull) {
      const at = this.pullUrls(t)
      issue.draft = t.pull.draft
      issue.pull_request = {
        url: at.url, html_url: at.html_url, diff_url: at.diff_url, patch_url: at.patch_url, merged_at: t.pull.merged_at,
      }
    }
    return issue
  }

  issue(t) {
    return { ...this.thread(t), closed_by: t.closed_by && this.user(t.closed_by) }
  }

  label(t, name, i) {
    return {
      id: t.id * 10 + i, node_id: node('Label', t.id * 10 + i), color: 'ededed', default: false, description: null, name,
      url: `${this.base}/repos/${full(t.repo)}/labels/${encodeURIComponent(name)}`,
    }
  }

  pullUrls(t) {
    const url = `${this.base}/repos/${full(t.repo)}/pulls/${t.number}`
    const html_url = `${WEB}/${full(t.repo)}/pull/${t.number}`
    const issue_url = `${this.base}/repos/${full(t.repo)}/issues/${t.number}`
    return {
      url, html_url, diff_url: `${html_url}.diff`, patch_url: `${html_url}.patch`, issue_url,
      commits_url: `${url}/commits`, review_comments_url: `${url}/comments`,
      review_comment_url: `${this.base}/repos/${full(t.repo)}/pulls/comments{/number}`,
      comments_url: `${issue_url}/comments`,
      statuses_url: `${this.base}/repos/${full(t.repo)}/statuses/${t.pull.head.sha}`,
    }
  }

  pull(t) {
    const { pull, repo } = t
    const at = this.pullUrls(t)
    const commits = this.world.commits(t)
    const files = diff(repo.commits.get(pull.base.sha).tree, repo.commits.get(pull.head.sha).tree)
    const sum = key => files.reduce((n, f) => n + f[key], 0)
    const end = (ref, sha) => ({
      label: `${repo.owner.login}:${ref}`, ref, sha, user: this.user(repo.owner), repo: this.repo(repo),
    })
    const people = t.assignees.map(u => this.user(u))
    return {
      ...pullExample.pull_request, ...at, id: pull.id, node_id: node('PullRequest', pull.id), number: t.number,
      state: t.state, locked: t.locked, title: t.title, user: this.user(t.user), body: t.body,
      created_at: t.created_at, updated_at: t.updated_at, closed_at: t.closed_at, merged_at: pull.merged_at,
      // Before the merge this names a test commit that is on no branch.
      merge_commit_sha: pull.merge_commit_sha ?? (t.state === 'open' ? [...pull.head.sha].reverse().join('') : null),
      assignee: people[0] ?? null, assignees: people, requested_reviewers: [], requested_teams: [],
      labels: t.labels.map((name, i) => this.label(t, name, i)), milestone: null,
      head: end(pull.head.ref, pull.head.sha), base: end(pull.base.ref, pull.base.sha),
      _links: {
        self: { href: at.url }, html: { href: at.html_url }, issue: { href: at.issue_url },
        comments: { href: at.comments_url }, review_comments: { href: at.review_comments_url },
        review_comment: { href: at.review_comment_url }, commits: { href: at.commits_url },
        statuses: { href: at.statuses_url },
      },
      author_association: this.association(t, t.user), auto_merge: null, draft: pull.draft, merged: pull.merged,
      mergeable: pull.merged ? null : true, rebaseable: pull.merged ? null : true,
      mergeable_state: pull.merged ? 'unknown' : 'clean', merged_by: pull.merged_by && this.user(pull.merged_by),
      comments: t.comments.length, review_comments: 0, commits: commits.length, additions: sum('additions'),
      deletions: sum('deletions'), changed_files: files.length,
    }
  }

  review(t, r) {
    const at = this.pullUrls(t)
    const html_url = `${at.html_url}#pullrequestreview-${r.id}`
    return {
      id: r.id, node_id: node('PullRequestReview', r.id), user: this.user(r.user), body: r.body, state: r.state, html_url,
      pull_request_url: at.url, author_association: this.association(t, r.user),
      _links: { html: { href: html_url }, pull_request: { href: at.url } },
      submitted_at: r.submitted_at, commit_id: r.commit,
    }
  }

  comment(t, c) {
    const html = this.thread(t).html_url
    return {
      url: `${this.base}/repos/${full(t.repo)}/issues/comments/${c.id}`, html_url: `${html}#issuecomment-${c.id}`,
      issue_url: `${this.base}/repos/${full(t.repo)}/issues/${t.number}`, id: c.id, node_id: node('IssueComment', c.id),
      user: this.user(c.user), created_at: c.created_at, updated_at: c.updated_at ?? c.created_at,
      author_association: this.association(t, c.user), body: c.body,
      reactions: { ...issueExample.reactions, url: `${this.base}/repos/${full(t.repo)}/issues/comments/${c.id}/reactions` },
      performed_via_github_app: null,
    }
  }

  gitUser(u, date) {
    return { name: u.name ?? u.login, email: u.email ?? `${u.id}+${u.login}@users.noreply.github.com`, date }
  }

  commit(r, c) {
    const url = `${this.base}/repos/${full(r)}/commits/${c.sha}`
    const git = `${this.base}/repos/${full(r)}/git`
    const html_url = `${WEB}/${full(r)}/commit/${c.sha}`
    const person = u => (this.world.users.has(u.login.toLowerCase()) ? this.user(u) : null)
    return {
      sha: c.sha, node_id: node('Commit', c.sha),
      commit: {
        author: this.gitUser(c.author, c.date), committer: this.gitUser(c.committer, c.date), message: c.message,
        tree: { sha: c.tree_sha, url: `${git}/trees/${c.tree_sha}` }, url: `${git}/commits/${c.sha}`, comment_count: 0,
        verification: { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null },
      },
      url, html_url, comments_url: `${url}/comments`, author: person(c.author), committer: person(c.committer),
      parents: c.parents.map(sha => ({
        sha, url: `${this.base}/repos/${full(r)}/commits/${sha}`, html_url: `${WEB}/${full(r)}/commit/${sha}`,
      })),
    }
  }

  // What a commit changed against its first parent.
  changes(r, c) {
    const files = diff(r.commits.get(c.parents[0])?.tree ?? {}, c.tree).map(f => this.file(r, c.sha, f))
    const sum = key => files.reduce((n, f) => n + f[key], 0)
    return { stats: { total: sum('changes'), additions: sum('additions'), deletions: sum('deletions') }, files }
  }

  file(r, sha, f) {
    return {
      ...f, blob_url: `${WEB}/${full(r)}/blob/${sha}/${f.filename}`, raw_url: `${WEB}/${full(r)}/raw/${sha}/${f.filename}`,
      contents_url: `${this.base}/repos/${full(r)}/contents/${f.filename}?ref=${sha}`,
    }
  }

  // What a pull request changes, as it was when it was merged.
  files(t) {
    const { commits } = t.repo
    const { base, head } = t.pull
    return diff(commits.get(base.sha).tree, commits.get(head.sha).tree).map(f => this.file(t.repo, head.sha, f))
  }

  checkRuns(r, c) {
    const url = `${this.base}/repos/${full(r)}/check-runs`
    const runs = (c.checks ?? []).map((k, i) => ({
      id: i + 1, node_id: node('CheckRun', i + 1), external_id: '', name: k.name ?? 'build', head_sha: c.sha, status: k.status ?? 'completed',
      conclusion: k.conclusion ?? null, started_at: c.date, completed_at: k.status && k.status !== 'completed' ? null : c.date,
      url: `${url}/${i + 1}`, html_url: `${WEB}/${full(r)}/runs/${i + 1}`, details_url: `${WEB}/${full(r)}/runs/${i + 1}`,
      output: { title: null, summary: null, text: null, annotations_count: 0, annotations_url: `${url}/${i + 1}/annotations` },
      check_suite: { id: 1 }, app: null, pull_requests: [],
    }))
    return { total_count: runs.length, check_runs: runs }
  }

  // GitHub's word for no status at all is "pending", too.
  combinedStatus(r, c) {
    const all = c.statuses ?? []
    const state = all.some(x => x.state === 'failure' || x.state === 'error') ? 'failure'
      : all.length && all.every(x => x.state === 'success') ? 'success' : 'pending'
    const url = `${this.base}/repos/${full(r)}/commits/${c.sha}`
    return { state, statuses: all, sha: c.sha, total_count: all.length, repository: this.repo(r), commit_url: url, url: `${url}/status` }
  }

  comparison(r, names, base, head) {
    const { ahead, behind, status, merge_base: fork } = this.world.compare(r, base, head)
    const html_url = `${WEB}/${full(r)}/compare/${names}`
    const ends = `${r.owner.login}:${base.sha}...${r.owner.login}:${head.sha}`
    return {
      url: `${this.base}/repos/${full(r)}/compare/${names}`, html_url, permalink_url: `${WEB}/${full(r)}/compare/${ends}`,
      diff_url: `${html_url}.diff`, patch_url: `${html_url}.patch`, base_commit: this.commit(r, base),
      merge_base_commit: this.commit(r, fork), status, ahead_by: ahead.length, behind_by: behind.length,
      total_commits: ahead.length, commits: ahead.map(c => this.commit(r, c)),
      files: diff(fork.tree, head.tree).map(f => this.file(r, head.sha, f)),
    }
  }

  // Commits, reviews, comments and events of an issue or pull request, as its page shows them: by time.
  timeline(t) {
    const rows = [
      ...t.events.map(e => [e.created_at, this.event(t, e)]),
      ...t.comments.map(c => [c.created_at, { event: 'commented', actor: this.user(c.user), ...this.comment(t, c) }]),
    ]
    if (t.pull) {
      for (const c of this.world.commits(t)) rows.push([c.date, this.committed(t.repo, c)])
      for (const r of t.pull.reviews) rows.push([r.submitted_at, { event: 'reviewed', ...this.review(t, r) }])
    }
    return rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, row]) => row)
  }

  committed(r, c) {
    const { sha, node_id, commit, html_url, parents } = this.commit(r, c)
    const { author, committer, message, tree, url, verification } = commit
    return { event: 'committed', sha, node_id, url, html_url, author, committer, tree, message, parents, verification }
  }

  event(t, e) {
    if (e.event === 'cross-referenced') {
      const issue = { ...this.thread(e.source), repository: this.repo(e.source.repo) }
      return {
        actor: this.user(e.actor), created_at: e.created_at, updated_at: e.created_at, event: e.event,
        source: { type: 'issue', issue },
      }
    }
    const commits = `${this.base}/repos/${full(t.repo)}/commits`
    return {
      id: e.id, node_id: node('Event', e.id), url: `${this.base}/repos/${full(t.repo)}/issues/events/${e.id}`,
      actor: this.user(e.actor), event: e.event, commit_id: e.commit, commit_url: e.commit && `${commits}/${e.commit}`,
      created_at: e.created_at, performed_via_github_app: null,
      ...(e.event === 'closed' ? { state_reason: e.state_reason } : {}),
    }
  }
}

export const notFound = { message: 'Not Found', documentation_url: DOCS, status: '404' }
export { node, WEB, DOCS }
