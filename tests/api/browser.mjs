// Chromium, driven over its DevTools protocol by a pipe: pages that a test uses by keys alone, each person in a profile of their own,
// with a wallet whose key stays with the test. Requests to any host but ours, and what a page complains of, are kept.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../stack/proc.mjs'

export const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--disable-default-apps', '--disable-dev-shm-usage']

// Any host but ours would be asked through this proxy, which notes it. Chromium's own calls home are not the page's.
export async function startProxy() {
  const asked = []
  const server = createServer((req, resp) => { asked.push(req.url); resp.writeHead(502).end() })
  server.on('connect', (req, socket) => { asked.push(req.url); socket.destroy() })
  await new Promise(up => server.listen(0, '127.0.0.1', up))
  return {
    flags: [`--proxy-server=127.0.0.1:${server.address().port}`, '--proxy-bypass-list=127.0.0.1'],
    strayed: () => asked.filter(u => !/google|gvt1/.test(u)),
    stop: () => server.close(),
  }
}

// A wallet as extensions offer it (EIP-1193): every request goes out to the test, which answers or refuses.
const WALLET = `(() => {
  const waiting = new Map()
  let n = 0
  window.ethereum = { on() {}, removeListener() {}, request: ({ method, params }) => new Promise((done, fail) => {
    waiting.set(++n, { done, fail })
    __wallet(JSON.stringify({ n, method, params }))
  }) }
  window.__answer = (n, { result, error }) => {
    const { done, fail } = waiting.get(n)
    if (error) fail(Object.assign(new Error(error.message), error))
    else done(result)
  }
})()`

// viem's account -> a wallet on this chain; refuse() makes the next signature a refusal
export function walletOf(account, chain) {
  let refused = false
  return {
    refuse: () => { refused = true },
    async answer(method, params = []) {
      if (method === 'eth_requestAccounts' || method === 'eth_accounts') return { result: [account.address] }
      if (method === 'eth_chainId') return { result: `0x${chain.toString(16)}` }
      if (method !== 'personal_sign') return { error: { code: 4200, message: `unsupported ${method}` } }
      if (!refused) return { result: await account.signMessage({ message: { raw: params[0] } }) }
      refused = false
      return { error: { code: 4001, message: 'User rejected the request.' } }
    },
  }
}

const KEYS = { Enter: ['Enter', 13, '\r'], Tab: ['Tab', 9], Escape: ['Escape', 27], ' ': ['Space', 32, ' '] }

export class Browser {
  static async start() {
    const b = new Browser()
    b.profile = mkdtempSync(join(tmpdir(), 'patchwork-browser-'))
    b.proxy = await startProxy()
    b.child = spawn('chromium', [...FLAGS, ...b.proxy.flags, `--user-data-dir=${b.profile}`, '--remote-debugging-pipe', 'about:blank'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] })
    b.waiting = new Map()
    b.listeners = new Map()
    b.last = 0
    let rest = ''
    b.child.stdio[4].setEncoding('utf8').on('data', text => {
      const pieces = (rest + text).split('\0')
      rest = pieces.pop()
      for (const piece of pieces) b.hear(JSON.parse(piece))
    })
    b.gone = new Promise(done => b.child.once('close', done))
    await b.send('Browser.getVersion')
    return b
  }

  hear({ id, sessionId, method, params, result, error }) {
    if (method) return this.listeners.get(sessionId)?.(method, params)
    const { done, fail, what } = this.waiting.get(id)
    this.waiting.delete(id)
    if (error) fail(new Error(`${what}: ${error.message}`))
    else done(result)
  }

  send(method, params = {}, sessionId) {
    return new Promise((done, fail) => {
      this.waiting.set(++this.last, { done, fail, what: method })
      this.child.stdio[3].write(`${JSON.stringify({ id: this.last, method, params, sessionId })}\0`)
    })
  }

  // A page of somebody who shares nothing with the other pages; without a wallet it has none.
  async page(origin, wallet) {
    const { browserContextId } = await this.send('Target.createBrowserContext', { proxyServer: this.proxy.flags[0].split('=')[1], proxyBypassList: '127.0.0.1' })
    const { targetId } = await this.send('Target.createTarget', { url: 'about:blank', browserContextId, width: 1280, height: 900 })
    const { sessionId } = await this.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page((method, params) => this.send(method, params, sessionId), origin, wallet)
    this.listeners.set(sessionId, (method, params) => page.hear(method, params))
    await page.begin()
    return page
  }

  async stop() {
    await this.send('Browser.close')
    await this.gone
    this.proxy.stop()
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 3 })
  }
}

class Page {
  constructor(send, origin, wallet) {
    Object.assign(this, { send, origin, wallet, complaints: [], strayed: [] })
  }

  async begin() {
    for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.send(`${domain}.enable`)
    await this.send('Emulation.setFocusEmulationEnabled', { enabled: true })
    if (!this.wallet) return
    await this.send('Runtime.addBinding', { name: '__wallet' })
    await this.send('Page.addScriptToEvaluateOnNewDocument', { source: WALLET })
  }

  hear(method, p) {
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(p.type)) this.complaints.push(JSON.stringify(p.args))
    if (method === 'Runtime.exceptionThrown') this.complaints.push(p.exceptionDetails.exception?.description ?? p.exceptionDetails.text)
    if (method === 'Log.entryAdded' && ['error', 'warning'].includes(p.entry.level)) this.complaints.push(`${p.entry.text} ${p.entry.url ?? ''}`)
    if (method === 'Network.requestWillBeSent' && !p.request.url.startsWith(`${this.origin}/`) && !p.request.url.startsWith('data:')) this.strayed.push(p.request.url)
    if (method === 'Runtime.bindingCalled') this.sign(JSON.parse(p.payload))
  }

  async sign({ n, method, params }) {
    const answer = await this.wallet.answer(method, params)
    await this.run(`__answer(${n}, ${JSON.stringify(answer)})`)
  }

  async run(expression) {
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true })
    if (exceptionDetails) throw new Error(`${expression}: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`)
    return result.value
  }

  open = path => this.send('Page.navigate', { url: this.origin + path })
  reload = () => this.send('Page.reload')
  text = () => this.run('document.body.innerText')

  // Until an expression is true in the page; says what stands there when it never is.
  async until(expression) {
    let found
    await until(expression, async () => { found = await this.run(`(() => { try { return ${expression} } catch { return null } })()`); return found },
      { timeout: 30_000 }).catch(async e => { throw new Error(`${e.message}\n${await this.text()}`) })
    return found
  }

  sees = text => this.until(`document.body.innerText.includes(${JSON.stringify(text)})`)
  at = () => this.run('location.hash')

  async press(key) {
    const [code, windowsVirtualKeyCode, text] = KEYS[key] ?? (/^[a-z]$/i.test(key) ? [`Key${key.toUpperCase()}`, key.toUpperCase().charCodeAt(0), key]
      : [undefined, undefined, key.length === 1 ? key : undefined])
    await Promise.all([
      this.send('Input.dispatchKeyEvent', { type: text ? 'keyDown' : 'rawKeyDown', key, code, windowsVirtualKeyCode, text }),
      this.send('Input.dispatchKeyEvent', { type: 'keyUp', key, code, windowsVirtualKeyCode }),
    ])
  }

  type = text => Promise.all([...text].map(letter => this.press(letter)))

  // What has the focus, as it is called.
  focused = () => this.run(`(e => e.ariaLabel || e.labels?.[0]?.innerText || e.innerText || e.tagName)(document.activeElement)`)

  // Tab, and nothing else, until that has the focus; the focus must be visible.
  async tabTo(name) {
    const passed = []
    for (let i = 0; i < 120; i++) {
      await this.press('Tab')
      passed.push(await this.focused())
      if (passed.at(-1) !== name) continue
      if (!await this.run(`document.activeElement.matches(':focus-visible')`)) throw new Error(`${name}: the focus cannot be seen`)
      return
    }
    throw new Error(`Tab does not come to "${name}", but to: ${[...new Set(passed)].join(' | ')}`)
  }

  size = (width, height, dark = false) => Promise.all([
    this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false }),
    this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }] }),
  ])

  async screenshot(file) {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: false })
    writeFileSync(file, Buffer.from(data, 'base64'))
  }
}
