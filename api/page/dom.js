// What every page here is made of: elements, times, amounts. Everything is set as text, never as markup.
export const $ = id => document.getElementById(id)

// Attributes by name; "onclick" and the like are listeners. What is null, undefined or false is left out.
export function node(tag, attributes, ...children) {
	const e = document.createElement(tag)
	for (const [name, value] of Object.entries(attributes)) {
		if (value === null || value === undefined || value === false) continue
		if (name.startsWith('on')) e.addEventListener(name.slice(2), value)
		else e.setAttribute(name, value === true ? '' : value)
	}
	e.append(...children.flat().filter(c => c !== null && c !== undefined && c !== false))
	return e
}

export const element = (tag, className, ...children) => node(tag, className ? { class: className } : {}, ...children)

// "250000000", 6 -> "250"
export function units(amount, decimals) {
	const digits = BigInt(amount).toString().padStart(decimals + 1, '0')
	const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, '\u202f')
	const rest = decimals ? digits.slice(-decimals).replace(/0+$/, '') : ''
	return rest ? `${whole}.${rest.slice(0, 4)}` : whole
}

export const money = (amount, asset) => `${units(amount, asset.decimals)} ${asset.symbol}`

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'long' })
const since = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })

export function ago(time) {
	const s = (Date.parse(time) - Date.now()) / 1000
	const [n, unit] = Math.abs(s) < 60 ? [s, 'second'] : Math.abs(s) < 3600 ? [s / 60, 'minute']
		: Math.abs(s) < 86400 ? [s / 3600, 'hour'] : [s / 86400, 'day']
	return since.format(Math.round(n), unit)
}

// A time as people say it; the exact one is its title. Pages that stand for long tell it again: tellAgain().
export const when = at => (at ? node('time', { class: 'ago', datetime: at, title: exact.format(new Date(at)) }, ago(at)) : null)
export function tellAgain() {
	for (const t of document.querySelectorAll('time.ago')) if (t.textContent !== ago(t.dateTime)) t.textContent = ago(t.dateTime)
}

// Milliseconds, for people.
export function lasted(ms) {
	if (ms < 1000) return `${Math.round(ms)} ms`
	if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
	if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`
	return ms < 172_800_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${Math.round(ms / 86_400_000)} days`
}

const GOOD = new Set(['open', 'paid', 'verified', 'done', 'confirmed', 'pass'])
const BAD = new Set(['rejected', 'lost', 'refused', 'frozen', 'disputed', 'parked', 'failed', 'fail', 'conflict', 'cancelled', 'expired'])
export const mood = state => (GOOD.has(state) ? 'good' : BAD.has(state) ? 'bad' : 'wait')
export const words = state => state.replaceAll('_', ' ')

export const short = (text, n = 10) => (text && text.length > 2 * n + 3 ? `${text.slice(0, n)}…${text.slice(-n)}` : text)
export const code = text => element('code', '', text)
export const hash = text => Object.assign(code(short(text)), { title: text })

export function anchor(href, text) {
	const a = element('a', '', code(text))
	a.href = href
	return a
}

export const plural = (n, one) => (n === '1' ? `1 ${one}` : `${n} ${one}s`)
export const moment = time => `${day.format(new Date(time))} ${clock.format(new Date(time))}`
