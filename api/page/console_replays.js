// Replays: what one would do, before its button; those that were begun, how far they are, and their end.
import { code, node, when } from '/dom.js'
import { get, mayWrite, post } from '/console_session.js'
import { address, button, dialog, head, jobLink, link, nothing, pages, queryOf, reason, state, table, who } from '/console_parts.js'

const FILTER = ['stage', 'kind', 'state', 'code', 'project_id', 'since', 'until']

function asked(query) {
	const body = Object.fromEntries(FILTER.filter(n => query.get(n)).map(n => [n, query.get(n)]))
	if (query.get('ids')) body.ids = query.get('ids').split(',').map(Number)
	return body
}

const described = filter => Object.entries(filter).filter(([, v]) => v !== null).map(([k, v]) => `${k.replace('_id', '')} ${Array.isArray(v) ? v.join(', ') : v}`).join(', ')

const sampleColumns = [
	{ head: 'Job', row: true, cell: j => jobLink(j.id) },
	{ head: 'Kind', cell: j => j.kind },
	{ head: 'Ended', cell: j => state(j.state) },
	{ head: 'Once more, it', cell: j => j.does },
]

const kindColumns = [
	{ head: 'Kind', row: true, cell: k => k.kind },
	{ head: 'Jobs', number: true, cell: k => String(k.jobs) },
	{ head: 'Comes to', cell: k => k.outcomes?.replaceAll('|', ', ') },
	{ head: 'Once more, each', cell: k => k.does },
]

function start(ctx, body, n) {
	const text = `${n} ${n === 1 ? 'job' : 'jobs'}`
	return button(`Replay ${text}`, async () => {
		const told = await dialog({ title: `Replay ${text}`, action: `Replay ${text}`, danger: true,
			text: 'Each becomes a new job with the same arguments, let out at this rate. What is chosen is what the filter finds when you press.',
			fields: [{ name: 'rate', label: 'Rate', value: '50/s', most: 31, hint: 'as 50/s, 600/m or 1000/h' }, reason],
			act: f => post('/v1/replays', { ...body, rate: f.rate, reason: f.reason }) })
		if (told) await ctx.go(address('replays', {}), `Replay ${told.batch} has begun: ${told.jobs} jobs.`)
	}, { key: 'begin', kind: 'main' })
}

export async function replayView(ctx) {
	const body = asked(ctx.query)
	const p = await post('/v1/replays/preview', body)
	const filter = Object.fromEntries(ctx.query)
	return [
		head('What a replay would do'),
		node('p', { class: 'lead' }, node('strong', {}, String(p.jobs)), ` ended ${p.jobs === 1 ? 'job' : 'jobs'}: `, described(body)),
		node('p', { class: 'soft' }, 'Told from what rows know. ', code('patchwork jobs replay --dry-run'), ' also asks GitHub, the chain and IPFS whether an effect is there.'),
		p.step_up ? node('p', { class: 'soft' }, 'Among them are jobs of stage pay: your wallet is asked to sign before they run again.') : null,
		node('p', { class: 'buttons' }, mayWrite() && p.jobs > 0 ? start(ctx, body, p.jobs) : null,
			body.ids ? link('#/jobs', 'Back to the jobs') : link(address('jobs', filter), 'Change the filter')),
		table('By kind', kindColumns, p.kinds, 'No ended job is found by this.'),
		p.sample.length ? [node('h2', {}, 'Those that would go first'), table('A sample', sampleColumns, p.sample, '')] : [],
	].flat()
}

async function stop(ctx, b) {
	const told = await dialog({ title: `Stop replay ${b.batch}`, action: 'Stop', danger: true,
		text: 'What it has not let out stays where it is. What it has let out goes on.', act: f => post(`/v1/replays/${b.batch}/stop`, { reason: f.reason }) })
	if (told) await ctx.again(`Replay ${b.batch} is stopped.`)
}

const count = n => (n === null ? null : String(n)) // not counted for those that are old and large

const columns = ctx => [
	{ head: 'Replay', row: true, cell: b => link(address('jobs', { batch: b.batch }), String(b.batch), `batch-${b.batch}`) },
	{ head: 'Is', cell: b => state(b.state) },
	{ head: 'Let out', cell: b => node('span', { class: 'one' }, node('progress', { max: b.total || 1, value: b.released, 'aria-label': `Replay ${b.batch}: let out` }), ` ${b.released} of ${b.total}`) },
	{ head: 'Running', number: true, cell: b => count(b.running) },
	{ head: 'Done', number: true, cell: b => count(b.done) },
	{ head: 'Parked', number: true, cell: b => count(b.parked) },
	{ head: 'Cancelled', number: true, cell: b => count(b.cancelled) },
	{ head: 'A second', number: true, cell: b => b.rate },
	{ head: 'Begun', cell: b => when(b.created_at) },
	{ head: 'By', cell: b => who(b.actor) },
	{ head: 'Reason', cell: b => b.reason },
	{ head: 'Filter', cell: b => described(b.filter ?? {}) },
	...(mayWrite() ? [{ head: 'Do', bare: true, cell: b => (b.state === 'open' ? button('Stop', () => stop(ctx, b), { key: `stop-${b.batch}`, kind: 'danger' }) : null) }] : []),
]

export async function replaysView(ctx) {
	const list = await get(`/v1/replays?${queryOf(ctx.query, { cursor: 'cursor' }, { limit: 50 })}`)
	return [head('Replays'), table('Replays, newest first', columns(ctx), list.items, 'Nothing was replayed yet. Choose jobs in the list of jobs.'),
		pages('replays', ctx.query, list.next_cursor)]
}
replaysView.every = 3000
