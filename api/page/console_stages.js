// Stages: what waits and runs in each, what is paused, by whom and why.
import { lasted, node, when } from '/dom.js'
import { get, mayWrite, post } from '/console_session.js'
import { address, button, dialog, head, link, reason, table, who } from '/console_parts.js'

const jobs = (s, is, n) => (n ? link(address('jobs', { stage: s.queue, state: is }), String(n), `${s.queue}-${is}`) : '0')

async function pause(ctx, what, name) {
	const told = await dialog({ title: `Pause ${what} ${name}`, action: 'Pause', danger: true,
		text: 'Nothing new of it starts until it is resumed. What runs now goes on to its end.',
		act: ({ reason: why }) => post('/v1/pauses', { what, name, reason: why }) })
	if (told) await ctx.again(`${name} is paused.`)
}

async function pauseOther(ctx) {
	const told = await dialog({ title: 'Pause a kind or a project', action: 'Pause', danger: true,
		text: 'Its jobs wait aside until it is resumed, and nothing else waits for them.',
		fields: [{ name: 'what', label: 'What', options: ['kind', 'project', 'stage'] },
			{ name: 'name', label: 'Name', most: 200, example: 'pay.send', hint: 'verify.merge ..., or a project\'s id' }, reason],
		act: async f => ({ ...await post('/v1/pauses', { what: f.what, name: f.name.trim(), reason: f.reason }), name: f.name }) })
	if (told) await ctx.again(`${told.name} is paused.`)
}

async function resume(ctx, what, name) {
	const told = await dialog({ title: `Resume ${what} ${name}`, action: 'Resume', text: 'What waits for it starts at once.',
		act: ({ reason: why }) => post('/v1/pauses/end', { what, name, reason: why }) })
	if (told) await ctx.again(`${name} goes on.`)
}

const stageColumns = ctx => [
	{ head: 'Stage', row: true, cell: s => link(address('jobs', { stage: s.queue }), s.queue, s.queue) },
	{ head: 'Is', cell: s => (s.paused ? node('span', { class: 'state bad' }, 'paused') : s.running > 0 ? node('span', { class: 'state good' }, 'at work')
		: s.ready > 0 ? node('span', { class: 'state wait' }, 'waiting') : node('span', { class: 'state' }, 'idle')) },
	{ head: 'Waiting', number: true, cell: s => jobs(s, 'ready', s.ready) },
	{ head: 'Running', number: true, cell: s => jobs(s, 'running', s.running) },
	{ head: 'Aside', number: true, cell: s => jobs(s, 'held', s.held) },
	{ head: 'Later', number: true, cell: s => jobs(s, 'scheduled', s.scheduled) },
	{ head: 'Parked', number: true, cell: s => jobs(s, 'parked', s.parked) },
	{ head: 'Oldest waits', number: true, cell: s => (typeof s.oldest_wait !== 'number' ? null : lasted(s.oldest_wait * 1000)) },
	{ head: 'Limits', cell: s => s.limits },
	...(mayWrite() ? [{ head: 'Do', bare: true, cell: s => (s.paused ? button('Resume', () => resume(ctx, 'stage', s.queue), { key: `toggle-${s.queue}` })
		: button('Pause', () => pause(ctx, 'stage', s.queue), { key: `toggle-${s.queue}` })) }] : []),
]

const pauseColumns = ctx => [
	{ head: 'What', row: true, cell: p => `${p.what} ${p.name}` },
	{ head: 'Since', cell: p => when(p.paused_at) },
	{ head: 'By', cell: p => who(p.actor) },
	{ head: 'Reason', cell: p => p.reason },
	...(mayWrite() ? [{ head: 'Do', bare: true, cell: p => button('Resume', () => resume(ctx, p.what, p.name), { key: `end-${p.what}-${p.name}` }) }] : []),
]

export async function stagesView(ctx) {
	const [all, paused] = await Promise.all([get('/v1/stages'), get('/v1/pauses')])
	return [
		head('Stages', mayWrite() ? button('Pause a kind or project', () => pauseOther(ctx), { key: 'pause-other' }) : null),
		table('Stages', stageColumns(ctx), all.items, 'No stage is known yet.'),
		node('h2', {}, 'Paused'),
		table('What is paused', pauseColumns(ctx), paused.items, 'Nothing is paused.'),
	]
}
stagesView.every = 5000
