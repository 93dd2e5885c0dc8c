// `patchwork proof verify`: what somebody signed, in a file that somebody wrote; made here by node:crypto, addressed by multiformats.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { generateKeyPairSync, sign } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { load } from '../peers/load.mjs'

const [{ CID }, { sha256 }, raw] = await Promise.all(['multiformats/cid', 'multiformats/hashes/sha2', 'multiformats/codecs/raw'].map(load))
const PATCHWORK = fileURLToPath(new URL('../../build/san/patchwork', import.meta.url))
const TYPE = 'application/vnd.in-toto+json'
const PAYLOAD = '{"_type":"https://in-toto.io/Statement/v1","predicate":{"bounty":{"amount":"1"}},"predicateType":"p"}'
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PATCHWORK_')))
const dir = mkdtempSync(join(tmpdir(), 'patchwork-proof-'))
after(() => rmSync(dir, { recursive: true }))

const { publicKey, privateKey } = generateKeyPairSync('ed25519')
const hex = key => key.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex')
const KEY = hex(publicKey)

// A DSSE envelope; changed: members as they are after the signature.
function envelope(payload = PAYLOAD, type = TYPE, changed = {}) {
  const bytes = Buffer.from(payload)
  const sig = sign(null, Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${bytes.length} `), bytes]), privateKey).toString('base64')
  return JSON.stringify({ payload: bytes.toString('base64'), payloadType: type, signatures: [{ keyid: KEY, sig }], ...changed })
}

let serial = 0
function verify(text, ...words) {
  const file = join(dir, `${++serial}.json`)
  writeFileSync(file, text)
  return command(file, '--key', KEY, ...words)
}
const command = (...words) => new Promise(done => execFile(PATCHWORK, ['--config', '/dev/null', 'proof', 'verify', ...words], { env }, (e, stdout, stderr) =>
  done({ status: e?.code ?? 0, stdout, stderr })))
async function refused(answer, code) {
  const { status, stdout, stderr } = await answer
  assert.deepEqual([status, stdout, stderr.split(': ')[1]], [1, '', code], stderr)
}

test('S16: what is signed, canonical and unchanged is valid, and has the address that others compute', async () => {
  const cid = CID.create(1, raw.code, await sha256.digest(Buffer.from(PAYLOAD))).toString()
  const { status, stdout, stderr } = await verify(envelope(), '--cid', cid, '--json')
  assert.equal(status, 0, stderr)
  assert.deepEqual(JSON.parse(stdout), { valid: true, offline: true, cid, statement: JSON.parse(PAYLOAD) })
  assert.match((await verify(envelope())).stdout, new RegExp(`^proof is valid.*\\n  network    none: .*\\n  cid        ${cid}\\n`))
  await refused(verify(envelope(), '--cid', cid.replace(/.$/, c => (c === 'a' ? 'b' : 'a'))), 'proof.cid_mismatch')
})

test('S13: a proof of each version of the predicate is valid for as long as it is kept', async () => {
  const { key, proofs } = JSON.parse(readFileSync(new URL('proofs.json', import.meta.url)))
  assert.deepEqual(proofs.map(p => p.predicate), [1, 2].map(n => `https://patchwork.dev/attestation/contribution/v${n}`))
  for (const { predicate, cid, envelope: kept } of proofs) {
    const file = join(dir, `v${predicate.at(-1)}.json`)
    writeFileSync(file, JSON.stringify(kept))
    const { status, stdout, stderr } = await command(file, '--key', key, '--cid', cid)
    assert.equal(status, 0, stderr)
    assert.ok(stdout.includes(`  cid        ${cid}\n  type       ${predicate}\n`), stdout)
  }
})

test('S16: another key, another text, another type under the same signature', async () => {
  const other = join(dir, 'other.json')
  writeFileSync(other, envelope())
  await refused(command(other, '--key', hex(generateKeyPairSync('ed25519').publicKey)), 'proof.signature')
  await refused(verify(envelope(PAYLOAD, TYPE, { payload: Buffer.from(PAYLOAD.replace('"1"', '"2"')).toString('base64') })), 'proof.signature')
  await refused(verify(envelope(PAYLOAD, 'application/json', { payloadType: TYPE })), 'proof.signature')
})

test('S13, S16: what is signed and is no statement in canonical form', async () => {
  await refused(verify(envelope(PAYLOAD, 'application/json')), 'proof.type')
  for (const text of ['{"b":1,"a":2}', '{"a": 1}', '{"a":1}\n', '{"a":1.0}', '{"a":"\\u0041"}'])
    await refused(verify(envelope(text)), 'proof.not_canonical')
  await refused(verify(envelope('{"a":1,"a":1}')), 'json.duplicate_key')
  await refused(verify(envelope('no')), 'json.malformed')
})

test('files that hold no proof', async () => {
  await refused(command(join(dir, 'missing'), '--key', KEY), 'proof.unreadable')
  await refused(verify(`${' '.repeat(1 << 20)}${envelope()}`), 'proof.unreadable')
  for (const text of ['', '{', '[]', '{}', envelope(PAYLOAD, TYPE, { signatures: [] }), envelope(PAYLOAD, TYPE, { payload: 'a' })])
    assert.equal((await verify(text)).status, 1, text)
  for (const words of [[], ['x.json'], ['x.json', '--key', 'ab'], ['x.json', 'y.json', '--key', KEY]])
    assert.equal((await command(...words)).status, 2, words.join(' '))
})
