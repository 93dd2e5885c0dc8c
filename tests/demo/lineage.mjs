// The lineage of a contribution, as GET /v1/lineage tells it, as a tree for people.
import { count, formatAmount } from '../stack/scenario.mjs'

// What a check of the verdict asks (docs/stages.md).
const ASKS = {
  V1: 'in the bounty\'s repository', V2: 'merged, says GitHub now', V3: 'into a branch that counts', V4: 'with a merge commit',
  V5: 'which the default branch contains', V6: 'and closed the issue as completed', V7: 'by the claimant, a person',
  V8: 'nobody else wrote of it', V9: 'merged or approved by another', V10: 'a stranger to the funder', V11: 'approved as it was merged',
  V12: 'no check of it failed', V13: 'more than white space', V14: 'not reverted since', V15: 'still in that branch', V16: 'first to do so',
  V17: 'before the deadline',
}

const ms = r => Math.max(0, Date.parse(r.finished_at) - Date.parse(r.started_at))
const clock = t => (t ? new Date(t).toISOString().slice(11, 23) : 'not yet')

function job(j, all) {
  const last = j.runs.at(-1)
  const runs = j.runs.length === 1 ? `${ms(last)} ms` : count(j.runs.length, 'run')
  return [`${j.kind}  ${j.state}`, `job ${j.id}, ${runs}, ${j.key}`, all.filter(x => x.parent_id === j.id).map(x => job(x, all))]
}

// The one at the end of the hold asks the same again: what it found otherwise than the first one.
function verdict(v, first) {
  const told = v === first ? v.checks : v.checks.filter((c, i) => c.result !== first.checks[i]?.result)
  const name = v.kind === 'hold' ? 'verdict before payment' : 'verdict'
  const same = told.length < v.checks.length ? `, ${count(v.checks.length - told.length, 'check')} as before` : ''
  return [`${name}  ${v.result}`, `evidence ${v.evidence_root.slice(0, 18)}...${same}`,
    told.map(c => [`${c.id.padEnd(3)}  ${c.result}`, (c.detail ?? c.code ?? ASKS[c.id]) + (c.result === 'flag' ? ' (a flag stops nothing)' : ''), []])]
}

// -> [text, remark, children] with the same below
function tree(l) {
  const pull = l.pulls[0]
  const bounty = l.bounties[0]
  const ids = new Set(l.jobs.map(j => j.id))
  return [`${l.project.full_name}#${pull.number}  ${pull.title}`, `by ${pull.author}, ${pull.state} ${clock(pull.merged_at)} as ${pull.merge_sha?.slice(0, 12)}`, [
    [count(l.deliveries.length, 'delivery', 'deliveries'), null, l.deliveries.map(d => [`${d.event} ${d.action ?? ''}`.trim(), `${d.guid}, ${d.state} ${clock(d.received_at)}`, []])],
    [`bounty  ${formatAmount(bounty.amount, bounty.decimals)} ${bounty.symbol} on issue #${bounty.issue_number}`, bounty.id,
      bounty.events.map(e => [`${e.from} -> ${e.to}`, `${e.event}, ${clock(e.at)}`, []])],
    ...l.contributions.map(c => [`deposit  ${c.state}`, `block ${c.block_number}, ${c.tx_hash}`, []]),
    [count(l.jobs.length, 'job'), null, l.jobs.filter(j => !ids.has(j.parent_id)).map(j => job(j, l.jobs))],
    ...l.verdicts.map(v => verdict(v, l.verdicts[0])),
    ...l.proofs.map(p => [`proof  ${p.cid}`, `pinned ${clock(p.pinned_at)}`, []]),
    ...l.payouts.map(p => [`payout  ${formatAmount(p.amount, p.decimals)} ${p.symbol} to ${p.payee}`, `${p.state} ${clock(p.paid_at)}`, [
      ...l.transactions.filter(t => t.payout_id === p.id).map(t => [`transaction  ${t.tx_hash}`, `${t.state}, nonce ${t.nonce}, block ${t.block_number}`, []]),
      ...l.transfers.map(t => [`ledger  ${t.kind}  ${formatAmount(t.amount, p.decimals)}`, t.key, []]),
    ]]),
    ...l.scores.map(s => [`score  ${count(s.points_micro / 1e6, 'point')} for ${s.login ?? s.person_id}`, `${s.kind}, formula ${s.formula_version}`, []]),
  ]]
}

// Lines of text; dim(text) paints what is a remark.
export function lineageLines(l, dim = text => text) {
  const lines = []
  const write = ([text, remark, children], first, rest) => {
    lines.push(`${first}${text}${remark ? `  ${dim(remark)}` : ''}`)
    children.forEach((child, i) => {
      const last = i === children.length - 1
      write(child, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`)
    })
  }
  write(tree(l), '  ', '  ')
  return lines
}
