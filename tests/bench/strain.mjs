// The queue under strain: an old snapshot is held, a commit is late, workers are woken, threads wait for the network, history is long.
// Each measurement in a new database, and beside itself without the strain (the column `floor`).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startStack } from '../stack/stack.mjs'
import { median, note, ratio, round, ROUNDS } from './measure.mjs'
import { ours } from './queue.mjs'

const KEEPUP = Number(process.env.KEEPUP || 600)
const HISTORY = Number(process.env.HISTORY || 5_000_000)

const middle = (lines, field, which) => median(lines.filter(which).map(l => l[field]))

const backlog = lines => [10, 100].map(batch => {
  const of = held => middle(lines, 'per_s', l => l.batch === batch && l.held === held)
  const share = ratio(of(true), of(false))
  return { what: `queue, backlog under an old snapshot, batches of ${batch}, jobs/s`, measured: of(true), floor: of(false), ratio: share,
    bar: '>= 0.9 of without', met: share >= 0.9 }
})

function keepup([line]) {
  const share = ratio(line.last_p99_ms, line.first_p99_ms)
  return [
    { what: `queue, ${KEEPUP} s under an old snapshot, p99 of the last minute, ms`, measured: line.last_p99_ms, floor: line.first_p99_ms, ratio: share,
      bar: '<= 1.5 of the first', met: share <= 1.5 },
    { what: 'queue, the same: longest wait after a late commit, ms', measured: line.late_max_ms, bar: '< 2000', met: line.late_max_ms < 2000 },
  ]
}

function wakeup(lines) {
  const of = wake => round(middle(lines, 'per_s', l => l.wake === wake), 0)
  const share = ratio(of('after the commit'), of('never'))
  return [{ what: 'queue, 16 connections with wake-up, commits/s (peer: NOTIFY in the transaction)', measured: of('after the commit'),
    floor: of('never'), peer: of('in the transaction'), ratio: share, bar: '>= 0.9 of without', met: share >= 0.9 }]
}

function threads([line]) {
  const mb = line.resident_kb / 1000
  return [
    { what: 'queue, 256 threads that wait 100 ms, jobs/s', measured: line.per_s, bar: '>= 2400', met: line.per_s >= 2400 },
    { what: 'queue, the same: resident MB', measured: round(mb), bar: '< 40', met: mb < 40 },
    { what: 'queue, the same: connections', measured: line.connections, bar: '<= 8', met: line.connections <= 8 },
  ]
}

// Of each filter of the history query; a page whose rows are rare looks at thousands of runs at most, and says where to go on.
const pages = all => all.filter(l => l.bench === 'queue.history_page').map(l => ({ what: `queue, a page of ${HISTORY} runs by ${l.filter}, ms`, measured: l.p50_ms,
  bar: 'milliseconds (< 50)', met: l.p50_ms < 50 }))

function history(lines, all) {
  const of = ended => middle(lines, 'p99_ms', l => l.ended === ended)
  const share = ratio(of(HISTORY), of(0))
  return [{ what: `queue, claim p99 after ${HISTORY} jobs, ms`, measured: of(HISTORY), floor: of(0), ratio: share, bar: '<= 1.1 of none', met: share <= 1.1 },
    ...pages(all)]
}

function noisy(lines) {
  const others = Math.max(...lines.map(l => l.others))
  return ['p50', 'p99'].map(p => {
    const [idle, beside] = [0, others].map(n => round(middle(lines, `${p}_ms`, l => l.others === n), 2))
    const share = ratio(beside, idle)
    return { what: `queue, start ${p} beside ${others} jobs of another project, ms`, measured: beside, floor: idle, ratio: share, bar: '<= 2 of idle', met: share <= 2 }
  })
}

const measurements = {
  noisy: [noisy],
  threads: [threads, '--seconds', '10'],
  wakeup: [wakeup],
  backlog: [backlog],
  keepup: [keepup, '--seconds', String(KEEPUP)],
  history: [history, '--history', String(HISTORY)], // last: what it leaves for the disk takes minutes
}

export async function strain() {
  const dir = mkdtempSync(join(tmpdir(), 'patchwork-bench-'))
  const stack = await startStack({ dir: join(dir, 'stack'), parts: ['postgres'], programs: 'rel', migrate: true })
  const rows = []
  try {
    for (const [name, [report, ...options]] of Object.entries(measurements)) {
      note(`queue: ${name}`)
      const lines = []
      for (let n = 1; n <= (name === 'noisy' ? ROUNDS : 1); n++) lines.push(...await ours(stack, n, '--only', name, ...options))
      rows.push(...report(lines.filter(l => l.bench === `queue.${name}`), lines))
    }
    return rows
  } finally {
    await stack.stop({ remove: true })
    rmSync(dir, { recursive: true, force: true })
  }
}
