#!/usr/bin/env node
// docs.mjs [--write]: compares docs/ and conf/*.conf with the sources. Each check is one line of TAP.
// --write first rewrites what is made of the configuration tables: conf/*.conf and the tables of docs/operating.md.
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CONF, codes, exists, files, keys, kinds, log_events, metrics, read, statuses, tests, topics } from './source.mjs'

const PAGES = ['README.md', ...files('docs', /\.md$/)]
const KINDS = ['invalid', 'retry', 'wait', 'uncertain', 'bug', 'decided', 'ignored']
let number = 0, failed = 0
const check = (what, wrong) => {
  failed += wrong.length > 0
  console.log(`${wrong.length ? 'not ok' : 'ok'} ${++number} - ${what}`)
  for (const line of wrong) console.log(`#   ${line}`)
}
const both = (documented, found, page) => [
  ...[...found.keys()].filter(k => !documented.has(k)).map(k => `${k} is not in ${page}: ${[...found.get(k)].slice(0, 3).join(' ')}`),
  ...[...documented.keys()].filter(k => !found.has(k)).map(k => `${k} is in ${page} alone`),
]
// heading -> what stands below it, of the ### headings that are words with a dot
const sections = page => new Map(read(page).split(/^### /m).slice(1).map(text => [text.split('\n')[0], text.split('\n').slice(1).join('\n').split(/^## /m)[0]])
  .filter(([name]) => /^[a-z_0-9]+\.[a-z_0-9]+$/.test(name)))

// errors.md ---------------------------------------------------------------------------------------------------------
const entries = sections('docs/errors.md'), found = codes()
const entry = text => text.trim().match(/^(?:HTTP (\d{3}), )?(\w+(?: or \w+)*)\.\s(.+)\sNext:\s(.+)$/s)
const wrong_kind = ([code, said]) => {
  const e = entry(entries.get(code) ?? '')
  const listed = e?.[2].split(' or ') ?? []
  return [...said].some(kind => !listed.includes(kind)) && `${code}: the sources say ${[...said].join(' or ')}, not ${e?.[2]}`
}
check('each error code has a heading in errors.md and each heading is in the sources', both(entries, found, 'docs/errors.md'))
check('each entry says kind, what happened and what to do next', [...entries].filter(([, text]) => {
  const e = entry(text)
  return !e || e[2].split(' or ').some(kind => !KINDS.includes(kind))
}).map(([code]) => code))
// A reader's refusal is its caller's answer: of a policy file, sync.policy's.
const ANSWERED = /^policy\./
check('kinds are those of the sources', [...kinds()].filter(([code]) => !ANSWERED.test(code)).map(wrong_kind).filter(Boolean))
check('statuses are those of the API', [...statuses()].filter(([code, status]) => Number(entry(entries.get(code) ?? '')?.[1]) !== status)
  .map(([code, status]) => `${code} is answered with ${status}`))

// A code that no test names, and why none can.
const UNTESTED = new Map([
])
const tested = tests()
const named = code => new RegExp(`(?<![\\w.])${code.replace('.', '\\.')}(?![\\w])`).test(tested)
check('each error code is named by a test', [
  ...[...found.keys()].filter(code => !UNTESTED.has(code) && !named(code)).map(code => `${code} is in no test: ${found.get(code)[0]}`),
  ...[...UNTESTED.keys()].filter(code => !found.has(code) || named(code)).map(code => `${code} needs no reason any more`),
])

// events.md ---------------------------------------------------------------------------------------------------------
const events = sections('docs/events.md'), emitted = topics()
const listed = text => new Set([...text.matchAll(/^\| `(\w+)` \|/gm)].map(m => m[1]))
check('each topic has a heading in events.md and each heading is emitted', both(events, emitted, 'docs/events.md'))
check('each body member is listed', [...emitted].flatMap(([topic, members]) =>
  both(listed(events.get(topic) ?? ''), new Map([...members].map(m => [m, ['sql']])), 'docs/events.md').map(line => `${topic}: ${line}`)))

// configuration -----------------------------------------------------------------------------------------------------
const cell = text => text.replaceAll('|', '\\|')
const table = source => ['| key | default | |', '|---|---|---|', ...keys(source).map(k =>
  `| \`${k.key}\` | ${k.secret ? 'secret' : k.initial === null ? '' : `\`${cell(k.initial)}\``} | ${cell(k.doc)} |`)].join('\n')
const example = (path, source) => [
  `# ${path}: every key with its default. Remove the # before a key to set it. Made of ${source} by make docs-write.`,
  '# The environment goes before this file: a.b_c is PATCHWORK_A_B_C. A secret may be named by its file: key_file = PATH.',
  ...keys(source).flatMap(k => ['', `# ${k.doc}`, k.secret ? `#${k.key}_file =` : `#${k.key} =${k.initial === null ? '' : ` ${k.initial}`}`]), ''].join('\n')
const between = source => new RegExp(`(<!-- keys of ${source} -->\n)[^]*?(<!-- end -->)`)

if (process.argv.includes('--write')) {
  let page = read('docs/operating.md')
  for (const [path, source] of Object.entries(CONF)) {
    writeFileSync(path, example(path, source))
    page = page.replace(between(source), (_, a, b) => `${a}${table(source)}\n${b}`)
  }
  writeFileSync('docs/operating.md', page)
}
check('each key says what it is for', Object.values(CONF).flatMap(source => keys(source).filter(k => !k.doc.trim()).map(k => `${source}: ${k.key} has no .doc`)))
for (const [path, source] of Object.entries(CONF)) {
  const page = read('docs/operating.md').match(between(source))?.[0] ?? ''
  check(`operating.md lists the keys of ${source}`, page.includes(table(source)) ? [] : ['run make docs-write'])
  check(`${path} has the keys of ${source}`, exists(path) && read(path) === example(path, source) ? [] : ['run make docs-write'])
}
// A unit's Environment= and LoadCredential= must reach a key of its program; a credential that no key names is never read.
const unit_errors = path => {
  const text = read(path), source = /patchwork-api /.test(text) ? 'api/conf.c' : 'stages/conf.c'
  const known = new Set(keys(source).flatMap(k => [k.key, ...(k.secret ? [`${k.key}_file`] : [])]).map(k => `PATCHWORK_${k.toUpperCase().replaceAll('.', '_')}`))
  return [
    ...[...text.matchAll(/^Environment=(\w+)=/gm)].filter(([, name]) => !known.has(name)).map(([, name]) => `${path}: ${name} is no key of ${source}`),
    ...[...text.matchAll(/^LoadCredential=([^:]+):/gm)].filter(([, id]) => !new RegExp(`=%d/${id}(_|$)`, 'm').test(text)).map(([, id]) => `${path}: nothing reads ${id}`),
  ]
}
check('units set keys that their programs know', files('conf/systemd', /\.service$/).flatMap(unit_errors))
check('operating.md names each log event', [...log_events()].filter(([event]) => !read('docs/operating.md').includes(`\`${event}\``))
  .map(([event, where]) => `${event}: ${where[0]}`))

// metrics and their alerts ------------------------------------------------------------------------------------------
const listed_metrics = new Map([...(read('docs/operating.md').match(/<!-- metrics -->[^]*?<!-- end -->/)?.[0] ?? '').matchAll(/^\| `(\w+)(?:\{[\w,]+\})?` \|/gm)].map(m => [m[1], m[0]]))
check('operating.md lists each metric and each listed one is in the sources', both(listed_metrics, metrics(), 'docs/operating.md'))
const RULES = 'conf/prometheus/patchwork.rules.yml'
const rule_errors = () => {
  const text = read(RULES), names = [...text.matchAll(/- alert: (\w+)/g)].map(m => m[1])
  const used = [...text.matchAll(/\bpatchwork_[a-z_]+\b/g)].map(m => m[0])
  return [
    ...names.filter(n => !anchors('docs/operating.md').includes(n.toLowerCase())).map(n => `${n} has no heading in docs/operating.md`),
    ...[...text.matchAll(/^ +runbook: (.*)$/gm)].filter(([, link], i) => link !== `docs/operating.md#${names[i].toLowerCase()}`).map(([, link]) => `runbook ${link}`),
    ...used.filter(n => !listed_metrics.has(n) && !listed_metrics.has(n.replace(/_(bucket|sum|count)$/, ''))).map(n => `${n} is no metric`),
    ...names.filter(n => !read('tests/metrics/rules.test.yml').includes(`alertname: ${n}\n`)).map(n => `${n} has no test in tests/metrics/rules.test.yml`),
  ]
}

// links -------------------------------------------------------------------------------------------------------------
const anchors = page => [...read(page).matchAll(/^#+ (.+)$/gm)].map(m => m[1].toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'))
const target = (page, link) => {
  const [path, anchor] = link.split('#')
  const file = path === '' ? page : join(dirname(page), path)
  return exists(file) !== null && (!anchor || anchors(file).includes(anchor))
}
check('each alert has a runbook, a test and metrics that are there', rule_errors())
check('relative links lead somewhere', PAGES.flatMap(page => [...read(page).replace(/^ {4}.*$/gm, '').matchAll(/\]\(([^)\s]+)\)/g)].map(m => m[1])
  .filter(link => !/^[a-z]+:/.test(link) && !target(page, link)).map(link => `${page}: ${link}`)))
// Files of this repository that a page names in running text.
check('files that pages name are there', PAGES.flatMap(page => [...read(page).matchAll(/\b(?:api|conf|docs|include|migrations|pipeline|sql|stages|tests)\/[\w/.-]*\.[a-z]+\b/g)]
  .map(m => m[0]).filter(path => !/\/[A-Z]+\//.test(path) && exists(path) === null).map(path => `${page}: ${path}`)))
// `make help` reads the same lines.
const targets = new Set(['GNUmakefile', ...files('conf/make', /\.mk$/)].flatMap(path => [...read(path).matchAll(/^([a-z][a-z-]*):.*## /gm)].map(m => m[1])))
check('targets that pages name are in make help', PAGES.flatMap(page => [...read(page).matchAll(/(?:`|^ {4})make ([a-z][a-z-]+)/gm)]
  .filter(([, target]) => !targets.has(target)).map(([, target]) => `${page}: make ${target}`)))

console.log(`1..${number}`)
process.exitCode = failed ? 1 : 0
