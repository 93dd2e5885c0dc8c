#!/usr/bin/env node
// seeds.mjs FOLDER: every text of the published vectors, as it is and as the bytes that it spells in hex, a file each.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [folder] = process.argv.slice(2)
const vectors = new URL('../vectors/', import.meta.url)
const keep = bytes => bytes.length && bytes.length <= 4096 &&
  writeFileSync(join(folder, createHash('sha1').update(bytes).digest('hex')), bytes)
function walk(v) {
  if (v && typeof v === 'object') {
    keep(Buffer.from(JSON.stringify(v)))
    return Object.values(v).forEach(walk)
  }
  keep(Buffer.from(String(v)))
  if (/^0x(..)+$/.test(v)) keep(Buffer.from(v.slice(2), 'hex'))
}
mkdirSync(folder, { recursive: true })
for (const name of readdirSync(vectors).filter(f => f.endsWith('.json'))) walk(JSON.parse(readFileSync(new URL(name, vectors))).cases)
