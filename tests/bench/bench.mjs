#!/usr/bin/env node
// bench.mjs [webhook] [webhook-mix] [login] [queue] [strain] [contribution] [backfill]: those measurements, or all of them; `make bench` runs it. A bar that is missed is
// told, not failed: numbers depend on the machine. Exit 1 only where something could not be measured.
import { machine, note, say, table } from './measure.mjs'

const all = ['webhook', 'webhook-mix', 'login', 'queue', 'strain', 'contribution', 'backfill']
const asked = process.argv.slice(2)
const unknown = asked.filter(name => !all.includes(name))
if (unknown.length) {
  note(`bench: no measurement ${unknown.join(', ')}; there are ${all.join(', ')}`)
  process.exit(2)
}

say(machine())
const rows = []
for (const name of asked.length ? asked : all) {
  try {
    const measurement = await import(`./${name}.mjs`)
    rows.push(...await measurement[name]())
  } catch (e) {
    note(`bench: ${name}: ${e.stack}`)
    process.exitCode = 1
  }
}
for (const row of rows.filter(r => r.bar)) say({ bench: 'bar', ...row })
if (rows.length) table('all', ['', 'measured', 'floor', 'peer', 'ratio to peer', 'bar', 'verdict'],
  rows.map(r => [r.what, r.measured, r.floor, r.peer, r.ratio, r.bar, r.bar && (r.met ? 'met' : 'MISSED')]))
