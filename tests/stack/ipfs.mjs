// ipfs.mjs REPO API_PORT: an IPFS node that speaks Kubo's RPC on 127.0.0.1, offline, with its blocks in REPO.
// Kubo itself is in no archive that a bare machine reaches; js-ipfs is retired but answers the same calls.
import { rmSync } from 'node:fs'
import { join } from 'node:path'

// Its newer dependencies expect what Node.js 22 (withResolvers) and 20 (CustomEvent) brought.
Promise.withResolvers ??= function () {
  let resolve, reject
  const promise = new this((a, b) => { resolve = a; reject = b })
  return { promise, resolve, reject }
}
globalThis.CustomEvent ??= class CustomEvent extends Event {
  constructor(type, init = {}) {
    super(type, init)
    this.detail = init.detail ?? null
  }
}

const [repo, port] = process.argv.slice(2)
rmSync(join(repo, 'repo.lock'), { recursive: true, force: true }) // left by a SIGKILL; the stack starts one node per repo

const { create } = await import('ipfs-core')
const { HttpApi } = await import('ipfs-http-server')

const ipfs = await create({
  repo,
  offline: true,
  silent: true,
  preload: { enabled: false },
  init: { emptyRepo: true, algorithm: 'Ed25519' },
  config: {
    Bootstrap: [],
    Pubsub: { Enabled: false },
    Discovery: { MDNS: { Enabled: false }, webRTCStar: { Enabled: false } },
    Addresses: { Swarm: [], Delegates: [], API: `/ip4/127.0.0.1/tcp/${port}`, Gateway: '' },
  },
})
const http = new HttpApi(ipfs)
await http.start()
console.log(`ipfs: RPC on http://127.0.0.1:${port}`)

const stop = async () => {
  await http.stop()
  await ipfs.stop()
  process.exit(0)
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
