// The chain of the audit log, computed again from docs/security.md alone: it shares no code with what it checks.
import { createHash, createPublicKey, verify } from 'node:crypto'

const u32 = n => {
  const b = Buffer.alloc(4)
  b.writeUInt32BE(n >>> 0)
  return b
}
const field = v => {
  if (v === null) return u32(0xffffffff)
  const bytes = Buffer.from(String(v), 'utf8')
  return Buffer.concat([u32(bytes.length), bytes])
}

// sql: text -> what psql prints. -> [{ seq, id, hash }], the hashes computed here
export async function recompute(sql) {
  const text = await sql(`select json_build_array(k.seq::text, l.id::text, (extract(epoch from l.at) * 1000000)::bigint::text, l.actor_kind,
    l.actor_id, l.db_role, l.action, l.object_type, l.object_id, l.request_id, l.trace_id, l.reason, l.detail, encode(k.hash, 'hex'))
    from audit.link k join audit.log l on l.id = k.log_id order by k.seq`)
  let prev = Buffer.alloc(32)
  return text.split('\n').filter(Boolean).map(line => {
    const row = JSON.parse(line), stored = row.pop()
    prev = createHash('sha256').update(Buffer.concat([prev, field('patchwork audit 1'), ...row.map(field)])).digest()
    return { seq: Number(row[0]), id: row[1], hash: prev.toString('hex'), stored }
  })
}

// A signed note under a key in hex -> { origin, size, hash }
export function openNote(note, key) {
  const at = note.indexOf('\n\n')
  const text = note.slice(0, at + 1)
  const [, name, blob] = /^— (\S+) (\S+)$/m.exec(note.slice(at + 2))
  const bytes = Buffer.from(blob, 'base64'), pub = Buffer.from(key, 'hex')
  const id = createHash('sha256').update(Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([1]), pub])).digest().subarray(0, 4)
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), pub])
  if (!bytes.subarray(0, 4).equals(id)) throw new Error('another key')
  if (!verify(null, Buffer.from(text), createPublicKey({ key: spki, format: 'der', type: 'spki' }), bytes.subarray(4))) throw new Error('bad signature')
  const [origin, size, hash] = text.split('\n')
  return { origin, size: Number(size), hash: Buffer.from(hash, 'base64').toString('hex') }
}
