// What the console's views are made of: tables, filters, pages, dialogs, refusals.
import { mood, node, short, words } from '/dom.js'

export const stages = ['sync', 'verify', 'prove', 'pay', 'score']

// What is said of an empty page: a search may have looked at thousands and not be at its end.
export const nothing = (list, none) => (list.next_cursor ? 'None so far, and not all was looked at: go on to the next page.' : none)

// columns: { head, cell(row), number, row, bare }; the one with row names its row, one that is bare needs no head beside it. none: what is said when there are no rows.
export function table(caption, columns, rows, none) {
	if (rows.length === 0) return node('p', { class: 'none' }, none)
	const cell = (c, r) => node(c.row ? 'th' : 'td', { scope: c.row && 'row', class: c.number && 'number', 'data-head': !c.bare && c.head },
		c.cell(r) ?? node('span', { class: 'soft' }, '–'))
	return node('table', {}, node('caption', { class: 'hidden' }, caption),
		node('thead', {}, node('tr', {}, columns.map(c => node('th', { scope: 'col', class: c.number && 'number' }, c.title ?? c.head)))),
		node('tbody', {}, rows.map(r => node('tr', {}, columns.map(c => cell(c, r))))))
}

// What stands at the head of a view; tools are buttons and links.
export const head = (title, ...tools) => node('div', { class: 'head' }, node('h1', { tabindex: '-1' }, title), node('div', { class: 'tools' }, tools))

export const state = s => node('span', { class: `state ${mood(s)}` }, words(s))

export function button(text, onclick, { key, kind = '' } = {}) {
	return node('button', { type: 'button', class: kind, 'data-key': key ?? text, onclick }, text)
}

export function link(href, text, key) {
	return node('a', { href, 'data-key': key ?? href }, text)
}

// Who did it; there is more that they did.
export function who(actor) {
	const [kind, id] = actor.split(/:(.*)/)
	return node('a', { class: 'id', href: address('audit', { actor }), title: actor }, id ? `${kind}:${short(id, 4)}` : actor)
}

export const jobLink = id => (id ? link(`#/job/${id}`, String(id), `job-${id}`) : null)

// --- addresses: every view and its filters are one ---

export function address(view, values) {
	const query = new URLSearchParams(Object.entries(values).filter(([, v]) => v !== null && v !== undefined && v !== ''))
	return `#/${view}${[...query].length ? `?${query}` : ''}`
}

const local = iso => {
	const at = new Date(iso)
	return Number.isNaN(at.getTime()) ? '' : new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

function input(f, value) {
	const id = `f-${f.name}`
	if (f.options)
		return node('select', { id, name: f.name, 'data-key': id }, node('option', { value: '' }, 'any'),
			f.options.map(o => node('option', { value: o, selected: o === value }, words(o))))
	return node('input', { id, name: f.name, 'data-key': id, type: f.time ? 'datetime-local' : 'text', value: f.time && value ? local(value) : value,
		list: f.list && `${id}-list`, placeholder: f.example, autocomplete: 'off', spellcheck: 'false' })
}

// fields: { name, label, options, time, list, example }. Applying them goes to the view's address with them.
export function filters(view, fields, query) {
	const form = node('form', { class: 'filters', role: 'search', 'aria-label': 'Filter' }, fields.map(f => node('div', {},
		node('label', { for: `f-${f.name}` }, f.label), input(f, query.get(f.name) ?? ''),
		f.list && node('datalist', { id: `f-${f.name}-list` }, f.list.map(o => node('option', { value: o }))))),
	node('div', { class: 'apply' }, node('button', { type: 'submit', 'data-key': 'apply' }, 'Apply'), link(`#/${view}`, 'Clear', 'clear')))
	form.addEventListener('submit', e => {
		e.preventDefault()
		const values = Object.fromEntries(fields.map(f => [f.name, form.elements[f.name].value.trim()]))
		for (const f of fields) if (f.time && values[f.name]) values[f.name] = new Date(values[f.name]).toISOString()
		location.hash = address(view, values)
	})
	return form
}

// The names in query that are asked for, as a query of the API's.
export function queryOf(query, names, more = {}) {
	const out = new URLSearchParams()
	for (const [ours, theirs] of Object.entries(names)) if (query.get(ours)) out.set(theirs, query.get(ours))
	for (const [name, value] of Object.entries(more)) if (value) out.set(name, value)
	return out
}

export function pages(view, query, next) {
	const values = Object.fromEntries(query)
	return node('nav', { class: 'pages', 'aria-label': 'Pages' },
		query.get('cursor') ? link(address(view, { ...values, cursor: '' }), 'First page', 'first') : null,
		next ? node('a', { href: address(view, { ...values, cursor: next }), 'data-key': 'next', rel: 'next' }, 'Next page') : null)
}

// --- what goes wrong ---

export function refusal(e) {
	if (e.status === undefined && !e.detail) console.error(e)
	return node('div', { class: 'refusal' }, node('p', {}, node('strong', {}, e.title ?? 'The page itself failed'), e.code ? [' ', node('code', {}, e.code)] : null),
		node('p', {}, e.detail ?? 'Reload it, and report what the browser\'s console says.', e.wait ? ` Wait ${e.wait} s.` : ''),
		e.request_id ? node('p', { class: 'soft' }, 'request ', node('code', {}, e.request_id)) : null)
}

export function say(text) {
	const said = document.getElementById('said')
	said.textContent = text
}

// --- dialogs ---

function field(f) {
	const id = `d-${f.name}`
	const control = f.options ? node('select', { id, name: f.name }, f.options.map(o => node('option', { value: o }, words(o))))
		: node('input', { id, name: f.name, type: 'text', required: true, maxlength: f.most ?? 200, value: f.value, placeholder: f.example, autocomplete: 'off',
			'aria-describedby': f.hint && `${id}-hint` })
	return node('div', { class: 'field' }, node('label', { for: id }, f.label), control, f.hint ? node('p', { class: 'soft', id: `${id}-hint` }, f.hint) : null)
}

export const reason = { name: 'reason', label: 'Reason', most: 1000, hint: 'Goes into the audit log with your name.' }

// Asks for fields, then acts; a refusal is shown where it was asked.  -> what act answered, or null when it was left
export function dialog({ title, text, fields = [reason], action, act, danger }) {
	return new Promise(done => {
		let answer = null
		const trouble = node('div', { role: 'alert' })
		const go = node('button', { type: 'submit', class: danger ? 'danger' : 'main' }, action)
		const form = node('form', { method: 'dialog' }, node('h2', { id: 'd-title' }, title), text ? node('p', {}, text) : null, fields.map(field), trouble,
			node('div', { class: 'buttons' }, node('button', { type: 'button', onclick: () => box.close() }, 'Leave'), go))
		const box = node('dialog', { 'aria-labelledby': 'd-title' }, form)
		form.addEventListener('submit', async e => {
			e.preventDefault()
			go.disabled = true
			try {
				answer = await act(Object.fromEntries(new FormData(form)))
				box.close()
			} catch (e2) {
				trouble.replaceChildren(refusal(e2))
				go.disabled = false
			}
		})
		box.addEventListener('close', () => { box.remove(); done(answer) })
		document.body.append(box)
		box.showModal()
	})
}
