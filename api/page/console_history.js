// What was: the history of runs, the audit log, and everything that belongs to one contribution.
import { code, lasted, mood, node, when } from '/dom.js'
import { entry, story, summary } from '/lineage.js'
import { get } from '/console_session.js'
import { filters, head, jobLink, link, nothing, pages, queryOf, stages, state, table, who } from '/console_parts.js'

const same = fields => Object.fromEntries([...fields.map(f => [f.name, f.name]), ['cursor', 'cursor']])
const TIMES = [{ name: 'since', label: 'Since', time: true }, { name: 'until', label: 'Before', time: true }]

const RUNS = [
	{ name: 'job', label: 'Job' }, { name: 'queue', label: 'Stage', list: stages }, { name: 'kind', label: 'Kind', example: 'verify.merge' },
	{ name: 'state', label: 'Ended', options: ['done', 'failed', 'parked', 'snoozed', 'rescued', 'returned', 'cancelled'] },
	{ name: 'code', label: 'Code', example: 'github.rate_limited' }, { name: 'actor', label: 'Made by' }, { name: 'project_id', label: 'Project', example: 'id' }, ...TIMES,
]

const json = value => node('details', {}, node('summary', {}, 'show'), node('pre', { tabindex: '0' }, JSON.stringify(value, null, 2)))
const runColumns = [
	{ head: 'Job', row: true, cell: r => link(`#/job/${r.job_id}`, `${r.job_id}.${r.attempt}`, `run-${r.job_id}-${r.attempt}`) },
	{ head: 'Kind', cell: r => r.kind },
	{ head: 'Ended', cell: r => state(r.state) },
	{ head: 'When', cell: r => when(r.finished_at) },
	{ head: 'Took', number: true, cell: r => lasted(Date.parse(r.finished_at) - Date.parse(r.started_at)) },
	{ head: 'Code', cell: r => r.error_code && code(r.error_code) },
	{ head: 'Said', cell: r => r.error },
	{ head: 'Worker', cell: r => r.worker },
	{ head: 'Made by', cell: r => r.actor },
	{ head: 'Did', cell: r => (r.effects?.length ? json(r.effects) : null) },
]

export async function runsView(ctx) {
	const list = await get(`/v1/runs?${queryOf(ctx.query, same(RUNS), { limit: 50 })}`)
	return [head('Runs'), runsView.form(ctx), table('Runs, those of the newest job first', runColumns, list.items,
		nothing(list, 'No run is like this.')), pages('runs', ctx.query, list.next_cursor)]
}
runsView.form = ctx => filters('runs', RUNS, ctx.query)

const AUDIT = [{ name: 'actor', label: 'Who', example: 'person:id' }, { name: 'action', label: 'Did', example: 'queue.pause' },
	{ name: 'object', label: 'To', example: 'job/17' }, ...TIMES]

const objectOf = o => (/^job\/\d+$/.test(o) ? jobLink(o.slice(4)) : node('span', { class: 'id' }, o))

const auditColumns = [
	{ head: 'When', row: true, cell: a => when(a.at) },
	{ head: 'Who', cell: a => who(a.actor) },
	{ head: 'Did', cell: a => code(a.action) },
	{ head: 'To', cell: a => objectOf(a.object) },
	{ head: 'Reason', cell: a => a.reason },
	{ head: 'Detail', cell: a => (a.detail && Object.keys(a.detail).length ? json(a.detail) : null) },
	{ head: 'In the chain', number: true, cell: a => a.seq && String(a.seq) },
]

export async function auditView(ctx) {
	const list = await get(`/v1/audit?${queryOf(ctx.query, same(AUDIT), { limit: 50 })}`)
	return [head('Audit'), auditView.form(ctx), table('Audit log, newest first', auditColumns, list.items,
		nothing(list, 'Nothing like this was done.')),
		pages('audit', ctx.query, list.next_cursor)]
}
auditView.form = ctx => filters('audit', AUDIT, ctx.query)

// --- lineage ---

const KINDS = ['pull', 'submission', 'bounty', 'payout', 'delivery', 'job']

// [hop, its rows, which member is its id, its state, its times]
const HOPS = [
	['delivery', 'deliveries', d => d.guid, d => d.state, d => [d.received_at]],
	['bounty', 'bounties', b => b.id, b => b.state, b => [b.created_at, b.state_since]],
	['deposit', 'contributions', c => c.id, c => c.state, c => [c.created_at, c.confirmed_at]],
	['pull request', 'pulls', p => p.id, p => p.state, p => [p.updated_at, p.merged_at]],
	['link', 'links', k => `${k.pull_id} ${k.issue_id}`, k => `level ${k.level}`, k => [k.first_seen]],
	['submission', 'submissions', s => s.id, s => s.state, s => [s.created_at, s.updated_at]],
	['award', 'awards', a => `${a.comment_id}.${a.ordinal}`, () => 'awarded', a => [a.at]],
	['verdict', 'verdicts', v => v.id, v => v.result, v => [v.created_at]],
	['proof', 'proofs', f => f.cid, f => (f.pinned_at ? 'pinned' : 'signed'), f => [f.created_at, f.pinned_at]],
	['payout', 'payouts', o => o.id, o => o.state, o => [o.created_at, o.paid_at]],
	['refund', 'refunds', o => o.id, o => o.state, o => [o.created_at, o.refunded_at]],
	['transaction', 'transactions', t => t.tx_hash ?? t.id, t => t.state, t => [t.created_at, t.observed_at]],
	['booking', 'transfers', t => t.id, t => t.kind, t => [t.at]],
	['score', 'scores', e => e.id, e => e.kind, e => [e.occurred_at]],
	['job', 'jobs', j => j.id, j => j.state, j => [j.created_at, j.runs.at(-1)?.finished_at]],
]

const hopsOf = l => HOPS.flatMap(([hop, rows, idOf, stateOf, timesOf]) => (l[rows] ?? []).map(r =>
	({ hop: hop === 'job' ? r.kind : hop, job: hop === 'job', id: String(idOf(r)), state: stateOf(r), times: timesOf(r) })))

const hopColumns = [
	{ head: 'Hop', row: true, cell: h => h.hop },
	{ head: 'Id', cell: h => (h.job ? jobLink(h.id) : node('span', { class: 'id' }, h.id)) },
	{ head: 'Is', cell: h => node('span', { class: `state ${mood(h.state)}` }, h.state) },
	{ head: 'Began', cell: h => when(h.times[0]) },
	{ head: 'Last', cell: h => when(h.times[1]) },
]

function search({ path: [, kind, value] }) {
	const form = node('form', { class: 'filters', role: 'search', 'aria-label': 'Lineage' },
		node('div', {}, node('label', { for: 'f-kind' }, 'What'), node('select', { id: 'f-kind', 'data-key': 'f-kind' }, KINDS.map(k => node('option', { selected: k === kind }, k)))),
		node('div', { class: 'wide' }, node('label', { for: 'f-id' }, 'Id'), node('input', { id: 'f-id', 'data-key': 'f-id', value: value ?? '', autocomplete: 'off', spellcheck: 'false' })),
		node('div', { class: 'apply' }, node('button', { type: 'submit', 'data-key': 'apply' }, 'Show')))
	form.addEventListener('submit', e => {
		e.preventDefault()
		location.hash = `#/lineage/${form.elements['f-kind'].value}/${encodeURIComponent(form.elements['f-id'].value.trim())}`
	})
	return form
}

export async function lineageView(ctx) {
	const [, kind, value] = ctx.path
	const ask = search(ctx)
	if (!kind || !value) return [head('Lineage'), ask, node('p', { class: 'none' }, 'Everything that belongs to one contribution, from any of its ids.')]
	const l = await get(`/v1/lineage/${encodeURIComponent(kind)}/${encodeURIComponent(value)}`)
	const events = story(l)
	return [
		head('Lineage'), ask,
		node('p', { class: 'lead' }, summary(l)),
		node('ol', { class: 'timeline' }, events.map((e, i) => entry(e, events[i - 1]))),
		node('h2', {}, 'Every hop'),
		table('Every hop, with its ids and times', hopColumns, hopsOf(l), 'Nothing belongs to it.'),
	]
}
lineageView.form = search
