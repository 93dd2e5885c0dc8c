// Fault points as the sources name them, and what a program ended with; for tests that need no more of a world than that.
import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../..')

// What a program ended with: a status or a signal; or that it did not, for a test to say so instead of waiting for ever.
export function ended(p, within = 120_000) {
  let late
  const limit = new Promise(done => { late = setTimeout(done, within, `nothing: it is at work after ${within / 1000} s`) })
  return Promise.race([p.gone, limit]).finally(() => clearTimeout(late))
}

const sources = folder => readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap(f =>
  f.isDirectory() ? sources(join(folder, f.name)) : f.name.endsWith('.c') ? [join(folder, f.name)] : [])

// Members that several initialisers share stand in them.
const expanded = text => [...text.matchAll(/^#define (\w+) (\.\w+ = .*)$/gm)].reduce((t, [, name, members]) => t.replaceAll(`\t${name},`, `\t${members},`), text)

// The text of every C file in which a stage may be.
export const stageSources = () => [...sources('pipeline'), ...sources('stages')].map(f => expanded(readFileSync(join(ROOT, f), 'utf8')))

// -> { named: FAULT("...") of the pipeline and the stages, kinds: { kind: phases }, relay: those of the relay }
export function faultPoints() {
  const files = stageSources()
  const literal = files.flatMap(t => [...t.matchAll(/\bFAULT\("([a-z_.]+)"\)/g)].map(m => m[1]))
  const phases = new Set(files.flatMap(t => [...t.matchAll(/runner_point\(w, [^"]*"(\w+)"\)/g)].map(m => m[1])))
  const needs = { claimed: null, planned: 'plan', probed: 'probe', effected: 'effect', settling: null, settled: null }
  assert.deepEqual([...phases].sort(), Object.keys(needs).sort(), 'the runner has the phases that this test knows')
  const kinds = {}
  for (const text of files)
    for (const [, body] of text.matchAll(/^const struct stage \w+ = \{([^}]*)\}/gm)) {
      const [, kind] = body.match(/\.kind = "([^"]+)"/)
      kinds[kind] = Object.keys(needs).filter(p => !needs[p] || new RegExp(`\\.${needs[p]} = `).test(body))
    }
  return { named: literal.filter(p => !p.startsWith('relay.')), relay: literal.filter(p => p.startsWith('relay.')), kinds }
}
