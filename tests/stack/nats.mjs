// The few words of NATS that reading a JetStream stream needs: CONNECT, SUB, PUB, MSG, HMSG, PING.
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'

const CRLF = '\r\n'

export class NatsReader {
  static async open(url) {
    const { hostname, port } = new URL(url)
    const reader = new NatsReader(connect({ host: hostname, port: Number(port) }))
    reader.socket.write(`CONNECT ${JSON.stringify({ verbose: false, headers: true, no_responders: true, lang: 'node', version: '1', protocol: 1 })}${CRLF}`)
    return reader
  }

  constructor(socket) {
    this.socket = socket
    this.bytes = Buffer.alloc(0)
    this.inboxes = new Map() // sid -> queue of messages
    this.wake = () => {}
    this.failure = null
    const fail = e => {
      this.failure ??= e
      this.wake()
    }
    socket.on('data', data => {
      this.bytes = Buffer.concat([this.bytes, data])
      try {
        while (this.take());
      } catch (e) {
        fail(e)
      }
      this.wake()
    })
    socket.on('error', fail)
    socket.on('close', () => fail(new Error('NATS closed the connection')))
  }

  // Takes one protocol line, with its payload, off the buffer; false when it is not whole yet.
  take() {
    const end = this.bytes.indexOf(CRLF)
    if (end < 0) return false
    const [verb, ...args] = this.bytes.subarray(0, end).toString().split(' ')
    const rest = this.bytes.subarray(end + 2)
    if (verb !== 'MSG' && verb !== 'HMSG') {
      this.bytes = rest
      if (verb === 'PING') this.socket.write(`PONG${CRLF}`)
      if (verb === '-ERR') throw new Error(`NATS: ${args.join(' ')}`)
      return true
    }
    const total = Number(args.at(-1))
    if (rest.length < total + 2) return false
    const head = verb === 'HMSG' ? Number(args.at(-2)) : 0
    this.bytes = rest.subarray(total + 2)
    this.inboxes.get(args[1])?.push({
      subject: args[0], headers: readHeaders(rest.subarray(0, head).toString()), data: rest.subarray(head, total).toString(),
    })
    return true
  }

  subscribe(subject) {
    const sid = String(this.inboxes.size + 1)
    const queue = []
    this.inboxes.set(sid, queue)
    this.socket.write(`SUB ${subject} ${sid}${CRLF}`)
    return queue
  }

  // The next message of a queue, or null when there is none by then.
  async next(queue, end) {
    while (!queue.length) {
      if (this.failure) throw this.failure
      const left = end - Date.now()
      if (left <= 0) return null
      let timer
      await new Promise(wake => {
        this.wake = wake
        timer = setTimeout(wake, Math.min(left, 1e9))
      })
      clearTimeout(timer)
    }
    return queue.shift()
  }

  async request(subject, body, end) {
    const inbox = `_INBOX.${randomUUID()}`
    const queue = this.subscribe(inbox)
    const text = JSON.stringify(body)
    this.socket.write(`PUB ${subject} ${inbox} ${Buffer.byteLength(text)}${CRLF}${text}${CRLF}`)
    const answer = await this.next(queue, end)
    if (!answer) throw new Error(`NATS does not answer ${subject}`)
    if (answer.headers.status) throw new Error(`NATS answers ${answer.headers.status} to ${subject}`)
    const json = JSON.parse(answer.data)
    if (json.error) throw new Error(`NATS: ${json.error.description}`)
    return json
  }

  // What the stream's subjects begin with: "pw.local."
  async prefix(name, end) {
    const { config } = await this.request(`$JS.API.STREAM.INFO.${name}`, {}, end)
    return config.subjects[0].replace(/>$/, '')
  }

  // Every message of the stream under the subject (undefined: any), from the first one kept, until `end` (ms since 1970).
  async* stream(name, subject, end) {
    const inbox = `_INBOX.${randomUUID()}`
    const queue = this.subscribe(inbox)
    await this.request(`$JS.API.CONSUMER.CREATE.${name}`, {
      stream_name: name,
      config: { deliver_subject: inbox, filter_subject: subject, deliver_policy: 'all', ack_policy: 'none', inactive_threshold: 5e9 },
    }, end)
    for (let m; (m = await this.next(queue, end));) yield m
  }

  close() {
    this.socket.removeAllListeners('close')
    this.socket.destroy()
  }
}

function readHeaders(text) {
  const [first = '', ...lines] = text.split(CRLF)
  const headers = Object.fromEntries(lines.filter(Boolean).map(l => [l.slice(0, l.indexOf(':')), l.slice(l.indexOf(':') + 1).trim()]))
  const [, status] = first.match(/^NATS\/1\.0 (\d+)/) ?? []
  return status ? { ...headers, status } : headers
}

// nats.mjs URL [SUBJECT]: every event of the stream, one line each, and those to come until it is interrupted.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [url, subject] = process.argv.slice(2)
  const reader = await NatsReader.open(url)
  for await (const m of reader.stream('PW_EVENTS', subject, Infinity)) console.log(m.subject, m.data)
}
