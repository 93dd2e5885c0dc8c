// What the release before this one relies on in the database, as recorded in tests/upgrade/previous.sql.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../replay/points.mjs'

const RECORD = readFileSync(join(ROOT, 'tests/upgrade/previous.sql'), 'utf8')

export const release = RECORD.match(/^-- release: ([0-9a-f]{40})/)[1]

// Its migrations: a released one never changes, so the files are those of this release.
export const migrations = [...RECORD.matchAll(/^-- migration: ([0-9a-f]{64}) (migrations\/(\d{4})_(\w+)\.sql)$/gm)].map(([, sha256, file, number, name]) =>
  ({ sha256, file, number: Number(number), name, text: readFileSync(join(ROOT, file), 'utf8') }))
export const hash = text => createHash('sha256').update(text).digest('hex')

// The text of a file in sql/ -> { roles, inputs: [type], text }
export const statement = file => {
  const lines = file.split('\n')
  const body = lines.findIndex(l => l !== '' && !l.startsWith('--'))
  const head = lines.slice(0, body)
  return {
    roles: head.flatMap(l => l.match(/^-- role +(.+)/)?.[1].trim().split(/\s+/) ?? []),
    inputs: head.map(l => l.match(/^-- in +\w+ +([\w\[\]]+)/)?.[1]).filter(Boolean),
    text: lines.slice(body).join('\n').trim().replace(/;$/, ''),
  }
}

// file -> statement
export const statements = new Map(RECORD.split(/^-- statement: /m).slice(1).map(part => {
  const [file] = part.split('\n', 1)
  return [file, statement(part.slice(file.length + 1))]
}))

// The schema as the release before left it; the text of one session of psql.
export const schema = () => ['set role patchwork_owner; create schema core;',
  `create table core.migration (number int4 primary key, name text not null, sha256 bytea not null, applied_at timestamptz not null default now());`,
  ...migrations.map(m => `begin; ${m.text}
    insert into core.migration (number, name, sha256) values (${m.number}, '${m.name}', decode('${m.sha256}', 'hex')); commit;`)].join('\n')
