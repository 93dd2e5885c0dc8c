// What the benchmarks share: lines of JSON on stdout, notes and tables on stderr, medians, CPU time of process trees.
import { readFileSync, readdirSync } from 'node:fs'
import { cpus } from 'node:os'

const number = (name, fallback) => Number(process.env[name] || fallback)
export const ROUNDS = number('ROUNDS', 5)
export const SECONDS = number('SECONDS_EACH', 8)
export const JOBS = number('JOBS', 200_000)

export const say = line => process.stdout.write(`${JSON.stringify(line)}\n`)
export const note = text => process.stderr.write(`${text}\n`)

export const round = (x, digits = 1) => Number(x.toFixed(digits))

export function median(values) {
  const sorted = values.filter(v => typeof v === 'number' && !Number.isNaN(v)).sort((a, b) => a - b)
  if (!sorted.length) return null
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export const ratio = (a, b) => (a && b ? round(a / b, 2) : null)

// Items with the same key together, in the order of their first one.
export function grouped(items, key) {
  const groups = new Map()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return [...groups.values()]
}

// values in rising order
export const quantile = (sorted, share) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]

// The medians of the named fields over lines of the same measurement, with the least and the greatest.
export function summary(lines, fields) {
  const of = field => lines.map(l => l[field])
  return Object.fromEntries(fields.flatMap(field => {
    const middle = median(of(field))
    return middle === null ? [] : [[field, round(middle, 3)], [`${field}_range`, [Math.min(...of(field)), Math.max(...of(field))]]]
  }))
}

const TICK_US = 10_000 // clock ticks of /proc are 1/100 s on Linux

function processes() {
  const all = new Map()
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
      const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      // utime, stime, and those of children that have ended and were waited for
      all.set(Number(pid), { parent: Number(field[1]), ticks: field.slice(11, 15).reduce((sum, t) => sum + Number(t), 0) })
    } catch {
      // it has ended meanwhile; its parent has its time
    }
  }
  return all
}

// CPU time in us that the processes and all below them have used: { name: pid } -> { name: us }
export function cpuTimes(roots) {
  const all = processes()
  const under = (pid, root) => {
    for (; pid > 1; pid = all.get(pid)?.parent ?? 0) if (pid === root) return true
    return false
  }
  return Object.fromEntries(Object.entries(roots).map(([name, root]) => {
    const ticks = [...all].filter(([pid]) => under(pid, root)).reduce((sum, [, p]) => sum + p.ticks, 0)
    return [name, ticks * TICK_US]
  }))
}

// Runs act; its result, and the CPU time that each of the trees used meanwhile.
export async function withCpu(roots, act) {
  const before = cpuTimes(roots)
  const result = await act()
  const after = cpuTimes(roots)
  return { result, used: Object.fromEntries(Object.keys(roots).map(name => [name, after[name] - before[name]])) }
}

export function table(title, head, rows) {
  const text = [head, ...rows].map(row => row.map(cell => (cell === null || cell === undefined ? '-' : String(cell))))
  const width = head.map((_, i) => Math.max(...text.map(row => row[i].length)))
  note(`\n${title}`)
  for (const row of text) note(`  ${row.map((cell, i) => (i ? cell.padStart(width[i]) : cell.padEnd(width[i]))).join('  ')}`)
}

const file = (path, pattern) => {
  try {
    return readFileSync(path, 'utf8').match(pattern)?.[1]?.trim()
  } catch {
    return undefined
  }
}

// The machine that the numbers are of, and how busy it is with other things.
export const machine = () => ({
  bench: 'machine', cpu: cpus()[0].model, cores: cpus().length, kernel: file('/proc/version', /version (\S+)/),
  memory_gb: round(Number(file('/proc/meminfo', /MemTotal:\s+(\d+)/)) / 1e6), node: process.version,
  load: file('/proc/loadavg', /^(\S+ \S+ \S+)/), at: new Date().toISOString(),
})
