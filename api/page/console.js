// The operators' console: signs in, shows one view per address, and does what keys ask for. Everything it does is a route of the API,
// which judges every request again.
import { $, node, short, tellAgain } from '/dom.js'
import { head, refusal, say } from '/console_parts.js'
import { mayRead, mayWrite, onEnd, resume, signedIn, signIn, signOut } from '/console_session.js'
import { stagesView } from '/console_stages.js'
import { jobsView, jobView } from '/console_jobs.js'
import { replaysView, replayView } from '/console_replays.js'
import { auditView, lineageView, runsView } from '/console_history.js'
import { keys } from '/console_keys.js'

const VIEWS = { stages: stagesView, jobs: jobsView, job: jobView, replay: replayView, replays: replaysView, runs: runsView, audit: auditView, lineage: lineageView }
const ABOVE = { job: 'jobs', replay: 'replays' }
const main = $('main')
let turn = 0
let timer

function place() {
	const [path, query] = location.hash.replace(/^#\/?/, '').split('?')
	const pieces = path.split('/').map(decodeURIComponent)
	return { path: pieces[0] ? pieces : ['stages'], query: new URLSearchParams(query) }
}

const ctx = () => ({
	...place(),
	again: async said => { await show(); if (said) say(said) },
	go: async (to, said) => { history.pushState(null, '', to); await show(); say(said) },
})

// --- who ---

function door(e) {
	const go = node('button', { type: 'button', class: 'main', 'data-key': 'sign-in', onclick: enter }, 'Sign in with your wallet')
	return node('section', { class: 'door' }, node('h1', { tabindex: '-1' }, 'Sign in'),
		node('p', {}, 'For people with the role operator, admin or auditor. Your wallet signs a text; this costs nothing and sends no transaction.'),
		window.ethereum ? go : node('p', { class: 'refusal' }, 'This browser has no wallet. The console needs one that offers itself to pages (EIP-1193), as a browser\'s extension does. ',
			'Without one use the command ', node('code', {}, 'patchwork'), ', which does the same; tokens of machines have no scope for it.'),
		node('div', { role: 'alert', id: 'trouble' }, e ? refusal(e) : null))
}

const outside = () => node('section', { class: 'door' }, node('h1', { tabindex: '-1' }, 'Not your role'),
	node('p', {}, 'You are signed in, and have none of the roles admin, operator, auditor. An admin gives one: ',
		node('code', {}, `patchwork role grant auditor --person ${signedIn().person_id} --reason ...`)))

async function enter() {
	say('Look at your wallet: it asks you to sign.')
	try {
		await signIn()
		say('')
		await show()
	} catch (e) {
		say('')
		$('trouble')?.replaceChildren(refusal(e))
	}
}

function showWho() {
	const s = signedIn()
	$('nav').hidden = $('who').hidden = !s
	if (!s) return
	const role = ['admin', 'operator', 'auditor'].find(r => s.roles.includes(r)) ?? 'no role'
	$('who').replaceChildren(node('span', { title: s.address }, short(s.address ?? s.person_id, 4)),
		node('span', { class: 'role' }, mayWrite() || !mayRead() ? role : `${role}, reads only`),
		node('button', { type: 'button', 'data-key': 'sign-out', onclick: signOut }, 'Sign out'))
}

// --- what ---

function mark(view) {
	for (const a of $('nav').querySelectorAll('a')) {
		if (a.getAttribute('href') === `#/${ABOVE[view] ?? view}`) a.setAttribute('aria-current', 'page')
		else a.removeAttribute('aria-current')
	}
	document.title = `${view[0].toUpperCase()}${view.slice(1)} · Patchwork console`
}

// What had the focus has it again when it is still there; else the view's heading, when the view is another one.
function put(nodes, moved) {
	const key = main.contains(document.activeElement) ? document.activeElement.dataset.key : undefined
	main.replaceChildren(...nodes.filter(Boolean))
	main.removeAttribute('aria-busy')
	const there = key && main.querySelector(`[data-key="${CSS.escape(key)}"]`)
	if (there) there.focus({ preventScroll: !moved })
	else if (moved || key) main.querySelector('h1')?.focus()
}

async function content(view, c) {
	if (!signedIn()) return [door()]
	if (!mayRead()) return [outside()]
	if (!view) return [head('Nothing here'), node('p', {}, 'There is no view of this name.')]
	try {
		return await view(c)
	} catch (e) {
		return signedIn() ? [head('Refused'), view.form?.(c), node('div', { role: 'alert' }, refusal(e)), node('p', {}, node('button', { type: 'button', 'data-key': 'refresh', onclick: () => show() }, 'Refresh'))] : null
	}
}

let shown
async function show(quietly) {
	const mine = ++turn
	const c = ctx()
	const view = VIEWS[c.path[0]]
	clearTimeout(timer)
	showWho()
	mark(c.path[0])
	if (!quietly) main.setAttribute('aria-busy', 'true')
	const nodes = await content(view, c)
	if (mine !== turn || !nodes) return false
	put(nodes, shown !== c.path.join('/'))
	shown = c.path.join('/')
	if (view?.every && signedIn()) timer = setTimeout(look, view.every)
	return true
}

// Views that change by themselves are read again, but not under somebody's hands.
function look() {
	if (document.hidden || document.querySelector('dialog[open], main details[open]') || !getSelection().isCollapsed) timer = setTimeout(look, 1000)
	else show(true)
}

onEnd(e => {
	turn++
	clearTimeout(timer)
	document.querySelector('dialog[open]')?.close()
	showWho()
	shown = null
	main.replaceChildren(door(e))
	main.removeAttribute('aria-busy')
	main.querySelector('h1').focus()
})

// Another address: what came is told in a word to those who do not see it.
async function arrive() {
	say('')
	if (!await show()) return
	const n = main.querySelectorAll('tbody tr').length
	$('came').textContent = `${main.querySelector('h1').innerText}: ${n === 1 ? '1 row' : `${n} rows`}`
}

addEventListener('hashchange', arrive)
$('skip').addEventListener('click', e => { e.preventDefault(); main.querySelector('h1')?.focus() })
setInterval(tellAgain, 10_000)
keys({ refresh: () => show(), main })
try {
	await resume()
	await show()
} catch (e) {
	if (signedIn()) main.replaceChildren(head('Refused'), refusal(e)) // else it is told at the door
}
