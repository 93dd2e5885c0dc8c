// Forbidden windows: times in which GitHub wants to see no request. Every `every`-th request opens one, `times` at most, in turn of
// the kinds; those of remaining and of GraphQL shut one resource, the others all:
//   retry_after   403 with Retry-After            too_many   429 with Retry-After
//   reset         200 that says remaining 0, until x-ratelimit-reset
//   secondary     403 that names no end: a minute
//   graphql       200 with a RATE_LIMITED error   (on the next GraphQL request)
// A request inside a window is refused, and kept as a violation. At most `serial` requests of one token at once, when given.
const OPENS = {
  retry_after: s => ({ status: 403, headers: { 'retry-after': s }, message: 'You have exceeded a secondary rate limit' }),
  too_many: s => ({ status: 429, headers: { 'retry-after': s }, message: 'Too many requests' }),
  secondary: () => ({ status: 403, headers: {}, message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.' }),
}

export class Windows {
  constructor({ every = Infinity, kinds = ['retry_after'], seconds = 1, serial = Infinity, times = Infinity } = {}) {
    Object.assign(this, { every, kinds, seconds, serial, times })
    this.seen = this.opened = this.inFlight = this.most = 0
    this.until = { core: 0, search: 0, graphql: 0 }
    this.next = 0
    this.violations = []
  }

  report() {
    const { seen, opened, most, violations } = this
    return { seen, opened, most, violations }
  }

  // -> null, or what to answer instead: { status, headers, message } or { spent: reset time in seconds } or { graphql: true }
  admit(req, resource) {
    const now = Date.now()
    this.seen++
    this.most = Math.max(this.most, ++this.inFlight)
    if (now < this.until[resource] || this.inFlight > this.serial) {
      const why = now < this.until[resource] ? `inside a window, ${this.until[resource] - now} ms before its end` : `${this.inFlight} at once`
      this.violations.push({ method: req.method, url: req.url, why })
      return { status: 403, headers: {}, message: 'You have exceeded a secondary rate limit' }
    }
    if (++this.next < this.every || this.opened >= this.times) return null
    const kind = this.kinds[this.opened % this.kinds.length]
    if (kind === 'graphql' && resource !== 'graphql') return null
    this.next = 0
    this.opened++
    if (kind === 'reset' || kind === 'graphql') {
      const reset = Math.floor(now / 1000) + this.seconds + 1
      this.until[resource] = reset * 1000
      return kind === 'reset' ? { spent: reset } : { graphql: reset }
    }
    for (const r of Object.keys(this.until)) this.until[r] = now + (kind === 'secondary' ? 60_000 : this.seconds * 1000)
    return OPENS[kind](String(this.seconds))
  }

  leave() {
    this.inFlight--
  }
}
