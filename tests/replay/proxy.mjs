// A server that passes requests on to another one, but for what a rule makes of them.
//   rule(request) -> undefined: pass on; { status, body }: answer that instead; 'drop': pass on and hang up without an answer;
//   a function: what to make of the answer's text
// request: { method, path, headers, body, rpc }, rpc being the JSON-RPC call when it is one
import { createServer } from 'node:http'

export class Proxy {
  static async start() {
    const p = new Proxy()
    p.server = createServer((req, res) => p.serve(req, res).catch(e => res.destroy(e)))
    p.server.keepAliveTimeout = 600_000 // no connection ends just when a slow client asks again
    await new Promise(up => p.server.listen(0, '127.0.0.1', up))
    p.url = `http://127.0.0.1:${p.server.address().port}`
    return p
  }

  target = null
  rule = () => undefined
  seen = [] // requests for which there was a rule

  async serve(req, res) {
    const parts = []
    for await (const part of req) parts.push(part)
    const body = Buffer.concat(parts)
    const asked = { method: req.method, path: req.url, headers: req.headers, body }
    if (/json/.test(req.headers['content-type'] ?? '')) asked.rpc = JSON.parse(body)
    const what = this.rule(asked)
    if (what !== undefined) this.seen.push(asked)
    if (what?.status) return this.answer(res, what.status, what.body, 'application/json')
    const headers = Object.fromEntries(Object.entries(req.headers).filter(([k]) => !['host', 'content-length', 'connection', 'expect'].includes(k)))
    const resp = await fetch(this.target + req.url, { method: req.method, headers, body: body.length ? body : undefined })
    const text = Buffer.from(await resp.arrayBuffer())
    if (what === 'drop') return res.destroy()
    return this.answer(res, resp.status, typeof what === 'function' ? what(text.toString()) : text, resp.headers.get('content-type'))
  }

  answer(res, status, text, type) {
    res.writeHead(status, { 'content-type': type ?? 'application/octet-stream', 'content-length': Buffer.byteLength(text) })
    res.end(text)
  }

  stop() {
    this.server.closeAllConnections()
    return new Promise(done => { this.server.close(done) })
  }
}
