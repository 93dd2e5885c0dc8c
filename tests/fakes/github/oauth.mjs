// GitHub's web application flow: /login/oauth/authorize and /login/oauth/access_token, /user by a user's token, and the app's own
// DELETE /applications/{client_id}/token. As GitHub does it and servers of the standard do not: errors of the exchange have status
// 200, the answer is a form unless JSON is asked for, tokens are opaque, only S256 is taken.
import { createHash, randomBytes } from 'node:crypto'

const LIFE = 600_000 // of a code, ms
const REFRESH_LIFE = 15_897_600 // of a refresh token, s
const word = prefix => prefix + randomBytes(18).toString('hex')
const bad = { status: 401, json: { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest', status: '401' } }

export class OAuth {
  constructor(world) {
    this.world = world
    this.codes = new Map()
    this.tokens = new Map() // token -> user
    this.refreshes = new Map() // refresh token -> { user, token, lives, until }
    this.app = null
  }

  // user: who sits at the browser; deny: he does not want it; lives: seconds, of tokens that end; refresh: they come with a refresh
  // token, as GitHub's do
  set({ client_id, client_secret, callback, user, deny = false, lives = null, refresh = true }) {
    this.app = { client_id, client_secret, callback, user, deny, lives, refresh }
  }

  revoke({ user }) {
    let n = 0
    for (const [token, u] of this.tokens) if (u === this.world.user(user)) n += this.tokens.delete(token)
    for (const [refresh, r] of this.refreshes) if (r.user === this.world.user(user)) this.refreshes.delete(refresh)
    return { revoked: n }
  }

  answer(req, url, body) {
    if (url.pathname === '/login/oauth/authorize' && req.method === 'GET') return this.authorize(url.searchParams)
    if (url.pathname === '/login/oauth/access_token' && req.method === 'POST') return this.exchange(req, new URLSearchParams(body))
    const [, token] = (req.headers.authorization ?? '').match(/^bearer +(\S+)$/i) ?? []
    if (url.pathname === '/user' && this.tokens.has(token)) return { user: this.tokens.get(token) }
    const [, client] = url.pathname.match(/^\/applications\/([^/]+)\/token$/) ?? []
    return client && req.method === 'DELETE' ? this.forget(req, client, body) : null
  }

  authorize(q) {
    const { app } = this
    if (!app || q.get('client_id') !== app.client_id) return { status: 404, text: 'Not Found' }
    const to = new URL(q.get('redirect_uri') ?? app.callback)
    const method = q.get('code_challenge_method')
    if (q.get('redirect_uri') && q.get('redirect_uri') !== app.callback) {
      to.href = app.callback
      to.searchParams.set('error', 'redirect_uri_mismatch')
    } else if (app.deny) to.searchParams.set('error', 'access_denied')
    else if (q.has('code_challenge') && method !== 'S256') to.searchParams.set('error', 'invalid_request')
    else {
      const code = word('')
      this.codes.set(code, { user: this.world.user(app.user), challenge: q.get('code_challenge'), redirect: q.get('redirect_uri'), at: Date.now() })
      to.searchParams.set('code', code)
    }
    if (q.has('state')) to.searchParams.set('state', q.get('state'))
    return { status: 302, headers: { location: to.href }, text: '' }
  }

  exchange(req, form) {
    const said = this.grant(form)
    const json = /application\/json/.test(req.headers.accept ?? '')
    return json ? { status: 200, json: said }
      : { status: 200, text: new URLSearchParams(said).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' } }
  }

  grant(form) {
    const no = (error, error_description) => ({ error, error_description, error_uri: 'https://docs.github.com/apps' })
    const { app } = this
    if (!app || form.get('client_id') !== app.client_id || form.get('client_secret') !== app.client_secret)
      return no('incorrect_client_credentials', 'The client_id and/or client_secret passed are incorrect.')
    if (form.get('grant_type') === 'refresh_token') return this.renew(form.get('refresh_token')) ?? no('bad_refresh_token', 'The refresh token passed is incorrect or expired.')
    const c = this.codes.get(form.get('code'))
    this.codes.delete(form.get('code'))
    const proof = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url')
    if (!c || Date.now() - c.at > LIFE || (c.challenge && proof !== c.challenge))
      return no('bad_verification_code', 'The code passed is incorrect or expired.')
    if (c.redirect && form.get('redirect_uri') !== c.redirect)
      return no('redirect_uri_mismatch', 'The redirect_uri MUST match the registered callback URL for this application.')
    return this.issue(c.user, app.lives, app.refresh)
  }

  issue(user, lives, renewable) {
    const token = word(lives ? 'ghu_' : 'gho_')
    this.tokens.set(token, user)
    if (!lives || !renewable) return { access_token: token, token_type: 'bearer', scope: '', ...(lives && { expires_in: lives }) }
    const refresh = word('ghr_')
    this.refreshes.set(refresh, { user, token, lives, until: Date.now() + REFRESH_LIFE * 1000 })
    return { access_token: token, expires_in: lives, refresh_token: refresh, refresh_token_expires_in: REFRESH_LIFE, scope: '', token_type: 'bearer' }
  }

  // Good once, and with it ends the access token that it came with.
  renew(refresh) {
    const r = this.refreshes.get(refresh)
    if (!r || Date.now() > r.until) return null
    this.refreshes.delete(refresh)
    this.tokens.delete(r.token)
    return this.issue(r.user, r.lives, true)
  }

  forget(req, client, body) {
    const who = Buffer.from((req.headers.authorization ?? '').replace(/^basic +/i, ''), 'base64').toString()
    if (!this.app || client !== this.app.client_id || who !== `${client}:${this.app.client_secret}`) return bad
    const { access_token } = JSON.parse(body)
    const gone = this.tokens.delete(access_token)
    for (const [refresh, r] of this.refreshes) if (r.token === access_token) this.refreshes.delete(refresh)
    return gone ? { status: 204, text: '' } : { status: 404, json: { message: 'Not Found', status: '404' } }
  }
}
