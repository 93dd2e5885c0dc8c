// The peer of login.mjs: sign-in with Ethereum on Fastify, siwe and viem, as their documentation shows it, with nonces and sessions in
// PostgreSQL (one statement each, as durable as ours) and as many processes and connections as patchwork-api has. It does without rate
// windows, refresh tokens' rotation, audit and metrics.
//     PORT WORKERS CONNECTIONS DATABASE DOMAIN node siwe.mjs
import cluster from 'node:cluster'
import { createHash, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto'
import Fastify from 'fastify'
import pg from 'pg'
import { generateNonce, SiweMessage } from 'siwe'
import { getAddress, recoverMessageAddress } from 'viem'

const { PORT, WORKERS, CONNECTIONS, DATABASE, DOMAIN } = process.env
const CHAIN = 338
const sha256 = bytes => createHash('sha256').update(bytes).digest()
const base64url = value => Buffer.from(JSON.stringify(value)).toString('base64url')
const { privateKey } = generateKeyPairSync('ed25519')

function token(session, person) {
  const now = Math.floor(Date.now() / 1000)
  const text = `${base64url({ alg: 'EdDSA', typ: 'JWT' })}.${base64url({ iss: DOMAIN, sub: person, sid: session, jti: randomUUID(), iat: now, exp: now + 900 })}`
  return `${text}.${sign(null, Buffer.from(text), privateKey).toString('base64url')}`
}

const SPEND = `with spent as (
    update bench_nonce set consumed_at = now() where nonce = $1 and message = $2 and consumed_at is null and expires_at > now() returning address
  ), person as (
    insert into bench_person (address) select address from spent on conflict (address) do update set address = excluded.address returning id
  )
  insert into bench_session (id, person_id, refresh_sha256, expires_at) select $3, id, $4, now() + interval '30 days' from person returning person_id`

async function serve() {
  const pool = new pg.Pool({ connectionString: DATABASE, max: Number(CONNECTIONS) })
  const app = Fastify({ logger: false })

  app.post('/v1/auth/challenge', async (request, reply) => {
    const nonce = generateNonce()
    const message = new SiweMessage({
      domain: DOMAIN, address: getAddress(request.body.address), uri: `http://${DOMAIN}`, version: '1', chainId: CHAIN, nonce,
      statement: 'Sign in. This costs nothing and sends no transaction.', expirationTime: new Date(Date.now() + 300_000).toISOString(),
    }).prepareMessage()
    await pool.query({ name: 'challenge', text: 'insert into bench_nonce (nonce, address, message, expires_at) values ($1, $2, $3, now() + interval \'5 min\')',
      values: [nonce, Buffer.from(request.body.address.slice(2), 'hex'), message] })
    return reply.code(201).send({ nonce, message })
  })
  app.post('/v1/auth/verify', async (request, reply) => {
    const { message, signature } = request.body
    const fields = new SiweMessage(message)
    const address = await recoverMessageAddress({ message, signature })
    if (fields.domain !== DOMAIN || fields.chainId !== CHAIN || address !== fields.address || Date.parse(fields.expirationTime) < Date.now())
      return reply.code(401).send({ code: 'auth.signature' })
    const session = randomUUID()
    const refresh = randomBytes(32)
    const { rows: [row] } = await pool.query({ name: 'spend', text: SPEND, values: [fields.nonce, message, session, sha256(refresh)] })
    if (!row) return reply.code(401).send({ code: 'auth.nonce_used' })
    return { token: token(session, row.person_id), session_id: session, person_id: row.person_id, refresh_token: refresh.toString('base64url') }
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
