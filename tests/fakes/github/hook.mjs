// Webhooks as GitHub sends them: the published example of that event and action with this world's objects in it.
// What is not among the examples (a merged pull request, a closed issue) is derived from the nearest one.
import { createHmac, randomUUID } from 'node:crypto'
import { example } from './shape.mjs'

const NEAREST = { issues: 'reopened', pull_request: 'closed' }

// spec: event, action, repo (object), thread, sender, before, after, changes, hook_id, review, comment
export function payload(shape, spec) {
  const { event, action, repo, thread, hook_id } = spec
  const body = example(event, action) ?? example(event, NEAREST[event])
  if (!body) throw new Error(`no example of ${event}`)
  if (event === 'ping') {
    delete body.action
    body.hook_id = body.hook.id = hook_id
    body.hook.url = `${shape.base}/repos/${repo.owner.login}/${repo.name}/hooks/${hook_id}`
  } else body.action = action
  if ('repository' in body) body.repository = shape.repo(repo)
  body.sender = shape.user(spec.sender)
  delete body.installation
  if (repo.installation) body.installation = { id: repo.installation, node_id: 'MDIzOkludGVncmF0aW9uSW5zdGFsbGF0aW9uMQ==' }
  if (body.pull_request) {
    body.pull_request = shape.pull(thread)
    if ('number' in body) body.number = thread.number
  }
  if (body.issue) body.issue = shape.thread(thread)
  if (event === 'pull_request' && action === 'synchronize') {
    body.after = thread.pull.head.sha
    body.before = spec.before ?? shape.world.commits(thread).at(-1).parents[0]
  }
  if (event === 'pull_request_review') body.review = { ...shape.review(thread, spec.review), state: spec.review.state.toLowerCase() }
  if (event === 'issue_comment') body.comment = shape.comment(thread, spec.comment)
  if (spec.changes) body.changes = spec.changes
  else if (action === 'edited') body.changes = {}
  return body
}

export function sign(secret, body) {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
}

export function headers({ event, secret, delivery = randomUUID(), hook_id, target }, body) {
  const h = {
    accept: '*/*',
    'content-type': 'application/json',
    'user-agent': `GitHub-Hookshot/${delivery.slice(0, 7)}`,
    'x-github-delivery': delivery,
    'x-github-event': event,
    'x-github-hook-id': String(hook_id),
    'x-github-hook-installation-target-id': String(target),
    'x-github-hook-installation-target-type': 'repository',
  }
  if (secret) h['x-hub-signature-256'] = sign(secret, body)
  return h
}
