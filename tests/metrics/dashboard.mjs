#!/usr/bin/env node
// dashboard.mjs: checks conf/prometheus/dashboard.json: each expression is PromQL to promtool, and asks for metrics and labels that
// docs/operating.md lists; panels have their own place. Ends with "N passed, N failed".
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const board = JSON.parse(readFileSync('conf/prometheus/dashboard.json', 'utf8'))
const table = readFileSync('docs/operating.md', 'utf8').match(/<!-- metrics -->[^]*?<!-- end -->/)[0]
const listed = new Map([...table.matchAll(/^\| `(\w+)(?:\{([\w,]+)\})?` \|/gm)].map(m => [m[1], (m[2] ?? '').split(',').filter(Boolean)]))
const GIVEN = ['le', 'instance', 'job'] // by the format, and by Prometheus
const total = { passed: 0, failed: 0 }
const check = (what, problems) => {
  total[problems.length ? 'failed' : 'passed']++
  for (const p of problems) console.log(`FAILED ${what}: ${p}`)
}

const targets = board.panels.flatMap(p => p.targets.map(t => ({ panel: p.title, ...t })))
const metricOf = name => listed.get(name) ?? (/_(bucket|sum|count)$/.test(name) ? listed.get(name.replace(/_(bucket|sum|count)$/, '')) : undefined)

for (const { panel, expr, legendFormat } of targets) {
  const names = [...new Set([...expr.matchAll(/\bpatchwork_\w+/g)].map(m => m[0]))]
  const labels = [...expr.matchAll(/\bby \(([^)]*)\)|\{([^}]*)\}/g)].flatMap(([, by, match]) => by?.split(/, */) ?? [...match.matchAll(/(\w+)\s*[=!]/g)].map(m => m[1]))
  const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(m => m[1])
  const known = names.flatMap(n => metricOf(n) ?? [])
  const kept = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(m => m[1].split(/, */))
  check(panel, [
    ...(names.length ? [] : ['asks for no metric']),
    ...names.filter(n => !metricOf(n)).map(n => `${n} is no metric`),
    ...labels.filter(l => !known.includes(l) && !GIVEN.includes(l)).map(l => `${l} is no label of ${names}`),
    ...shown.filter(l => !kept.includes(l)).map(l => `its legend has ${l}, its answer has not`),
  ])
}

const dir = mkdtempSync(join(tmpdir(), 'patchwork-dashboard-'))
const rules = { groups: [{ name: 'dashboard', rules: targets.map(({ expr }, i) => ({ record: `dashboard:${i}`, expr })) }] }
writeFileSync(join(dir, 'rules.yml'), JSON.stringify(rules)) // YAML holds JSON
const said = spawnSync('promtool', ['check', 'rules', join(dir, 'rules.yml')], { encoding: 'utf8' })
rmSync(dir, { recursive: true })
check('promtool', said.status === 0 ? [] : [`${said.stdout}${said.stderr}`])

const places = board.panels.map(p => `${p.gridPos.x},${p.gridPos.y}`)
check('places', new Set(places).size === places.length && new Set(board.panels.map(p => p.id)).size === places.length ? [] : ['two panels have one'])
const asked = targets.map(t => t.expr).join(' ')
check('the core of it is shown', ['patchwork_queue_oldest_seconds', 'patchwork_github_budget_remaining', 'patchwork_chain_confirm_lag_seconds',
  'patchwork_jobs_total', 'patchwork_job_duration_seconds'].filter(n => !asked.includes(n)))
console.log(`${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed ? 1 : 0
