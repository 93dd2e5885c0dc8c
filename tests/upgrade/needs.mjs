// What statements ask of the columns of tables, by PostgreSQL's own account: it tells of each statement that it has analysed which
// columns are read, inserted and updated, by whose right, and which functions are called (debug_print_rewritten).
import { execFileSync } from 'node:child_process'

const RIGHTS = [[1, 'INSERT', 'inserted'], [2, 'SELECT', 'selected'], [4, 'UPDATE', 'updated'], [8, 'DELETE']]
const EVENTS = { INSERT: 4, DELETE: 8, UPDATE: 16 } // bits of pg_trigger.tgtype
const NODE = new RegExp(':relid (\\d+) |:requiredPerms (\\d+) :checkAsUser (\\d+)' +
  ['selected', 'inserted', 'updated'].map(way => ` :${way}Cols \\(b([ \\d]*)\\)`).join('') + '|:funcid (\\d+) ', 'g')
const SCHEMAS = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`
const bits = text => text.trim().split(/\s+/).filter(Boolean).map(Number)

// Functions in PL/pgSQL are analysed when they run, branch by branch: what those that name tables ask of them stands here, and the test holds
// it against their text; so does what is put together as text. An empty list of columns: a lock, for which any will do.
const job = 'id queue kind key args priority root_id parent_id trace created_by project_id'
export const PLPGSQL = {
  'q.enqueue': {
    needs: {
      'q.job_key': { SELECT: 'queue key job_id', INSERT: 'queue key job_id' }, 'q.job': { SELECT: 'id root_id trace project_id', INSERT: job },
      'q.scheduled': { INSERT: 'run_at job_id queue prio' }, 'q.lane': { SELECT: 'queue lane', UPDATE: '' },
      'q.held': { INSERT: 'queue lane prio seq job_id' }, 'q.ready': { INSERT: 'queue prio job_id project_id' },
    },
  },
  'q.enqueue_many': {
    needs: {
      'q.job_key': { SELECT: 'queue key job_id', INSERT: 'queue key job_id' }, 'q.job': { SELECT: 'id root_id trace project_id', INSERT: job },
      'q.scheduled': { INSERT: 'run_at job_id queue prio' }, 'q.lane': { SELECT: 'queue lane', INSERT: 'queue lane', UPDATE: '' },
      'q.held': { INSERT: 'queue lane prio seq job_id' }, 'q.ready': { INSERT: 'queue prio job_id project_id' },
    },
  },
  'q.emit': { needs: { 'q.outbox': { SELECT: 'event topic key', INSERT: 'event topic key subject project_id body trace' } } },
  'q.history': { needs: { 'q.job': { SELECT: 'id' }, 'q.span': { SELECT: 'n' } } },
  'q.history_query': { needs: { 'q.job': { SELECT: '*' }, 'q.run': { SELECT: '*' }, 'q.worker': { SELECT: 'id name' } } },
  'core.bounty_move': {
    needs: {
      'core.bounty': { SELECT: 'id state version', UPDATE: 'state state_since version blocker' },
      'core.bounty_state_rule': { SELECT: 'from_state event to_state' },
      'core.bounty_event': { SELECT: 'bounty_id event to_state seq', INSERT: 'bounty_id seq event from_state to_state actor job_id data' },
    },
  },
  'core.project_account_refused': {
    needs: { 'core.ownership_check': { SELECT: 'project_id method state' }, 'core.project_account': { SELECT: 'project_id caip10 unlinked_at' } },
  },
  'audit.on_role': { needs: { 'audit.log': { SELECT: 'xid action detail' } } },
  'core.bounty_guard': { needs: { 'core.bounty_state_rule': { SELECT: 'from_state event to_state' } } },
}

// One tree or several -> { tables: [{ relid, right, columns: [bit] }], functions: Set of oids }; a view's own tables are its owner's matter.
const read = text => {
  const found = { tables: [], functions: new Set() }
  let relid
  for (const [, table, perms, owner, selected, inserted, updated, func] of text.replace(/\s+/g, ' ').matchAll(NODE)) {
    if (table !== undefined) relid = Number(table)
    else if (func !== undefined) found.functions.add(Number(func))
    else if (owner === '0')
      for (const [bit, right, way] of RIGHTS)
        if (Number(perms) & bit) found.tables.push({ relid, right, columns: bits({ selected, inserted, updated }[way] ?? '') })
  }
  return found
}

export class Needs {
  constructor(stack) { // with psql's socket and port
    const argv = ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-h', stack.socket, '-p', stack.port('postgres'), '-U', 'postgres', '-d', 'patchwork']
    this.psql = input => execFileSync('bash', ['-c', 'psql "$@" 2>&1', 'bash', ...argv], { input, encoding: 'utf8', maxBuffer: 2 ** 29 })
    const rows = text => this.psql(`${text};`).trim().split('\n').filter(Boolean).map(line => line.split('|'))
    this.tables = new Map(rows(`select c.oid, n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${SCHEMAS}`).map(([oid, name]) => [Number(oid), { name, columns: new Map(), triggers: [] }]))
    for (const [relid, number, name] of rows('select attrelid, attnum, attname from pg_attribute where not attisdropped'))
      this.tables.get(Number(relid))?.columns.set(Number(number), name)
    for (const [relid, type, func] of rows('select tgrelid, tgtype, tgfoid from pg_trigger where not tgisinternal'))
      this.tables.get(Number(relid)).triggers.push({ type: Number(type), func: Number(func) })
    this.functions = new Map(rows(`select p.oid, n.nspname || '.' || p.proname, l.lanname, p.prosecdef, translate(p.prosrc, E'\\n|', '  ') from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang where p.prokind in ('f', 'p') and ${SCHEMAS}`)
      .map(([oid, name, language, definer, source]) => [Number(oid), { name, language, definer: definer === 't', source }]))
    const [one] = this.analysed([['calibration', 'prepare calibration as select relname from pg_class']]).values()
    this.first = one.tables[0].columns[0] - 2 // relname is the second column
    const bodies = [...this.functions].filter(([, f]) => f.language === 'sql' && !f.definer)
    for (const [oid, found] of this.analysed(bodies.map(([oid]) => [oid, `begin; select pg_get_functiondef(${oid}) \\gexec\nrollback`])))
      this.functions.get(oid).body = found
  }

  // [[key, SQL]] -> key -> what was read
  analysed(texts) {
    const script = texts.map(([, text], i) => `\\echo @@@${i}\n${text};\n`).join('')
    const parts = this.psql(`set client_min_messages = log; set debug_pretty_print = off; set debug_print_rewritten = on;\n${script}`)
      .split(/^@@@\d+$/m).slice(1)
    return new Map(texts.map(([key], i) => [key, read(parts[i])]))
  }

  // statements: file -> { inputs, text }. -> { columns: Set of "RIGHT schema.table.column", any: Set of "RIGHT schema.table" where one column
  // will do, reached: functions that run by the same right and name a table, and were not analysed }
  of(statements) {
    this.columns = new Set()
    this.any = new Set()
    this.reached = new Set()
    const texts = [...statements].map(([file, { inputs, text }]) => [file,
      `prepare checked${inputs.length ? ` (${inputs.map(t => t.replace('numeric_s', 'numeric')).join(', ')})` : ''} as ${text};\ndeallocate checked`])
    for (const found of this.analysed(texts).values()) this.take(found)
    return { columns: this.columns, any: this.any,
      reached: [...this.reached].map(oid => this.functions.get(oid)).filter(f => !f.body?.tables.length && this.names(f.source)).map(f => f.name) }
  }

  take({ tables, functions }) {
    for (const { relid, right, columns } of tables) {
      const table = this.tables.get(relid)
      if (table === undefined) continue // a catalog
      this.ask(table, right, columns.flatMap(bit => bit === this.first ? this.all(table) : [table.columns.get(bit - this.first)]))
    }
    for (const oid of functions) this.call(oid)
  }

  all = table => [...table.columns].filter(([number]) => number > 0).map(([, name]) => name)

  ask(table, right, names) {
    if (right === 'DELETE') this.columns.add(`DELETE ${table.name}`)
    else if (names.length === 0) this.any.add(`${right} ${table.name}`)
    for (const name of names) this.columns.add(`${right} ${table.name}.${name}`)
    for (const { type, func } of table.triggers) if (type & (EVENTS[right] ?? 0)) this.call(func)
  }

  call(oid) {
    const f = this.functions.get(oid)
    if (f === undefined || f.definer || this.reached.has(oid)) return
    this.reached.add(oid)
    if (f.body !== undefined) this.take(f.body)
    for (const [name, rights] of Object.entries(PLPGSQL[f.name]?.needs ?? {})) {
      const table = [...this.tables.values()].find(t => t.name === name)
      for (const [right, columns] of Object.entries(rights))
        this.ask(table, right, columns === '*' ? this.all(table) : columns.split(' ').filter(Boolean))
    }
    if (f.body === undefined) for (const [id, g] of this.functions) if (f.source.includes(`${g.name}(`)) this.call(id)
  }

  source = name => [...this.functions.values()].filter(f => f.name === name).map(f => f.source).join()
  names = source => [...this.tables.values()].some(t => new RegExp(`\\b${t.name}\\b`).test(source))

  // What a role may do: as columns and any above, of every table there is.
  held(role) {
    return this.psql(`select right_ || ' ' || n.nspname || '.' || c.relname || '.' || a.attname
        from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and not a.attisdropped,
          unnest(array['SELECT', 'INSERT', 'UPDATE']) right_
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${SCHEMAS} and a.attnum > 0 and has_column_privilege('${role}', c.oid, a.attnum, right_)
      union all select right_ || ' ' || n.nspname || '.' || c.relname
        from pg_class c join pg_namespace n on n.oid = c.relnamespace, unnest(array['DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) right_
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and ${SCHEMAS} and has_table_privilege('${role}', c.oid, right_);`).trim().split('\n')
  }
}
