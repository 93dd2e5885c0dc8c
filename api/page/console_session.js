// Who is signed in, and what the API answers them. Tokens live in this module alone. While the page is away, as in a reload, they
// wait in sessionStorage, which is empty as long as the page lives: a copied tab would bring the same refresh token a second time,
// and that ends the session.
const KEPT = 'patchwork.session'
const PATIENCE = 30_000

let session = null // { token, refresh_token, renew_at, person_id, address, roles }
let renewing = null
let ended = () => {}

export const signedIn = () => session
export const mayWrite = () => session.roles.some(r => r === 'admin' || r === 'operator')
export const mayRead = () => mayWrite() || session.roles.includes('auditor')
export const onEnd = then => { ended = then }

// What the API refused, or that it did not answer: { status, code, title, detail, request_id }.
export class Refusal extends Error {
	constructor(told) {
		super(told.title)
		Object.assign(this, told)
	}
}

const silence = method => new Refusal({ status: 0, title: 'The API does not answer',
	detail: method === 'GET' ? 'Look whether it runs, then refresh.' : 'It may have been done all the same: look before you repeat it.' })

async function send(method, path, body) {
	const headers = { accept: 'application/json' }
	if (session) headers.authorization = `Bearer ${session.token}`
	if (body !== undefined) headers['content-type'] = 'application/json'
	let resp, told
	try {
		resp = await fetch(path, { method, headers, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE), body: body && JSON.stringify(body) })
		told = await resp.json()
	} catch {
		throw silence(method)
	}
	if (!resp.ok) throw new Refusal({ ...told, status: resp.status, wait: Number(resp.headers.get('retry-after')) })
	return { status: resp.status, body: told }
}

// The token says how long it lives; this machine's clock may be wrong.
function take(answer) {
	const { iat, exp } = JSON.parse(atob(answer.token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/')))
	const lives = (exp - iat) * 1000
	session = { roles: [], ...session, token: answer.token, refresh_token: answer.refresh_token, person_id: answer.person_id,
		renew_at: Date.now() + lives - Math.min(60_000, lives / 4) }
	watch()
}

let timer
function watch() {
	clearTimeout(timer)
	timer = setTimeout(() => renew().catch(() => {}), Math.max(1000, session.renew_at - Date.now()))
}

function end(why) {
	session = null
	sessionStorage.removeItem(KEPT)
	ended(why)
}

const lost = () => new Refusal({ title: 'The sign-in could not be renewed', detail: 'The API did not answer, and may have renewed it all the same. '
	+ 'To ask twice would end the session and its machine tokens everywhere, so it was given up here alone: sign in again.' })

// A refresh token is good once: one that was sent is not sent again, unless an answer says that nothing came of it.
async function renewNow() {
	const { refresh_token } = session
	try {
		const { body } = await send('POST', '/v1/auth/refresh', { refresh_token })
		if (session) take(body)
	} catch (e) {
		const told = (e.status > 0 && e.status < 500) || ['api.busy', 'api.database_down'].includes(e.code)
		const why = told ? e : lost()
		if (session && (!told || e.status === 401 || e.status === 403)) end(why)
		throw why
	}
}

function renew() {
	if (!session || Date.now() < session.renew_at) return Promise.resolve()
	renewing ??= renewNow().finally(() => { renewing = null })
	return renewing
}

export async function ask(method, path, body) {
	await renew()
	try {
		return (await send(method, path, body)).body
	} catch (e) {
		if (e.code === 'auth.token_expired' && session) {
			session.renew_at = 0
			await renew()
			return (await send(method, path, body)).body
		}
		if (e.status === 401 && session) end(e)
		throw e
	}
}

export const get = path => ask('GET', path)

// What runs jobs of stage pay again wants a fresh signature: the wallet is asked for it, and the request is sent once more.
export async function post(path, body) {
	try {
		return await ask('POST', path, body)
	} catch (e) {
		if (e.code !== 'auth.step_up_required' || !window.ethereum) throw e
	}
	await confirm('jobs.pay')
	return ask('POST', path, body)
}

const hex = text => `0x${[...new TextEncoder().encode(text)].map(b => b.toString(16).padStart(2, '0')).join('')}`

async function asked(wallet, method, params) {
	try {
		return await wallet.request({ method, params })
	} catch (e) {
		throw new Refusal(e.code === 4001 ? { title: 'You declined in the wallet', detail: 'Nothing was signed. Try again when you want to.' }
			: { title: 'The wallet refused', detail: `${e.message ?? method}` })
	}
}

async function account(wallet) {
	const [address] = await asked(wallet, 'eth_requestAccounts')
	return { address, chain_id: Number(await asked(wallet, 'eth_chainId')) }
}

// What takes a text of ours back: { message, signature }.
async function signed(wallet, address, message) {
	const signature = await asked(wallet, 'personal_sign', [hex(message), address])
	if (signature.length !== 132) throw new Refusal({ title: 'This wallet is a contract', detail: 'The console takes wallets that sign with a key of their own.' })
	return { message, signature }
}

// The wallet signs that this session does that, for five minutes.
async function confirm(action) {
	const wallet = window.ethereum
	const { address, chain_id } = await account(wallet)
	const { message } = await ask('POST', '/v1/auth/step-up', { action, object_id: session.person_id, address, chain: `eip155:${chain_id}` })
	await ask('POST', '/v1/auth/step-up/verify', await signed(wallet, address, message))
}

export async function signIn() {
	const wallet = window.ethereum
	const { address, chain_id } = await account(wallet)
	const { body: { message } } = await send('POST', '/v1/auth/challenge', { address, chain_id })
	take((await send('POST', '/v1/auth/verify', await signed(wallet, address, message))).body)
	session.address = address
	await meet()
}

// Roles are read anew with each load of the page; each request is judged by the server anyway.
async function meet() {
	session.roles = (await get('/v1/me')).roles
}

export async function signOut() {
	await send('POST', '/v1/auth/logout').catch(() => {})
	end(null)
}

// Goes on after a reload.  -> whether somebody is signed in
export async function resume() {
	const kept = sessionStorage.getItem(KEPT)
	sessionStorage.removeItem(KEPT)
	if (!kept) return false
	session = JSON.parse(kept)
	watch()
	await meet()
	return true
}

addEventListener('pagehide', () => session && !renewing && sessionStorage.setItem(KEPT, JSON.stringify(session)))
addEventListener('pageshow', e => e.persisted && sessionStorage.removeItem(KEPT))
