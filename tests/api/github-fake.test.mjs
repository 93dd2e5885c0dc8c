// Our stand-in for GitHub behind Prism, which compares every answer with GitHub's own OpenAPI description and turns
// what does not conform into a 500 that names the field. Its webhooks are compared with GitHub's description of those.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startGitHub } from '../fakes/github.mjs'
import { load, require as peer } from '../peers/load.mjs'
import { answers, freePort, until } from '../stack/proc.mjs'

const PRISM = peer.resolve('@stoplight/prism-cli/dist/index.js')
const DESCRIPTION = fileURLToPath(new URL('../peers/github-openapi.json', import.meta.url))
const AUTH = { authorization: 'Bearer t0ken', 'user-agent': 'test' }
const REPO = 'ada/engine'

let github
let prism
let through // Prism's address

const control = async (verb, body = {}) => {
  const resp = await fetch(`${github.url}/_control/${verb}`, { method: 'POST', body: JSON.stringify(body) })
  const json = await resp.json()
  assert.equal(resp.status, 200, JSON.stringify(json))
  return json
}

// By way of Prism: status as expected means that the answer conforms, for Prism says 500 otherwise.
const get = async (path, { method, body, status = 200, headers = {}, base = through } = {}) => {
  const type = body && { 'content-type': 'application/json' }
  const resp = await fetch(base + path, { method, body: body && JSON.stringify(body), headers: { ...AUTH, ...type, ...headers }, redirect: 'manual' })
  const text = await resp.text()
  assert.equal(resp.status, status, `${path}: ${text.slice(0, 2000)}`)
  return { resp, json: text ? JSON.parse(text) : null }
}

const graphql = async (query, variables = {}, headers = AUTH) => {
  const resp = await fetch(`${github.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query, variables }) })
  return { status: resp.status, json: await resp.json() }
}

// A repository, an issue, a pull request that closes it with two commits and an approval; merged when asked.
async function contribution(merge) {
  await control('reset')
  await control('repo', { owner: 'ada', name: 'engine', installation: 9 })
  await control('issue', { repo: REPO, user: 'grace', title: 'It stalls', body: 'On Mondays.', labels: ['bug'] })
  await control('pull', {
    repo: REPO, user: 'linus', title: 'Keep it turning', body: 'Fixes #1', commits: [{ message: 'oil' }, { message: 'grease' }],
  })
  await control('review', { repo: REPO, number: 2, user: 'ada', body: 'good' })
  await control('comment', { repo: REPO, number: 2, user: 'grace', body: 'thanks' })
  return merge ? control('merge', { repo: REPO, number: 2, method: merge, by: 'ada' }) : null
}

before(async () => {
  const port = await freePort()
  through = `http://127.0.0.1:${port}`
  github = await startGitHub()
  prism = spawn('setpriv', ['--pdeathsig=KILL', '--', process.execPath, PRISM, 'proxy', '--errors', '-h', '127.0.0.1', '-p', String(port),
    DESCRIPTION, github.url], { stdio: 'ignore' })
  await until('prism', () => answers(`${through}/rate_limit`, { headers: AUTH }), { timeout: 60_000, every: 100 })
})
after(async () => {
  prism.kill('SIGKILL')
  await github.stop()
})

describe('REST answers conform to GitHub\'s description', () => {
  for (const method of ['merge', 'squash', 'rebase', null])
    test(method ? `a pull request merged by ${method}` : 'an open pull request', async () => {
      const merged = await contribution(method)
      const { json: repo } = await get(`/repos/${REPO}`)
      assert.equal(repo.full_name, REPO)
      const { json: pull } = await get(`/repos/${REPO}/pulls/2`)
      assert.equal(pull.merged, Boolean(method))
      assert.equal(pull.merged_at !== null, Boolean(method))
      if (method) assert.equal(pull.merge_commit_sha, merged.merge_commit_sha)
      assert.equal(pull.base.repo.id, repo.id)
      assert.equal((await get(`/repos/${REPO}/pulls/2/commits`)).json.length, 2)
      assert.equal((await get(`/repos/${REPO}/pulls/2/reviews`)).json[0].state, 'APPROVED')
      const { json: issue } = await get(`/repos/${REPO}/issues/1`)
      assert.deepEqual([issue.state, issue.state_reason], method ? ['closed', 'completed'] : ['open', null])
      assert.equal((await get(`/repos/${REPO}/issues/2`)).json.pull_request.merged_at, pull.merged_at)
      const events = (await get(`/repos/${REPO}/issues/1/timeline`)).json.map(e => e.event)
      assert.deepEqual(events, method ? ['cross-referenced', 'closed'] : ['cross-referenced'])
      const own = (await get(`/repos/${REPO}/issues/2/timeline`)).json.map(e => e.event).sort()
      const expected = ['commented', 'committed', 'committed', 'reviewed']
      assert.deepEqual(own, method ? ['closed', ...expected.slice(0, 3), 'merged', 'reviewed'] : expected)
      assert.equal((await get(`/repos/${REPO}/issues/2/comments`)).json[0].body, 'thanks')
    })

  test('a merge commit is reachable from the default branch until it is forced away', async () => {
    const { sha } = await contribution('squash')
    const compare = async () => (await get(`/repos/${REPO}/compare/${sha}...main`)).json
    assert.equal((await compare()).status, 'identical')
    await control('pull', { repo: REPO, user: 'linus', title: 'more' })
    await control('merge', { repo: REPO, number: 3 })
    assert.deepEqual([(await compare()).status, (await compare()).ahead_by], ['ahead', 2])
    const { json } = await get(`/repos/${REPO}/commits/${sha}`)
    assert.equal(json.parents.length, 1)
    await control('force', { repo: REPO, to: json.parents[0].sha })
    assert.equal((await compare()).status, 'behind')
  })

  test('a revert restores the tree', async () => {
    await control('reset')
    await control('repo', { owner: 'ada', name: 'engine' })
    const { json: before } = await get(`/repos/${REPO}/commits/main`)
    await control('pull', { repo: REPO, user: 'linus', title: 'Break it' })
    await control('merge', { repo: REPO, number: 1, method: 'squash' })
    const { sha } = await control('revert', { repo: REPO, number: 1 })
    const { json } = await get(`/repos/${REPO}/commits/${sha}`)
    assert.equal(json.commit.tree.sha, before.commit.tree.sha)
    assert.match(json.commit.message, /^Revert "Break it \(#1\)"\n\nThis reverts commit [0-9a-f]{40}\.$/)
  })

  test('people by name and by number', async () => {
    await contribution()
    const { json: one } = await get('/users/linus')
    assert.deepEqual((await get(`/user/${one.id}`)).json, one)
    await get('/users/nobody', { status: 404 })
  })

  test('what a verdict reads beside the pull request', async () => {
    const { sha } = await contribution('squash')
    await control('check', { repo: REPO, ref: sha, runs: [{ name: 'build', status: 'completed', conclusion: 'success' }] })
    const { json: checks } = await get(`/repos/${REPO}/commits/${sha}/check-runs?per_page=100`)
    assert.deepEqual(checks.check_runs.map(r => [r.name, r.conclusion]), [['build', 'success']])
    assert.equal((await get(`/repos/${REPO}/commits/${sha}/status?per_page=100`)).json.sha, sha)
    assert.ok((await get(`/repos/${REPO}/pulls/2/files?per_page=100`)).json.length > 0)
    assert.equal((await get(`/repos/${REPO}/commits?sha=main&since=2020-01-01T00:00:00Z&per_page=100`)).json[0].sha, sha)
    assert.equal((await get(`/repos/${REPO}/git/commits/${sha}`)).json.sha, sha)
    const { json: list } = await get(`/repos/${REPO}/issues?state=all&sort=updated&direction=asc&per_page=100`)
    assert.deepEqual(list.map(t => [t.number, Boolean(t.pull_request)]).sort(), [[1, false], [2, true]])
  })

  test('comments are written and changed', async () => {
    await contribution()
    const { json: made } = await get(`/repos/${REPO}/issues/1/comments`, { method: 'POST', body: { body: 'one' }, status: 201 })
    const { json: changed } = await get(new URL(made.url).pathname, { method: 'PATCH', body: { body: 'two' } })
    assert.deepEqual([changed.id, changed.body], [made.id, 'two'])
    assert.equal((await get(`/repos/${REPO}/issues/comments/${made.id}`)).json.body, 'two')
  })

  test('who may do what: a person, a collaborator, an installed app and its token', async () => {
    await contribution()
    await control('member', { repo: REPO, user: 'linus', permission: 'maintain' })
    const { json: level } = await get(`/repos/${REPO}/collaborators/linus/permission`)
    assert.deepEqual([level.permission, level.role_name], ['write', 'maintain'])
    await control('person', { token: 'of-ada', user: 'ada' })
    assert.equal((await get('/user', { headers: { authorization: 'Bearer of-ada' } })).json.login, 'ada')
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    await control('app', { id: 7, public_key: publicKey.export({ type: 'spki', format: 'pem' }) })
    await control('install', { id: 9, account: 'ada', repos: [REPO] })
    const now = Math.floor(Date.now() / 1000)
    const said = [{ alg: 'RS256', typ: 'JWT' }, { iss: '7', iat: now - 60, exp: now + 300 }].map(p => Buffer.from(JSON.stringify(p)).toString('base64url')).join('.')
    const app = { authorization: `Bearer ${said}.${createSign('RSA-SHA256').update(said).sign(privateKey, 'base64url')}` }
    assert.equal((await get(`/repos/${REPO}/installation`, { headers: app })).json.id, 9)
    const { json: { token } } = await get('/app/installations/9/access_tokens', { method: 'POST', body: {}, status: 201, headers: app })
    assert.equal((await get(`/repos/${REPO}/hooks`, { headers: { authorization: `Bearer ${token}` } })).json.length, 0)
  })

  test('a file, on the default branch and at a commit', async () => {
    await contribution()
    const { sha } = await control('file', { repo: REPO, path: '.github/patchwork.json', text: '{}' })
    for (const ref of ['', `?ref=${sha}`]) {
      const { json: file } = await get(`/repos/${REPO}/contents/${encodeURIComponent('.github/patchwork.json')}${ref}`)
      assert.deepEqual([file.type, file.encoding, Buffer.from(file.content, 'base64').toString()], ['file', 'base64', '{}'])
    }
  })

  test('webhooks: made, listed, changed, pinged, their deliveries sent again', async () => {
    await contribution()
    await control('person', { token: 'of-ada', user: 'ada' })
    const headers = { authorization: 'Bearer of-ada' }
    const taken = []
    const server = createServer((req, res) => { taken.push(req.headers['x-github-delivery']); res.end() })
    await new Promise(up => server.listen(0, '127.0.0.1', up))
    try {
      const config = { url: `http://127.0.0.1:${server.address().port}/`, content_type: 'json', insecure_ssl: '0', secret: 'hush' }
      const { json: made } = await get(`/repos/${REPO}/hooks`,
        { method: 'POST', body: { name: 'web', active: true, events: ['push'], config }, status: 201, headers })
      const at = `/repos/${REPO}/hooks/${made.id}`
      assert.deepEqual((await get(`/repos/${REPO}/hooks?per_page=100`, { headers })).json.map(h => h.id), [made.id])
      assert.equal((await get(`${at}/config`, { method: 'PATCH', body: { secret: 'other' }, headers })).json.secret, '********')
      const { json: more } = await get(at, { method: 'PATCH', body: { events: ['push', 'issues'] }, headers })
      assert.deepEqual([more.events, more.config.secret], [['push', 'issues'], '********'])
      assert.deepEqual((await get(at, { headers })).json, more)
      await get(`${at}/pings`, { method: 'POST', status: 204, headers })
      const { json: [first] } = await get(`${at}/deliveries?per_page=100`, { headers })
      await until('both pings came', () => taken.length === 2)
      await get(`${at}/deliveries/${first.id}/attempts`, { method: 'POST', status: 202, headers })
      await until('one came again', () => taken.length === 3)
      assert.equal(new Set(taken).size, 2)
    } finally {
      server.close()
    }
  })

  test('what is not there is 404 with a body that conforms', async () => {
    await contribution()
    for (const path of [`/repos/ada/none`, `/repos/${REPO}/pulls/1`, `/repos/${REPO}/pulls/99`, `/repos/${REPO}/issues/99`])
      await get(path, { status: 404 })
  })

  test('an answer that does not conform is seen', async () => {
    await contribution()
    await control('fault', { match: { path: '/pulls/2$' }, patch: { number: 'two' } })
    const { json } = await get(`/repos/${REPO}/pulls/2`, { status: 500 })
    assert.match(JSON.stringify(json.validation), /number/)
  })

  test('a renamed repository is moved to its number, which answers the same', async () => {
    await contribution()
    await control('rename', { repo: REPO, name: 'motor' })
    const { resp, json } = await get(`/repos/${REPO}`, { status: 301, base: github.url }) // Prism would follow it
    assert.equal(resp.headers.get('location'), json.url)
    const moved = await fetch(json.url, { headers: AUTH })
    assert.equal((await moved.json()).full_name, 'ada/motor')
  })
})

describe('headers', () => {
  test('an ETag answers 304 at no cost, and changes with the object', async () => {
    await contribution()
    const { resp } = await get(`/repos/${REPO}/pulls/2`)
    const left = Number(resp.headers.get('x-ratelimit-remaining'))
    const again = { headers: { 'if-none-match': resp.headers.get('etag') } }
    const same = await get(`/repos/${REPO}/pulls/2`, { ...again, status: 304, base: github.url }) // Prism wants a body
    assert.equal(Number(same.resp.headers.get('x-ratelimit-remaining')), left)
    await control('merge', { repo: REPO, number: 2 })
    const { resp: changed } = await get(`/repos/${REPO}/pulls/2`, again)
    assert.equal(Number(changed.headers.get('x-ratelimit-remaining')), left - 1)
  })

  test('lists come in pages that Link leads through', async () => {
    await contribution()
    for (let i = 0; i < 5; i++) await control('push', { repo: REPO, number: 2, message: `c${i}` })
    const seen = []
    for (let url = `${github.url}/repos/${REPO}/pulls/2/commits?per_page=3`; url;) {
      const resp = await fetch(url, { headers: AUTH })
      seen.push(...(await resp.json()).map(c => c.commit.message))
      url = resp.headers.get('link')?.match(/<([^>]+)>; rel="next"/)?.[1]
    }
    assert.deepEqual(seen, ['oil', 'grease', 'c0', 'c1', 'c2', 'c3', 'c4'])
  })

  test('a spent budget is 403 with the second at which it is filled', async () => {
    await contribution()
    await control('rate', { remaining: 0, reset_in: 7 })
    const { resp } = await get(`/repos/${REPO}`, { status: 403 })
    const wait = Number(resp.headers.get('x-ratelimit-reset')) - Date.now() / 1000
    assert.ok(wait > 4 && wait < 8, `waits ${wait} s`)
    assert.equal(resp.headers.get('x-ratelimit-remaining'), '0')
  })

  test('a token that is not known is refused', async () => {
    await contribution()
    await control('tokens', { valid: ['good'] })
    const ask = async token => (await fetch(`${github.url}/repos/${REPO}`, { headers: { authorization: `Bearer ${token}`, 'user-agent': 't' } })).status
    assert.deepEqual([await ask('good'), await ask('bad')], [200, 401])
  })
})

describe('GraphQL', () => {
  const QUERY = `query($owner: String!, $name: String!, $number: Int!) {
    rateLimit { cost remaining resetAt }
    repository(owner: $owner, name: $name) {
      pullRequest(number: $number) {
        merged mergeCommit { oid }
        closingIssuesReferences(first: 50) { totalCount nodes { number databaseId repository { databaseId } } pageInfo { hasNextPage } }
      }
      issue(number: 1) {
        stateReason
        timelineItems(last: 1, itemTypes: [CLOSED_EVENT]) {
          nodes { ... on ClosedEvent { closer { __typename ... on PullRequest { number } ... on Commit { oid } } } }
        }
      }
    }
  }`
  const variables = { owner: 'ada', name: 'engine', number: 2 }

  // The text that the program sends, out of its source.
  const sent = name => {
    const source = readFileSync(new URL(`../../pipeline/outside/${name}.c`, import.meta.url), 'utf8')
    const [, literals] = source.match(/^static const char query\[\] =\n((?:\s*".*"\n?)+);/m)
    return [...literals.matchAll(/"(.*)"/g)].map(([, text]) => text).join('')
  }

  test('our queries are ones that GitHub\'s schema accepts, and the stand-in answers', async () => {
    const { buildSchema, parse, validate } = await load('graphql')
    const { schema } = await load('@octokit/graphql-schema')
    const real = buildSchema(schema.idl, { assumeValid: true, assumeValidSDL: true })
    await contribution('merge')
    const queries = { github_closing: [2, 'pullRequest'], github_history: [1, 'issue'] }
    for (const [name, [number, member]] of Object.entries(queries)) {
      const query = sent(name)
      assert.match(query, /^query\(.*\}$/)
      assert.deepEqual(validate(real, parse(query)).map(e => e.message), [], name)
      const { json } = await graphql(query, { ...variables, number })
      assert.deepEqual([json.errors, json.data.repository[member].number], [undefined, number])
    }
    assert.deepEqual(validate(real, parse(QUERY)), [])
    assert.equal(validate(real, parse(QUERY.replace('databaseId', 'nonsense'))).length, 1)
  })

  test('closing references and the closer of the issue', async () => {
    const { sha } = await contribution('squash')
    const { json } = await graphql(QUERY, variables)
    const { pullRequest, issue } = json.data.repository
    assert.deepEqual([pullRequest.merged, pullRequest.mergeCommit.oid], [true, sha])
    assert.deepEqual(pullRequest.closingIssuesReferences.nodes.map(n => n.number), [1])
    assert.deepEqual(issue.timelineItems.nodes, [{ closer: { __typename: 'PullRequest', number: 2 } }])
    assert.equal(json.data.rateLimit.cost, 1)
  })

  test('a keyword in a commit closes the issue without a reference', async () => {
    await contribution()
    await control('edit', { repo: REPO, number: 2, body: 'no keyword' })
    await control('push', { repo: REPO, number: 2, message: 'Closes #1' })
    await control('merge', { repo: REPO, number: 2 })
    const { pullRequest, issue } = (await graphql(QUERY, variables)).json.data.repository
    assert.equal(pullRequest.closingIssuesReferences.totalCount, 0)
    assert.equal(issue.timelineItems.nodes[0].closer.__typename, 'Commit')
  })

  test('no token, no such number, no such field', async () => {
    await contribution()
    assert.equal((await graphql(QUERY, variables, { 'user-agent': 't' })).status, 401)
    const none = (await graphql(QUERY, { ...variables, number: 77 })).json
    assert.equal(none.data.repository.pullRequest, null)
    assert.equal(none.errors[0].type, 'NOT_FOUND')
    const field = (await graphql('{ repository(owner: "ada", name: "engine") { nonsense } }')).json
    assert.deepEqual([field.data, field.errors[0].extensions.code], [undefined, 'undefinedField'])
  })
})

describe('webhooks', () => {
  const Ajv = peer('ajv/dist/2020')
  const description = peer('@octokit/openapi-webhooks/generated/api.github.com.json')
  const ajv = new Ajv({ strict: false, validateFormats: false })
  ajv.addSchema(description, 'hooks')

  for (const [event, action, number, hook] of [
    ['ping', undefined, undefined, 'ping'],
    ['issues', 'opened', 1, 'issues-opened'],
    ['issues', 'closed', 1, 'issues-closed'],
    ['pull_request', 'opened', 2, 'pull-request-opened'],
    ['pull_request', 'synchronize', 2, 'pull-request-synchronize'],
    ['pull_request', 'closed', 2, 'pull-request-closed'],
    ['pull_request_review', 'submitted', 2, 'pull-request-review-submitted'],
    ['issue_comment', 'created', 2, 'issue-comment-created'],
  ])
    test(`${event} ${action ?? ''} conforms and is signed`, async () => {
      await contribution(action === 'closed' ? 'merge' : null)
      const { body, headers } = await control('deliver', { event, action, repo: REPO, number, secret: 'hush', send: false })
      const { verify } = await load('@octokit/webhooks-methods')
      assert.ok(await verify('hush', body, headers['x-hub-signature-256']))
      assert.match(headers['x-github-delivery'], /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
      const check = ajv.getSchema(`hooks#/webhooks/${hook}/post/requestBody/content/application~1json/schema`)
      const payload = JSON.parse(body)
      assert.ok(check(payload), JSON.stringify(check.errors?.slice(0, 5), null, 1))
      if (event === 'pull_request' && action === 'closed') assert.equal(payload.pull_request.merged, true)
    })
})

describe('faults', () => {
  test('each does what it says, as often as it says', async () => {
    await contribution()
    const ask = () => fetch(`${github.url}/repos/${REPO}`, { headers: AUTH })
    const fault = f => control('fault', { match: { path: '^/repos/ada/engine$' }, ...f })
    await fault({ status: 502, json: { message: 'Server Error' }, times: 2, headers: { 'retry-after': '3' } })
    const bad = await ask()
    assert.deepEqual([bad.status, bad.headers.get('retry-after'), (await ask()).status, (await ask()).status], [502, '3', 502, 200])
    await fault({ truncate: 100 })
    await assert.rejects(ask().then(r => r.text()))
    await fault({ reset: true })
    await assert.rejects(ask())
    await fault({ patch: { id: 1, owner: { id: 2 } } })
    const lie = await (await ask()).json()
    assert.deepEqual([lie.id, lie.owner.id, lie.owner.login], [1, 2, 'ada'])
    await fault({ delay_ms: 300 })
    const from = Date.now()
    assert.equal((await ask()).status, 200)
    assert.ok(Date.now() - from >= 295)
    const log = await (await fetch(`${github.url}/_control/log`)).json()
    assert.equal(log.filter(e => e.fault).length, 6)
  })
})
