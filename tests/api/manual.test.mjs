// The man page, the completion and --help are made of one table of commands, and say the same.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { promisify } from 'node:util'

const exec = promisify(execFile)
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PATCHWORK_')))
const run = async (...words) => (await exec('build/san/patchwork', ['--config', '/dev/null', ...words], { env })).stdout

// name -> args and what it does, as help prints them
const table = async () => new Map([...(await run('help')).matchAll(/^ {2}(\S.*)\n {6}(.*)$/gm)].map(([, usage, doc]) => {
  const words = usage.split(' ')
  const n = words.findIndex(w => !/^[a-z]+$/.test(w))
  return [words.slice(0, n < 0 ? words.length : n).join(' '), { usage, doc }]
}))
const optionsOf = usage => [...usage.matchAll(/--[a-z-]+/g)].map(m => m[0]).sort()

test('docs/patchwork.1 and conf/completion/patchwork are what the table makes of them', async () => {
  assert.equal(readFileSync('docs/patchwork.1', 'utf8'), await run('manual'), 'run make docs-manual')
  assert.equal(readFileSync('conf/completion/patchwork', 'utf8'), await run('completion'), 'run make docs-manual')
})

test('the man page is set without a warning and names each command with its options', async () => {
  const { stdout, stderr } = await exec('groff', ['-man', '-ww', '-Tascii', '-P-cbou', '-rLL=200n', 'docs/patchwork.1'])
  assert.equal(stderr, '')
  const page = stdout.replace(/\s+/g, ' ')
  for (const [name, { usage, doc }] of await table()) {
    assert.ok(page.includes(` ${usage} `), usage)
    assert.ok(page.includes(doc.replace(/\s+/g, ' ')), `${name}: ${doc}`)
  }
  for (const section of ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'COMMANDS', 'EXIT STATUS', 'ENVIRONMENT', 'FILES', 'EXAMPLES'])
    assert.match(stdout, new RegExp(`^${section}$`, 'm'))
})

test('both programs say the version that the build has, which the man page names', async () => {
  const [, version] = readFileSync('GNUmakefile', 'utf8').match(/^VERSION := (\d+\.\d+\.\d+)$/m)
  assert.equal(await run('--version'), `patchwork ${version}\n`)
  assert.equal((await exec('build/san/patchwork-api', ['--version'], { env })).stdout, `patchwork-api ${version}\n`)
  assert.ok(readFileSync('docs/patchwork.1', 'utf8').includes(`"Patchwork ${version}"`))
})

test('each command has its --help, without a database', async () => {
  const rows = await table()
  assert.ok(rows.size > 30)
  for (const [name, { usage, doc }] of rows) {
    const text = await run(...name.split(' '), '--help')
    assert.ok(text.includes(`  ${usage}\n      ${doc}\n`), name)
  }
})

// What bash offers when the last of the words is being typed.
const complete = async (...words) => {
  const script = `source conf/completion/patchwork; COMP_WORDS=("$@"); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _patchwork; printf '%s\\n' "\${COMPREPLY[@]}"`
  return (await exec('bash', ['-c', script, 'bash', 'patchwork', ...words])).stdout.split('\n').filter(Boolean)
}
const ALWAYS = ['--config', '--dry-run', '--help', '--json', '--version']

test('completion offers each word of each command, and each of its options', async () => {
  const rows = await table()
  assert.deepEqual(await complete(''), [...new Set([...rows.keys()].map(n => n.split(' ')[0]))].sort())
  assert.deepEqual(await complete('jobs', 're'), ['replay', 'retry'])
  assert.deepEqual(await complete('--json', 'jobs', 'replay', 'st'), ['status', 'stop'])
  for (const [name, { usage }] of rows)
    assert.deepEqual(await complete(...name.split(' '), '--'), [...new Set([...optionsOf(usage), ...ALWAYS])].sort(), name)
  assert.deepEqual(await complete('jobs', 'list', '--stage', 'pay', '--s'), ['--since', '--state'], 'what was given is not offered again')
  assert.deepEqual(await complete('--config', 'docs/patchwork'), ['docs/patchwork.1'])
})
