// One contribution as /v1/lineage tells it: its story in the order of time.
import { anchor, code, element, hash, moment, money, mood, plural, short, units, words } from '/dom.js'

// What a flag is stands beside it: it is told, and stops nothing.
function checks(list) {
	return element('ul', 'checks', ...list.map(c => {
		const li = element('li', c.result, `${c.id} ${c.result}`, c.result === 'flag' ? `, stops nothing: ${c.detail || c.code}` : null)
		if (c.code) li.title = c.detail ? `${c.code}: ${c.detail}` : c.code
		return li
	}))
}

// When we heard of a merge, and when its points were added: GitHub's merged_at, which both carry, has whole seconds only.
const heard = (l, p) => l.deliveries.findLast(d => d.event === 'pull_request' && d.action === 'closed' && d.number === p.number)?.received_at ?? p.merged_at
const added = (l, e) => l.jobs.find(j => j.id === e.job_id)?.runs.find(r => r.state === 'done')?.finished_at
	?? l.payouts.find(o => o.id === e.source_id)?.paid_at ?? e.occurred_at

// Everything that has a time, as one story: { at, what, detail: nodes, state }. Told in the pipeline's order, which sorting by
// time keeps where times are the same.
export function story(l) {
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

export function entry(e, before) {
	const time = element('time', '', moment(e.at))
	time.dateTime = e.at
	const gap = before ? span(Date.parse(e.at) - Date.parse(before.at)) : ''
	return element('li', e.state, time, element('div', '', element('div', 'what', e.what, gap ? element('span', 'took', `  ${gap}`) : null),
		e.detail.length ? element('div', 'detail', ...e.detail) : null))
}

export function summary(l) {
	const p = l.pulls[0]
	const b = l.bounties[0]
	const where = l.project?.full_name ?? ''
	if (p && b) return `${where} #${p.number} “${p.title}” by ${p.author}, ${money(b.amount, b)}`
	if (b) return `${where} #${b.issue_number} ${b.title}, ${money(b.amount, b)}, ${words(b.state)}${b.blocker ? `: ${b.blocker}` : ''}`
	return where || 'No pull request yet'
}
