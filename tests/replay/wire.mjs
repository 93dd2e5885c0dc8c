// A TCP connection with somebody in between: PostgreSQL or NATS behind a port that can be cut, frozen, or cut at a chosen moment.
//   onClient(link, bytes), onServer(link, bytes) -> undefined: pass on; 'drop': lose these; 'cut': lose these and hang up both sides;
//   'last': pass these on, and hang up on whoever sent them once the other side has answered, without that answer
import { connect, createServer } from 'node:net'

export class Wire {
  static async start(target) {
    const w = new Wire()
    w.target = Number(target)
    w.server = createServer(client => w.join(client))
    await new Promise(up => w.server.listen(0, '127.0.0.1', up))
    w.port = w.server.address().port
    return w
  }

  links = new Set()
  onClient = () => undefined
  onServer = () => undefined
  count = { cut: 0, dropped: 0 }

  // No address is given to a new connection while it is closed.
  closed = false

  join(client) {
    if (this.closed) return client.destroy()
    const server = connect(this.target, '127.0.0.1')
    const link = { client, server, frozen: false, ending: false }
    this.links.add(link)
    const end = () => { client.destroy(); server.destroy(); this.links.delete(link) }
    link.end = end
    for (const [from, to, rule, back] of [[client, server, 'onClient', false], [server, client, 'onServer', true]]) {
      from.setNoDelay(true)
      from.on('data', bytes => {
        if (link.ending && back) { this.count.cut++; return end() }
        const what = link.frozen ? 'drop' : this[rule](link, bytes)
        if (what === 'drop') { this.count.dropped++; return }
        if (what === 'cut') { this.count.cut++; return end() }
        if (what === 'last') link.ending = true
        to.write(bytes)
      })
      from.on('error', end).on('close', end)
    }
  }

  cut() {
    for (const link of [...this.links]) link.end()
  }

  // As it was before anything was done to it; what is frozen is hung up, so that both sides begin anew.
  mend() {
    this.closed = false
    this.onClient = this.onServer = () => undefined
    this.count = { cut: 0, dropped: 0 }
    for (const link of [...this.links]) if (link.frozen || link.ending) link.end()
  }

  stop() {
    this.closed = true
    this.cut()
    return new Promise(done => { this.server.close(done) })
  }
}
