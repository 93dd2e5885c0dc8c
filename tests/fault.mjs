#!/usr/bin/env node
// fault.mjs [ROW]: runs the tests that have ROW in their names (F8, I7, A2 ...) and no others; without ROW it lists the rows and
// their tests. A row is a word of a node:test title ("F8: ...", also in a table of them), of a cmocka group's name ("F8 order"), or what a
// cmocka test's name begins with (f8_..., f16_o1_...). PATCHWORK_SEED plays what a test printed once more.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'

const FAULTS = 48
const BUILD = process.env.BUILD ?? 'build'

const files = (folder, end) => readdirSync(folder, { withFileTypes: true }).flatMap(e =>
  e.isDirectory() ? (e.name === 'node_modules' ? [] : files(join(folder, e.name), end)) : e.name.endsWith(end) ? [join(folder, e.name)] : [])

const ids = text => text.match(/\b[A-Z][0-9]{1,2}\b/g) ?? []

// -> [{ file, title, rows, group }]
function nodeTests(file) {
  const calls = readFileSync(file, 'utf8').matchAll(/(?:\b(?:test|it|describe)\(\s*|(?=['"`][A-Z][0-9]{1,2}[:,] ))(['"`])((?:\\.|(?!\1)[^\\\n])*)\1/g)
  return [...calls].map(([, , title]) => ({ file, title: title.replaceAll('\\', ''), rows: ids(title) }))
}
function cmockaTests(file) {
  const text = readFileSync(file, 'utf8')
  const group = text.match(/group_tests_name\("([^"]*)"/)?.[1] ?? ''
  const named = [...text.matchAll(/^static void (((?:[A-Za-z][0-9]{1,2}_)+)\w+)\(void \*\*/gm)].map(([, title, rows]) =>
    ({ file, title, rows: rows.toUpperCase().split('_').slice(0, -1) }))
  return ids(group).length ? [...named, { file, title: group, rows: ids(group), group: true }] : named
}
const all = ['tests/api', 'tests/replay', 'tests/metrics', 'tests/demo'].flatMap(f => files(f, '.test.mjs')).flatMap(nodeTests)
  .concat(files('tests/unit', '.c').concat(files('tests/db', '_test.c')).flatMap(cmockaTests))

function list() {
  const rows = [...Array(FAULTS).keys()].map(n => `F${n + 1}`)
  for (const row of rows) {
    const found = all.filter(t => t.rows.includes(row))
    console.log(`${row.padEnd(4)} ${found.length ? found.map(t => `${t.file}: ${t.title}`).join('\n     ') : '-'}`)
  }
}

function runNode(file, row) {
  const dir = mkdtempSync(join(tmpdir(), 'patchwork-fault-'))
  const { status } = spawnSync('node', ['--test', `--test-name-pattern=/\\b${row}\\b/`, '--test-reporter=spec', '--test-reporter-destination=stdout',
    '--test-reporter=tap', `--test-reporter-destination=${dir}/tap`, file], { stdio: 'inherit' })
  const lines = readFileSync(`${dir}/tap`, 'utf8').split('\n').filter(l => !/# (SKIP|TODO)/.test(l))
  rmSync(dir, { recursive: true })
  const count = start => lines.filter(l => new RegExp(`^\\s*${start} \\d+ - .*\\b${row}\\b`).test(l)).length
  return { passed: count('ok'), failed: Math.max(count('not ok'), status === 0 ? 0 : 1) }
}

// A whole group, or those of its tests that are the row's.
function runCmocka(file, tests, row) {
  const whole = tests.some(t => t.group)
  const [word] = tests[0].title.match(new RegExp(`${row}_`, 'i')) ?? []
  const first = tests.every(t => t.title.startsWith(word))
  const name = basename(file, '.c')
  const command = file.startsWith('tests/db/') ? ['tests/db/cluster.sh', `${BUILD}/tests/db/${name}`] : [`${BUILD}/tests/unit/${name}`]
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), {
    encoding: 'utf8', maxBuffer: 1 << 26,
    env: { ...process.env, CMOCKA_MESSAGE_OUTPUT: 'TAP', ...whole ? {} : { PATCHWORK_TEST_FILTER: `${first ? '' : '*'}${word}*` } },
  })
  process.stdout.write(stdout + stderr)
  const count = start => stdout.match(new RegExp(`^${start} \\d+(?!.*# SKIP)`, 'gm'))?.length ?? 0
  return { passed: count('ok'), failed: Math.max(count('not ok'), status === 0 ? 0 : 1) }
}

function run(row) {
  const mine = all.filter(t => t.rows.includes(row))
  const sum = { passed: 0, failed: 0 }
  for (const file of new Set(mine.map(t => t.file))) {
    console.log(`# ${file}`)
    const { passed, failed } = file.endsWith('.c') ? runCmocka(file, mine.filter(t => t.file === file), row) : runNode(file, row)
    sum.passed += passed
    sum.failed += failed
  }
  if (!mine.length) console.log(`no test is named for ${row}`)
  console.log(`${sum.passed} passed, ${sum.failed} failed`)
  process.exitCode = sum.failed || !sum.passed ? 1 : 0
}

const row = process.argv[2]
row ? run(row) : list()
