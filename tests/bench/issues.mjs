// A repository with as many issues as wanted, which exist by arithmetic alone: issue n was changed at second n / PER_SECOND. It answers
// GET /repositories/{id}/issues as GitHub does (since, page, Link), counts requests and how many it had at once.
import { createServer } from 'node:http'

const BEGAN = Date.UTC(2020, 0, 1) / 1000
const PER_SECOND = 7
const TEXT = 'It stalls when the queue is empty and somebody looks. '.repeat(16)
const time = second => new Date(second * 1000).toISOString().replace('.000Z', 'Z')

function issue(base, n) {
  const at = time(BEGAN + Math.floor((n - 1) / PER_SECOND))
  const closed = n % 3 === 0
  return {
    url: `${base}/repos/ada/engine/issues/${n}`, html_url: `https://github.com/ada/engine/issues/${n}`, id: 900_000_000 + n, node_id: `I_${n}`, number: n,
    title: `issue ${n}`, user: { login: 'grace', id: 42, type: 'User', site_admin: false }, labels: [], state: closed ? 'closed' : 'open',
    locked: false, assignee: null, assignees: [], milestone: null, comments: n % 5, created_at: at, updated_at: at,
    closed_at: closed ? at : null, author_association: 'NONE', body: TEXT, state_reason: closed ? 'completed' : null,
  }
}

export async function startIssues(count) {
  const seen = { requests: 0, at_once: 0, most_at_once: 0, bytes: 0 }
  const server = createServer((req, resp) => {
    const url = new URL(req.url, `http://${req.headers.host}`)
    if (!/^\/repositories\/\d+\/issues$/.test(url.pathname)) return resp.writeHead(404).end('{}')
    seen.requests++
    seen.most_at_once = Math.max(seen.most_at_once, ++seen.at_once)
    resp.once('close', () => seen.at_once--)
    const since = url.searchParams.get('since')
    const size = Number(url.searchParams.get('per_page') ?? 30)
    const page = Number(url.searchParams.get('page') ?? 1)
    const first = (since ? Math.max(0, Date.parse(since) / 1000 - BEGAN) * PER_SECOND : 0) + (page - 1) * size
    const n = Math.max(0, Math.min(size, count - first))
    const text = JSON.stringify(Array.from({ length: n }, (_, i) => issue(url.origin, first + i + 1)))
    const headers = {
      'content-type': 'application/json; charset=utf-8', 'x-ratelimit-limit': 5000, 'x-ratelimit-remaining': 5000 - seen.requests,
      'x-ratelimit-reset': Math.floor(Date.now() / 1000) + 3600, 'x-ratelimit-resource': 'core', etag: `W/"${first}-${n}"`,
    }
    if (first + n < count) {
      url.searchParams.set('page', page + 1)
      headers.link = `<${url}>; rel="next"`
    }
    seen.bytes += text.length
    resp.writeHead(200, headers).end(text)
  })
  await new Promise(up => server.listen(0, '127.0.0.1', up))
  return { url: `http://127.0.0.1:${server.address().port}`, seen, stop: () => new Promise(done => { server.close(done); server.closeAllConnections() }) }
}
