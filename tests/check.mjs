#!/usr/bin/env node
// check.mjs [--only TEXT] SUITE...: runs suites, two at a time (each waits more than it computes), and counts their tests.
// A SUITE is NAME=COMMAND. What it prints is read as TAP (cmocka, node:test) or as a last line `N passed, N failed`, and kept
// in build/check/NAME.log; a suite that ends badly without a failed test, that ran none, or that skipped any counts as failed.
// A suite that takes longer than ten minutes is ended and counts as failed. The last line is `N passed, N failed`.
import { spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

const { values: { only = '' }, positionals } = parseArgs({ allowPositionals: true, options: { only: { type: 'string' } } })
const suites = positionals.map(text => {
  const at = text.indexOf('=')
  return { name: text.slice(0, at), command: text.slice(at + 1) }
}).filter(({ name }) => name.includes(only))
const folder = 'build/check'
mkdirSync(folder, { recursive: true })

const colour = process.stdout.isTTY && !process.env.NO_COLOR
const paint = (code, text) => colour ? `\x1b[${code}m${text}\x1b[0m` : text

const PATIENCE = 600_000
const LANES = 2

const running = new Set()
const end = child => { try { process.kill(-child.pid, 'SIGKILL') } catch { /* it has just ended */ } }
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { running.forEach(end); process.exit(130) })

const run = (command, log) => new Promise(done => {
  const out = createWriteStream(log)
  const child = spawn('bash', ['-c', command], {
    stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, CMOCKA_MESSAGE_OUTPUT: 'TAP' },
  })
  running.add(child)
  const late = setTimeout(() => { out.write('FAILED: ended after ten minutes\n'); end(child) }, PATIENCE)
  child.stdout.pipe(out, { end: false })
  child.stderr.pipe(out, { end: false })
  let stray
  child.on('exit', () => { stray = setTimeout(() => end(child), 5000) }) // what it left behind would hold its output open
  child.on('close', (code, signal) => {
    clearTimeout(late)
    clearTimeout(stray)
    running.delete(child)
    out.end(() => done(code ?? signal))
  })
})

// node:test says its own sums at the end, nested tests included; cmocka's TAP is counted line by line.
const count = text => {
  const sum = word => [...text.matchAll(new RegExp(`^# ${word} (\\d+)$`, 'gm'))].reduce((n, m) => n + Number(m[1]), 0)
  const lines = pattern => (text.match(pattern) ?? []).length
  const closing = [...text.matchAll(/^(?:\w+: )?(\d+) passed, (\d+) failed$/gm)]
  const node = /^# tests \d+$/m.test(text)
  const passed = node ? sum('pass') : lines(/^ok \d+/gm)
  const failed = node ? sum('fail') + sum('cancelled') : lines(/^not ok \d+/gm)
  return {
    passed: passed + closing.reduce((n, m) => n + Number(m[1]), 0),
    failed: failed + closing.reduce((n, m) => n + Number(m[2]), 0),
    skipped: node ? sum('skipped') + sum('todo') : lines(/^ok \d+.*# SKIP/gim),
  }
}

const interesting = text => {
  const lines = text.split('\n')
  const bad = lines.findIndex(l => /^\s*not ok|ERROR: |FAILED|error:/.test(l))
  return (bad < 0 || lines.length - bad > 60 ? [...lines.slice(Math.max(bad, 0), Math.max(bad, 0) + 30), '...', ...lines.slice(-30)] : lines.slice(Math.max(0, bad - 3))).join('\n')
}

const total = { passed: 0, failed: 0 }
const judge = async ({ name, command }) => {
  const log = join(folder, `${name.replaceAll('/', '-')}.log`)
  const began = Date.now()
  const code = await run(command, log)
  const text = readFileSync(log, 'utf8')
  const { passed, failed, skipped } = count(text)
  const wrong = Math.max(failed + skipped, code === 0 && passed > 0 ? 0 : 1)
  const seconds = ((Date.now() - began) / 1000).toFixed(1).padStart(6)
  const verdict = wrong ? paint(31, 'FAILED') : paint(32, 'ok    ')
  console.log(`${verdict} ${seconds} s  ${name.padEnd(24)} ${passed} passed${wrong ? `, ${wrong} failed${skipped ? ` (${skipped} skipped)` : ''}, exit ${code}: ${log}` : ''}`)
  if (wrong) console.log(interesting(text).replace(/^/gm, '    '))
  total.passed += passed
  total.failed += wrong
}
const lane = async () => { while (suites.length) await judge(suites.shift()) }
await Promise.all(Array.from({ length: LANES }, lane))
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed || !total.passed ? 1 : 0
