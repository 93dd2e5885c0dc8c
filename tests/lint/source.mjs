// What the checks of docs/ read out of the sources: error codes, topics, configuration keys, log events.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

export const files = (folder, pattern) => readdirSync(folder, { withFileTypes: true }).flatMap(e =>
  e.isDirectory() ? files(join(folder, e.name), pattern) : pattern.test(e.name) ? [join(folder, e.name)] : []).sort()
export const read = path => readFileSync(path, 'utf8')
export const exists = path => { try { return statSync(path) } catch { return null } }

const CODE = /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/

// Every string literal of a source with the calls around it, innermost last, and the three tokens before it.
const literals = (text, { comments, quote }) => {
  const token = new RegExp(`${comments}|${quote === '"' ? '"((?:[^"\\\\]|\\\\.)*)"|\'(?:[^\'\\\\]|\\\\.)+\'' : '\'((?:[^\']|\'\')*)\'|"[^"]*"'}|[A-Za-z_][\\w.]*|\\S`, 'gs')
  const found = [], calls = []
  let before = []
  for (const m of text.matchAll(token)) {
    const t = m[0]
    if (m[1] !== undefined) found.push({ text: m[1], calls: [...calls], before: before.join(' '), at: m.index, end: m.index + t.length })
    else if (t === '(') calls.push({ name: before.at(-1) ?? '', at: m.index })
    else if (t === ')') calls.pop()
    if (!/^(\/\*|\/\/|--)/.test(t)) before = [...before.slice(-2), t]
  }
  return found
}
const c = text => literals(text.replace(/^[ \t]*#include.*$/gm, ''), { comments: '/\\*.*?\\*/|//[^\\n]*', quote: '"' })
const sql = text => literals(text.replace(/--[^\n]*/g, ''), { comments: '--[^\\n]*', quote: "'" })
const inside = (literal, names) => literal.calls.some(call => names.test(call.name))

const C_SOURCES = () => ['pipeline', 'stages', 'api'].flatMap(f => files(f, /\.c$/))
const SQL_SOURCES = () => [...files('sql', /\.sql$/), ...files('migrations', /\.sql$/)]
export const CONF = { 'conf/patchwork.conf': 'stages/conf.c', 'conf/patchwork-api.conf': 'api/conf.c' }

// Words with a dot that are no error codes, by where they stand.
const LOG = /^log_(event|failure)$/
const c_is_other = (file, literal) => inside(literal, LOG) || inside(literal, /^(FAULT|fault_point|runner_point|progress_effect|json_get\w*|KEY|OTHER|bench_line)$/) ||
  /(\.(action|may_want|from|kind|name) =|file ==)$/.test(literal.before.replace(/\s+/g, ' ').replace('. ', '.')) || /x402_verdict/.test(file) ||
  /^(payload|public|bench)\.|^queue\.(drain|backlog)$|\.html$/.test(literal.text)
const sql_is_other = literal => inside(literal, /^(audit\.\w+|q\.emit|q\.enqueue|q\.audit|q\.schedule_audit|nextval|currval|hashtext\w*|set_config|current_setting|setval|to_regclass|pg_notify)$/) ||
  literal.text === 'jobs.pay' || exists(`sql/${literal.text.replace('.', '/')}.sql`) !== null // that a signature names

const add = (map, key, where) => map.set(key, [...(map.get(key) ?? []), where])

export const codes = () => {
  const found = new Map()
  for (const file of C_SOURCES()) {
    const text = read(file)
    for (const literal of c(text)) {
      if (CODE.test(literal.text) && !c_is_other(file, literal)) add(found, literal.text, file)
      if (inside(literal, /^fetch_refused$/)) // it makes the code out of the area
        for (const word of ['busy', 'refused', 'server']) add(found, `${literal.text}.${word}`, file)
    }
  }
  for (const file of SQL_SOURCES()) {
    const text = read(file).replace(/--[^\n]*/g, '')
    for (const [, code] of text.matchAll(/\b(?:constraint|index) "([^"]+)"/g)) add(found, code, file)
    for (const literal of sql(text)) if (CODE.test(literal.text) && !sql_is_other(literal)) add(found, literal.text, file)
  }
  for (const file of ROUTES()) for (const noun of missing_nouns(file)) add(found, `${noun}.not_found`, file)
  return found
}

const ROUTES = () => files('api', /^routes_\w+\.c$/)
// A path that names nothing is refused as NOUN.not_found, the noun being that of the route's statement.
const missing_nouns = file => {
  const entries = read(file).split(/^\t(?=\{ (?:READ|WRITE|REMOVE)\()/m).filter(e => !/ACCESS_HOOK/.test(e)) // 401, whatever is not there
  const routes = entries.map(e => e.match(/^\{ (?:READ|WRITE|REMOVE)\(\s*"[^"]*\{[^"]*",\s*"[^"]*",\s*(\w+)/)?.[1]).filter(Boolean)
  const nouns = readdirSync('sql', { withFileTypes: true }).filter(e => e.isDirectory()).map(e => e.name)
  return [...new Set(routes.map(r => nouns.find(n => exists(`sql/${n}/${r.slice(n.length + 1)}.sql`) && r.startsWith(`${n}_`))))]
}

// What the tests say, of a pattern's escapes bared. Recorded rows and the lints provoke nothing.
export const tests = () => files('tests', /\.(c|h|mjs|sql)$/).filter(f => !/\/node_modules\/|^tests\/(lint|upgrade)\//.test(f))
  .map(f => read(f).replaceAll('\\', '')).join('\n')

// code -> status, of the API's own table
export const statuses = () => new Map(!exists('api/problem.c') ? [] :
  [...read('api/problem.c').matchAll(/\{ "([a-z_.]+)", (\d{3}),/g)].map(m => [m[1], Number(m[2])]))

// code -> kinds, where the call that sets it says so in so many words
export const kinds = () => {
  const found = new Map()
  const note = (code, kind) => found.set(code, (found.get(code) ?? new Set()).add(kind))
  for (const file of C_SOURCES()) {
    const text = read(file)
    for (const literal of c(text)) {
      const call = literal.calls.at(-1)
      if (!CODE.test(literal.text) || c_is_other(file, literal) || !/^err_(set|snooze|retry_after)$/.test(call?.name)) continue
      const kind = text.replace(/^[ \t]*#include.*$/gm, '').slice(call.at, literal.at).match(/ERR_(INVALID|RETRY|UNCERTAIN|BUG)\b(?=\s*,\s*$)/)
      if (call.name === 'err_snooze') note(literal.text, 'wait')
      else if (call.name === 'err_retry_after') note(literal.text, 'retry')
      else if (kind) note(literal.text, kind[1].toLowerCase())
    }
  }
  return found
}

// topic -> Set of the body's members
export const topics = () => {
  const found = new Map()
  for (const file of [...files('sql', /\.sql$/), ...files('migrations', /\.sql$/)]) {
    const text = read(file).replace(/--[^\n]*/g, '')
    for (const m of text.matchAll(/q\.emit\(\s*'([^']+)'/g)) found.set(m[1], new Set([...(found.get(m[1]) ?? []), ...members(text, m.index)]))
  }
  return found
}

// The names in the first jsonb_build_object(name, value, ...) after `at`.
const members = (text, at) => {
  const names = []
  let depth = 0, part = '', argument = 0
  for (let i = text.indexOf('jsonb_build_object(', at) + 'jsonb_build_object('.length; ; i++) {
    const end = depth === 0 && text[i] === ')'
    if (depth === 0 && (text[i] === ',' || end)) {
      if (argument++ % 2 === 0) names.push(part.trim().replaceAll("'", ''))
      part = ''
      if (end) return names
      continue
    }
    depth += (text[i] === '(') - (text[i] === ')')
    part += text[i]
  }
}

// The fields of a configuration table: [{ key, initial, doc, secret }], initial null without a default
export const keys = file => {
  const text = read(file), prefix = text.match(/"([a-z]+\.)" key/)?.[1] ?? ''
  return [...text.matchAll(/^\t(KEY|OTHER)\(FIELD_(\w+), \w+, "([^"]+)"(.*?)\),$/gms)].map(([, macro, type, name, rest]) => ({
    key: (macro === 'KEY' ? prefix : '') + name,
    secret: type === 'SECRET',
    initial: rest.match(/\.initial = "([^"]*)"/)?.[1] ?? null,
    doc: (rest.match(/\.doc = ((?:"(?:[^"\\]|\\.)*"\s*)+)/)?.[1] ?? '').replace(/"\s*"/g, '').trim().slice(1, -1),
  }))
}

export const log_events = () => {
  const found = new Map()
  for (const file of C_SOURCES().filter(f => !/\/bench/.test(f)))
    for (const literal of c(read(file))) if (CODE.test(literal.text) && inside(literal, LOG)) add(found, literal.text, file)
  return found
}

// name -> files: every metric that a process prints
export const metrics = () => {
  const found = new Map()
  for (const file of C_SOURCES())
    for (const literal of c(read(file)))
      if (/^patchwork_[a-z_]+$/.test(literal.text) && (inside(literal, /^(COUNTER|GAUGE|put_\w+)$/) || /\.\s*name =$/.test(literal.before))) add(found, literal.text, file)
  return found
}
