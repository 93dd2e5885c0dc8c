// One contribution after the other through the whole of Patchwork, with a chain that mines at once: from the merge's webhook,
// stored, to the payout, confirmed on chain. Times are the database's own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { play } from '../stack/scenario.mjs'
import { OUTSIDE, PROGRAMS } from '../stack/parts.mjs'
import { startStack } from '../stack/stack.mjs'
import { median, note, round, ROUNDS, say, summary, table } from './measure.mjs'

const STAGES = ['received', 'verified', 'proved', 'pinned', 'sent', 'paid']

// ms from the delivery of the merge to each of these
const TIMES = (guid, payout) => `
  select json_build_object('verified', ${after('v.created_at')}, 'proved', ${after('p.created_at')}, 'pinned', ${after('p.pinned_at')},
    'sent', ${after('(select max(sent_at) from ledger.tx_intent i where i.key = o.key)')}, 'paid', ${after('o.paid_at')})
  from ingest.delivery d, ledger.payout o
  join proof.proof p on p.submission_id = o.submission_id join proof.verdict v on v.id = p.verdict_id
  where d.guid = '${guid}' and o.id = '${payout}'`
const after = time => `extract(epoch from ${time} - d.received_at) * 1000`

export async function contribution() {
  const dir = mkdtempSync(join(tmpdir(), 'patchwork-bench-'))
  const stack = await startStack({ dir: join(dir, 'stack'), parts: [...OUTSIDE, ...PROGRAMS], programs: 'rel' })
  try {
    const lines = []
    for (let n = 0; n <= ROUNDS; n++) {
      const c = await play(stack.info)
      const times = JSON.parse(await stack.sql(TIMES(c.merge.merged_delivery, c.payout.id)))
      const line = { bench: 'contribution', round: n, ...Object.fromEntries(Object.entries(times).map(([k, v]) => [`${k}_ms`, round(v)])) }
      if (n === 0) continue // the first one finds cold caches and connections
      say(line)
      lines.push(line)
      note(`contribution ${n} of ${ROUNDS}: paid ${line.paid_ms} ms after its webhook`)
    }
    const fields = STAGES.slice(1).map(s => `${s}_ms`)
    const sum = { bench: 'contribution.median', rounds: ROUNDS, ...summary(lines, fields) }
    say(sum)
    table(`a contribution, ms after the merge's webhook was stored, median of ${ROUNDS}`, STAGES.slice(1), [fields.map(f => sum[f])])
    return [{ what: 'webhook stored to payout confirmed on chain, ms', measured: median(lines.map(l => l.paid_ms)) }]
  } finally {
    await stack.stop({ remove: true })
    rmSync(dir, { recursive: true, force: true })
  }
}
