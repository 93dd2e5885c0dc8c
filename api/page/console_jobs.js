// Jobs: the list by filters, with what may be done to those selected; one job with all that is known of it.
import { code, hash, lasted, node, plural, when } from '/dom.js'
import { get, mayWrite, post } from '/console_session.js'
import { address, button, dialog, filters, head, jobLink, link, nothing, pages, queryOf, refusal, stages, state, table } from '/console_parts.js'

const STATES = ['ready', 'running', 'scheduled', 'held', 'parked', 'done', 'cancelled', 'replayed']
const FILTERS = [
	{ name: 'stage', label: 'Stage', list: stages },
	{ name: 'kind', label: 'Kind', example: 'verify.merge' },
	{ name: 'state', label: 'State', options: STATES },
	{ name: 'code', label: 'Code', example: 'github.rate_limited' },
	{ name: 'project_id', label: 'Project', example: 'id' },
	{ name: 'batch', label: 'Of replay', example: '12' },
	{ name: 'since', label: 'Made since', time: true },
	{ name: 'until', label: 'Made before', time: true },
]
const NAMES = { stage: 'queue', kind: 'kind', state: 'state', code: 'code', project_id: 'project_id', since: 'since', until: 'until', batch: 'batch', cursor: 'cursor' }

// One request per job: each has its own answer and its own row in the audit log.
async function each(ids, verb, why) {
	const out = { done: [], running: [], refused: [] }
	for (const id of ids) {
		try {
			const { state: is } = await post(`/v1/jobs/${id}/${verb}`, { reason: why })
			out[is === 'running' ? 'running' : 'done'].push(id)
		} catch (e) {
			const n = out.done.length + out.running.length
			if (ids.length === 1 || e.status !== 409) throw Object.assign(e, { title: n ? `${e.title}, after ${n} of ${ids.length}` : e.title })
			out.refused.push(`${id} (${e.code})`)
		}
	}
	return out
}

const verbs = {
	retry: { title: 'Retry', past: ['runs again', 'run again'], text: 'It becomes ready at once, as its next attempt. What an earlier attempt did is found and not done twice.' },
	cancel: { title: 'Cancel', past: ['is cancelled', 'are cancelled'], danger: true, text: 'One that waits ends now; one that runs ends before its next effect.' },
}

function outcome(v, { done, running, refused }) {
	const told = (ids, [one, many]) => (ids.length === 1 ? `Job ${ids[0]} ${one}. ` : ids.length ? `${ids.length} jobs ${many}. ` : '')
	return told(done, v.past) + told(running, ['runs, and ends before its next effect', 'run, and end before their next effect'])
		+ (refused.length ? `Refused: ${refused.join(', ')}.` : '')
}

async function act(ctx, verb, ids) {
	const v = verbs[verb]
	const what = ids.length === 1 ? `job ${ids[0]}` : `${ids.length} jobs`
	const told = await dialog({ title: `${v.title} ${what}`, action: v.title, danger: v.danger, text: v.text, act: ({ reason }) => each(ids, verb, reason) })
	if (told) await ctx.again(outcome(v, told))
}

const columns = (ctx, selected) => [
	...(mayWrite() ? [{ head: 'Select', bare: true, title: node('span', { class: 'hidden' }, 'Select'), cell: j => node('input', { type: 'checkbox', 'aria-label': `Select job ${j.id}`,
		'data-key': `select-${j.id}`, onchange: e => selected(j.id, e.target.checked) }) }] : []),
	{ head: 'Job', row: true, cell: j => jobLink(j.id) },
	{ head: 'Kind', cell: j => j.kind },
	{ head: 'State', cell: j => state(j.state) },
	{ head: 'Attempts', number: true, cell: j => String(j.attempts) },
	{ head: 'Code', cell: j => j.error_code && code(j.error_code) },
	{ head: 'Made', cell: j => when(j.created_at) },
	{ head: 'Ended', cell: j => when(j.finished_at) },
	{ head: 'Runs at', cell: j => when(j.run_at) },
]

function bulk(ctx, query) {
	const chosen = new Set()
	const count = node('span', { class: 'count' })
	const buttons = ['retry', 'cancel'].map(v => button(verbs[v].title, () => act(ctx, v, [...chosen]), { key: `bulk-${v}`, kind: verbs[v].danger ? 'danger' : '' }))
	const replay = node('a', { 'data-key': 'bulk-replay' }, 'Replay')
	const bar = node('div', { class: 'bulk', role: 'group', 'aria-label': 'Selected jobs' }, count, buttons, replay)
	const select = (id, on) => {
		chosen[on ? 'add' : 'delete'](id)
		count.textContent = chosen.size ? `${chosen.size} selected` : 'None selected'
		for (const b of buttons) b.disabled = chosen.size === 0
		if (chosen.size) replay.href = address('replay', { ids: [...chosen].join(',') })
		else replay.removeAttribute('href')
	}
	select(0, false)
	return { bar, select }
}

const ENDED = ['done', 'parked', 'cancelled', 'replayed']
const replayable = f => Object.keys(f).length > 0 && !f.batch && (!f.state || ENDED.includes(f.state))

export async function jobsView(ctx) {
	const list = await get(`/v1/jobs?${queryOf(ctx.query, NAMES, { limit: 50 })}`)
	const { bar, select } = bulk(ctx)
	const { cursor, ...asked } = Object.fromEntries(ctx.query)
	return [
		head('Jobs', replayable(asked) ? link(address('replay', asked), mayWrite() ? 'Replay these' : 'What a replay would do', 'replay-these') : null),
		jobsView.form(ctx),
		mayWrite() && list.items.length ? bar : null,
		table('Jobs, newest first', columns(ctx, select), list.items, nothing(list, 'No job is like this.')),
		pages('jobs', ctx.query, list.next_cursor),
	]
}
jobsView.form = ctx => filters('jobs', FILTERS, ctx.query)

// --- one job ---

const json = value => node('pre', { tabindex: '0' }, JSON.stringify(value, null, 2))
const facts = rows => node('dl', { class: 'facts' }, rows.filter(([, v]) => v !== null && v !== undefined && v !== '').map(([k, v]) =>
	node('div', {}, node('dt', {}, k), node('dd', {}, v))))

const runColumns = [
	{ head: 'Attempt', row: true, cell: r => String(r.attempt) },
	{ head: 'Ended', cell: r => state(r.state) },
	{ head: 'Began', cell: r => when(r.started_at) },
	{ head: 'Took', number: true, cell: r => (r.started_at && r.finished_at ? lasted(Date.parse(r.finished_at) - Date.parse(r.started_at)) : null) },
	{ head: 'Worker', cell: r => r.worker },
	{ head: 'Code', cell: r => r.error_code && code(r.error_code) },
	{ head: 'Said', cell: r => r.error },
	{ head: 'Did', cell: r => (r.effects?.length ? node('details', {}, node('summary', {}, plural(String(r.effects.length), 'effect')), json(r.effects)) : null) },
]

const stepColumns = [
	{ head: 'Step', row: true, cell: s => s.name },
	{ head: 'Attempt', number: true, cell: s => String(s.attempt) },
	{ head: 'Done', cell: s => when(s.done_at) },
]

const whose = { nobody: 'Nobody has to act', time: 'It waits for time', operator: 'An operator must act', contributor: 'The contributor must act',
	project: 'The project must act', funder: 'The funder must act' }

const explained = e => node('section', { class: 'explain', 'aria-label': 'What happens next' }, node('strong', {}, whose[e.who] ?? e.who), node('p', {}, e.text))

function relatives(j) {
	const all = ids => (ids.length ? ids.flatMap(i => [jobLink(i), ' ']) : null)
	return facts([['Began with', j.root_id === j.id ? null : jobLink(j.root_id)], ['Asked for by', jobLink(j.parent_id)], ['Replays', jobLink(j.replay_of)],
		['Asked for', all(j.children)], ['Replayed by', all(j.replays)],
		['Of replay', j.batch && link(address('jobs', { batch: j.batch }), String(j.batch))]])
}

function tools(ctx, j) {
	if (!mayWrite()) return []
	const open = j.state === 'parked' || !ENDED.includes(j.state)
	return [['parked', 'scheduled'].includes(j.state) ? button('Retry', () => act(ctx, 'retry', [j.id])) : null,
		open ? button('Cancel', () => act(ctx, 'cancel', [j.id]), { kind: 'danger' }) : null,
		ENDED.includes(j.state) ? link(address('replay', { ids: j.id }), 'Replay') : null]
}

const progress = p => node('p', {}, p.total ? node('progress', { max: p.total, value: p.done, 'aria-label': 'Progress' }) : null,
	` ${p.done}${p.total ? ` of ${p.total}` : ''}${p.note ? `, ${p.note}` : ''}, told `, when(p.told_at))

export async function jobView(ctx) {
	const id = encodeURIComponent(ctx.path[1] ?? '')
	const [j, why] = await Promise.all([get(`/v1/jobs/${id}`), get(`/v1/explain/job/${id}`).catch(e => e)])
	return [
		head(`Job ${j.id}`, ...tools(ctx, j)),
		node('p', { class: 'lead' }, state(j.state), ' ', node('strong', {}, j.kind), j.error_code ? [' ', code(j.error_code)] : null),
		why instanceof Error ? refusal(why) : explained(why),
		j.error ? node('p', { class: 'error' }, j.error) : null,
		j.progress ? progress(j.progress) : null,
		facts([['Made', when(j.created_at)], ['By', j.created_by], ['Runs at', when(j.run_at)], ['Key', j.key && code(j.key)], ['Priority', String(j.priority)],
			['Project', j.project_id && link(address('jobs', { project_id: j.project_id }), j.project_id)], ['Trace', j.trace && hash(j.trace)]]),
		relatives(j),
		node('p', {}, link(`#/lineage/job/${j.id}`, 'Everything that belongs to its contribution')),
		node('h2', {}, 'Arguments'), json(j.args),
		node('h2', {}, 'Runs'), table('Runs', runColumns, j.runs, 'It has not run yet.'),
		j.steps.length ? [node('h2', {}, 'Steps behind it'), table('Steps', stepColumns, j.steps, '')] : null,
	].flat()
}
jobView.every = 5000
