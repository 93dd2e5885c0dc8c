// The board, the bounties and one contribution's lineage, read from the API again every few seconds. Everything that
// comes from there is set as text, never as markup.
import { $, ago, element, money, mood, units, words } from '/dom.js'
import { entry, story, summary } from '/lineage.js'

const EVERY = 3000
const etags = new Map()

async function read(path) {
	const kept = etags.get(path)
	const resp = await fetch(path, { headers: kept ? { 'if-none-match': kept.etag } : {}, cache: 'no-store' })
	if (resp.status === 304) return kept.body
	const body = await resp.json()
	if (!resp.ok) throw Object.assign(new Error(body.title ?? resp.statusText), { status: resp.status })
	if (resp.headers.get('etag')) etags.set(path, { etag: resp.headers.get('etag'), body })
	return body
}

// Sums of amounts of one token; several tokens are told one by one.
function total(bounties) {
	const sums = new Map()
	for (const b of bounties) {
		const key = b.asset.symbol
		const sum = sums.get(key) ?? { symbol: key, decimals: b.asset.decimals, amount: 0n }
		sum.amount += BigInt(b.amount)
		sums.set(key, sum)
	}
	return [...sums.values()].map(s => money(s.amount, s)).join(', ') || '0'
}

const seen = new Map()

function fill(list, rows, none) {
	const before = seen.get(list.id)
	const keys = new Set(rows.map(r => r.key))
	const focused = document.activeElement?.dataset?.key
	list.replaceChildren(...(rows.length ? rows.map(r => {
		r.content.dataset.key = r.key
		const li = element('li', before && !before.has(r.key) ? 'fresh' : '', r.content)
		return li
	}) : [element('li', 'none', none)]))
	seen.set(list.id, keys)
	if (focused && keys.has(focused)) list.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus()
}

const issue = b => `${b.project.full_name} #${b.issue.number}`
const headline = b => b.issue.title || b.title || issue(b)

function link(kind, id, ...children) {
	const a = element('a', 'row', ...children)
	a.href = `#${kind}/${id}`
	if (location.hash === a.getAttribute('href')) a.setAttribute('aria-current', 'true')
	return a
}

const openRow = b => ({
	key: `open-${b.id}`,
	content: link('bounty', b.id, element('span', 'name', headline(b)), element('span', 'amount', money(b.amount, b.asset)),
		element('span', 'sub', issue(b)), element('span', `state ${mood(b.state)}`, words(b.state))),
})

const recentRow = b => ({
	key: `recent-${b.id}`,
	content: link('submission', b.submission.id, element('span', 'name', headline(b)), element('span', 'amount', money(b.amount, b.asset)),
		element('span', 'sub', `${b.project.full_name} #${b.submission.pull_number} by ${b.submission.author}, ${ago(b.state_since)}`),
		element('span', `state ${mood(b.submission.state)}`, words(b.submission.state))),
})

const boardRow = s => ({
	key: s.person_id,
	content: element('div', 'row', element('span', 'rank', String(s.rank)), element('span', 'name', s.login ?? s.person_id.slice(-8)),
		element('span', 'amount', units(s.points_micro, 6)),
		element('span', 'sub', `${s.contributions} ${s.contributions === 1 ? 'contribution' : 'contributions'}`)),
})

const target = () => /^#(pull|submission|bounty|payout|delivery|job)\/([0-9a-f-]+)$/.exec(location.hash)

let shown = ''

async function lineage() {
	const t = target()
	const box = $('lineage')
	if (!t) {
		box.hidden = true
		shown = ''
		return
	}
	let l
	try {
		l = await read(`/v1/lineage/${t[1]}/${t[2]}`)
	} catch (e) {
		if (e.status !== 404) throw e
		$('summary').textContent = 'There is nothing by this id.'
		$('timeline').replaceChildren()
		box.hidden = false
		return
	}
	const told = JSON.stringify(l)
	if (told !== shown) {
		const events = story(l)
		$('summary').textContent = summary(l)
		$('timeline').replaceChildren(...events.map((e, i) => entry(e, events[i - 1])))
	}
	const opened = box.hidden
	box.hidden = false
	shown = told
	if (opened) box.scrollIntoView({ block: 'nearest' })
}

function show(bounties, board) {
	const open = bounties.filter(b => ['open', 'in_progress', 'funding'].includes(b.state))
	const paid = bounties.filter(b => b.state === 'paid')
	const recent = bounties.filter(b => b.submission).sort((a, b) => b.state_since.localeCompare(a.state_since)).slice(0, 8)
	$('n-open').textContent = open.length
	$('n-offer').textContent = total(open)
	$('n-paid').textContent = paid.length
	$('n-out').textContent = total(paid)
	fill($('open'), open.slice(0, 8).map(openRow), 'None at the moment.')
	fill($('recent'), recent.map(recentRow), 'No pull request has been seen yet.')
	fill($('board'), board.slice(0, 10).map(boardRow), 'Nobody has points yet.')
}

function tell(state, text) {
	$('status').parentElement.className = `live ${state}`
	if ($('status').textContent !== text) $('status').textContent = text
}

async function refresh() {
	try {
		const [bounties, board] = await Promise.all([read('/v1/bounties?limit=200'), read('/v1/leaderboard?limit=10')])
		show(bounties.items, board.items)
		await lineage()
		tell('ok', 'live')
	} catch (e) {
		tell('bad', e.status === 429 ? 'too many requests, slowing down' : 'the API does not answer')
	}
}

let timer
async function loop() {
	clearTimeout(timer)
	if (!document.hidden) await refresh()
	timer = setTimeout(loop, EVERY)
}

addEventListener('hashchange', async () => {
	await refresh()
	if (target()) $('lineage').focus()
})
addEventListener('visibilitychange', () => document.hidden || loop())
$('close').addEventListener('click', () => setTimeout(() => $('main').focus()))
loop()
