// The peer: two of our routes on Fastify and pg, as their documentation recommends, with our very statements from sql/, named
// (so prepared once per connection), and as many processes and connections as patchwork-api has. It does without what the API
// does besides: rate windows in Redis, request ids, metrics, the wake-up of the workers.
//     PORT WORKERS CONNECTIONS DATABASE WEBHOOK_SECRET node fastify.mjs
import cluster from 'node:cluster'
import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import Fastify from 'fastify'
import pg from 'pg'

const { PORT, WORKERS, CONNECTIONS, DATABASE, WEBHOOK_SECRET } = process.env

// A statement without its head; the head's types make the parameters what they are to the API.
function statement(name) {
  const file = readFileSync(new URL(`../../sql/${name}.sql`, import.meta.url), 'utf8')
  const types = [...file.matchAll(/^-- in +\S+ +(\w+)/gm)].map(match => match[1])
  const text = file.replace(/^--.*\n/gm, '').replace(/\$(\d+)/g, (_, n) => `$${n}::${types[n - 1]}`)
  return values => ({ name, text, values })
}

const INT8 = 20, BYTEA = 17
pg.types.setTypeParser(INT8, Number)
pg.types.setTypeParser(BYTEA, text => `0x${text.slice(2)}`)

// Columns a__b of a row are the member b of the object a.
function nested(row) {
  const object = {}
  for (const [name, value] of Object.entries(row)) {
    const at = name.indexOf('__')
    if (at < 0) object[name] = value
    else (object[name.slice(0, at)] ??= {})[name.slice(at + 2)] = value
  }
  return object
}

const problem = (status, code) => ({ type: 'about:blank', title: code, status, code })

const stored = {
  type: 'object',
  properties: {
    outcome: { type: 'string' }, duplicate: { type: 'boolean' }, delivery_id: { type: 'integer' },
    job_id: { type: ['integer', 'null'] },
  },
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

async function serve() {
  const pool = new pg.Pool({ connectionString: DATABASE, max: Number(CONNECTIONS) })
  const app = Fastify({ logger: false, bodyLimit: 25 << 20 })
  const receive = statement('delivery/receive')
  const bounty = statement('bounty/get')

  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => done(null, body))
  app.post('/v1/webhooks/github', { schema: { response: { '2xx': stored } } }, async (request, reply) => {
    const { headers, body } = request
    const given = Buffer.from(String(headers['x-hub-signature-256']).replace(/^sha256=/, ''), 'hex')
    const mac = createHmac('sha256', WEBHOOK_SECRET).update(body).digest()
    if (given.length !== mac.length || !timingSafeEqual(given, mac)) return reply.code(401).send(problem(401, 'webhook.signature'))
    const guid = headers['x-github-delivery']
    const event = headers['x-github-event']
    if (!UUID.test(guid) || !/^[a-z0-9_]{1,64}$/.test(event)) return reply.code(400).send(problem(400, 'webhook.header'))
    const { rows: [row] } = await pool.query(receive([guid, headers['x-github-hook-id'] ?? null, event, 1, body, given, null, null]))
    const { status, ...rest } = row
    return reply.code(status).send(rest)
  })
  app.get('/v1/bounties/:id', async (request, reply) => {
    if (!UUID.test(request.params.id)) return reply.code(400).send(problem(400, 'api.invalid'))
    const { rows } = await pool.query(bounty([request.params.id, null]))
    return rows.length ? nested(rows[0]) : reply.code(404).send(problem(404, 'bounty.not_found'))
  })
  await app.listen({ host: '127.0.0.1', port: Number(PORT) })
}

if (cluster.isPrimary) {
  for (let i = 0; i < Number(WORKERS); i++) cluster.fork()
  cluster.on('exit', () => process.exit(1))
  process.on('SIGTERM', () => process.exit(0)) // its workers end when their channel closes
} else {
  await serve()
}
