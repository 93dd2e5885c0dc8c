// What keys do. They are ours only where nobody types, and each thing they do can be reached by Tab, too.
import { node } from '/dom.js'

const TOLD = [
	['1 … 6', 'the views, in their order'],
	['/', 'to the filter'],
	['j, ↓', 'next row'],
	['k, ↑', 'row before'],
	['Enter', 'open it'],
	['x', 'select it'],
	['n', 'next page'],
	['r', 'refresh'],
	['Esc', 'leave a dialog or a field'],
	['?', 'these keys'],
]

export function help() {
	const box = node('dialog', { 'aria-labelledby': 'd-title' }, node('h2', { id: 'd-title' }, 'Keys'),
		node('dl', { class: 'keys' }, TOLD.map(([key, does]) => node('div', {}, node('dt', {}, node('kbd', {}, key)), node('dd', {}, does)))),
		node('div', { class: 'buttons' }, node('button', { type: 'button', class: 'main', onclick: () => box.close() }, 'Close')))
	box.addEventListener('close', () => box.remove())
	document.body.append(box)
	box.showModal()
}

const rowOf = e => e?.closest('tbody tr')

// Focus goes to what the row opens, or to whatever else it has.
function move(main, by) {
	const rows = [...main.querySelectorAll('tbody tr')]
	const at = rows.indexOf(rowOf(document.activeElement))
	const row = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)]
	const to = row?.querySelector('a') ?? row?.querySelector('button, summary, input')
	to?.focus()
}

export function keys({ refresh, main }) {
	const does = {
		j: () => move(main, 1),
		k: () => move(main, -1),
		x: () => rowOf(document.activeElement)?.querySelector('input[type=checkbox]')?.click(),
		n: () => main.querySelector('a[rel=next]')?.click(),
		r: refresh,
		'/': () => main.querySelector('.filters input, .filters select')?.focus(),
		'?': help,
	}
	addEventListener('keydown', e => {
		if (e.ctrlKey || e.metaKey || e.altKey || document.querySelector('dialog[open]')) return
		if (e.target.matches('input:not([type=checkbox]), select, textarea')) {
			if (e.key === 'Escape') main.querySelector('h1')?.focus()
			return
		}
		if (rowOf(e.target)) Object.assign(does, { ArrowDown: does.j, ArrowUp: does.k })
		else { delete does.ArrowDown; delete does.ArrowUp }
		const view = /^[1-6]$/.test(e.key) && document.querySelectorAll('#nav:not([hidden]) a')[e.key - 1]
		if (!view && !does[e.key]) return
		e.preventDefault()
		if (view) view.click()
		else does[e.key]()
	})
}
