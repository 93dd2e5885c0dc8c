// The board, the bounties and one contribution's lineage, read from the API again every few seconds. Everything that
// comes from there is set as text, never as markup.
const EVERY = 3000
const $ = id => document.getElementById(id)
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

function element(tag, className, ...children) {
	const e = document.createElement(tag)
	if (className) e.className = className
	e.append(...children.filter(c => c !== null && c !== undefined))
	return e
}

// "250000000", 6 -> "250"
function units(amount, decimals) {
	const digits = BigInt(amount).toString().padStart(decimals + 1, '0')
	const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, '\u202f')
	const rest = decimals ? digits.slice(-decimals).replace(/0+$/, '') : ''
	return rest ? `${whole}.${rest.slice(0, 4)}` : whole
}

const money = (amount, asset) => `${units(amount, asset.decimals)} ${asset.symbol}`

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

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const since = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

function ago(time) {
	const s = (Date.parse(time) - Date.now()) / 1000
	const [n, unit] = Math.abs(s) < 60 ? [s, 'second'] : Math.abs(s) < 3600 ? [s / 60, 'minute']
		: Math.abs(s) < 86400 ? [s / 3600, 'hour'] : [s / 86400, 'day']
	return since.format(Math.round(n), unit)
}

const GOOD = new Set(['open', 'paid', 'verified', 'done', 'confirmed', 'pass'])
const BAD = new Set(['rejected', 'lost', 'refused', 'frozen', 'disputed', 'parked', 'failed', 'fail', 'conflict', 'cancelled', 'expired'])
const mood = state => (GOOD.has(state) ? 'good' : BAD.has(state) ? 'bad' : 'wait')
const words = state => state.replaceAll('_', ' ')

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

const short = (text, n = 10) => (text && text.length > 2 * n + 3 ? `${text.slice(0, n)}…${text.slice(-n)}` : text)
const code = text => element('code', '', text)
const hash = text => Object.assign(code(short(text)), { title: text })

function anchor(href, text) {
	const a = element('a', '', code(text))
	a.href = href
	return a
}

function checks(list) {
	return element('ul', 'checks', ...list.map(c => {
		const li = element('li', c.result, `${c.id} ${c.result}`)
		if (c.code) li.title = c.detail ? `${c.code}: ${c.detail}` : c.code
		return li
	}))
}

const plural = (n, one) => (n === '1' ? `1 ${one}` : `${n} ${one}s`)
const moment = time => `${day.format(new Date(time))} ${clock.format(new Date(time))}`

// When we heard of a merge, and when its points were added: GitHub's merged_at, which both carry, has whole seconds only.
const heard = (l, p) => l.deliveries.findLast(d => d.event === 'pull_request' && d.action === 'closed' && d.number === p.number)?.received_at ?? p.merged_at
const added = (l, e) => l.jobs.find(j => j.id === e.job_id)?.runs.find(r => r.state === 'done')?.finished_at
	?? l.payouts.find(o => o.id === e.source_id)?.paid_at ?? e.occurred_at

// Everything that has a time, as one story: { at, what, detail: nodes, state }. Told in the pipeline's order, which sorting by
// time keeps where times are the same.
function story(l) {
	const out = []
	const tell = (at, what, state, ...detail) => at && out.push({ at, what, state, detail })
	for (const b of l.bounties) {
		const worth = `${money(b.amount, b)} for issue #${b.issue_number}`
		tell(b.created_at, 'Bounty created', 'good', worth)
	}
	for (const c of l.contributions) {
		tell(c.created_at, 'Deposit named', 'good', 'transaction ', hash(c.tx_hash))
		tell(c.confirmed_at, 'Money locked in the escrow', 'good', c.block_number ? `confirmed, block ${c.block_number}` : 'confirmed')
		if (c.state === 'refused') tell(c.created_at, 'Deposit refused', 'bad', c.reason ?? '')
	}
	for (const d of l.deliveries)
		tell(d.received_at, `GitHub says: ${words(d.event)}${d.action ? ` ${d.action}` : ''}`, mood(d.state), 'delivery ', code(d.guid),
			d.reason ? `, ${d.reason}` : null)
	for (const p of l.pulls)
		if (p.merged_at) tell(heard(l, p), `Pull request #${p.number} merged`, 'good', `${p.title}, by ${p.author}, ${moment(p.merged_at)}, commit `, hash(p.merge_sha))
	for (const a of l.awards) tell(a.at, 'Awarded', 'wait', `by ${a.actor}: ${a.reason}; another person decides`)
	for (const v of l.verdicts)
		tell(v.created_at, `${v.kind === 'hold' ? 'Verdict before payment' : 'Verdict'}: ${v.result}`, mood(v.result), checks(v.checks))
	for (const f of l.proofs) {
		tell(f.created_at, 'Proof signed', 'good', anchor(`/v1/proofs/${f.cid}`, f.cid))
		tell(f.pinned_at, 'Proof pinned on IPFS', 'good', 'the block: ', anchor(`/ipfs/${f.cid}`, `/ipfs/${short(f.cid)}`))
	}
	for (const o of l.payouts) {
		tell(o.created_at, `Payout of ${money(o.amount, o)} scheduled`, 'good', 'to ', code(o.payee))
		if (o.state === 'hold') tell(o.due_at, 'Hold ends', 'wait', 'then it is paid')
		if (o.state === 'held') tell(o.created_at, 'Payout held', 'bad', o.blocker ?? '')
	}
	for (const o of l.refunds) {
		tell(o.created_at, `${money(o.amount, o)} on the way back`, 'good', 'to the funder')
		if (o.state === 'waiting') tell(o.due_at, 'The escrow\'s lock ends', 'wait', 'then it goes back')
		if (o.state === 'held') tell(o.created_at, 'Refund held', 'bad', o.blocker ?? '')
	}
	for (const t of l.transactions) tell(t.sent_at, 'Transaction sent', 'good', `nonce ${t.nonce}, `, hash(t.tx_hash))
	for (const o of l.payouts) tell(o.paid_at, 'Paid', 'good', 'transaction ', hash(o.tx_hash))
	for (const o of l.refunds) if (o.tx_hash) tell(o.refunded_at, 'Back with the funder', 'good', 'transaction ', hash(o.tx_hash))
	for (const e of l.scores)
		tell(added(l, e), `${plural(units(e.points_micro, 6), 'point')} for ${e.login ?? 'the contributor'}`, 'good', `formula ${e.formula_version}`)
	for (const j of l.jobs) {
		const last = j.runs.at(-1)
		if (j.state === 'parked') tell(last.finished_at, `${j.kind} waits for a person`, 'bad', `${last.error_code}: ${last.error ?? ''}`)
		else if (j.state === 'running') tell(j.created_at, `${j.kind} is running`, 'wait', `job ${j.id}`)
	}
	return out.sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

function span(ms) {
	if (ms < 1) return ''
	if (ms < 1000) return `+${Math.round(ms)} ms`
	if (ms < 60_000) return `+${(ms / 1000).toFixed(1)} s`
	if (ms < 3_600_000) return `+${Math.round(ms / 60_000)} min`
	return ''
}

function entry(e, before) {
	const time = element('time', '', moment(e.at))
	time.dateTime = e.at
	const gap = before ? span(Date.parse(e.at) - Date.parse(before.at)) : ''
	return element('li', e.state, time, element('div', '', element('div', 'what', e.what, gap ? element('span', 'took', `  ${gap}`) : null),
		e.detail.length ? element('div', 'detail', ...e.detail) : null))
}

function summary(l) {
	const p = l.pulls[0]
	const b = l.bounties[0]
	const where = l.project?.full_name ?? ''
	if (p && b) return `${where} #${p.number} “${p.title}” by ${p.author}, ${money(b.amount, b)}`
	if (b) return `${where} #${b.issue_number} ${b.title}, ${money(b.amount, b)}, ${words(b.state)}${b.blocker ? `: ${b.blocker}` : ''}`
	return where || 'No pull request yet'
}

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
