// What the tests of the routes share: a database of their own, the API before it, wallets that sign in, rows to ask for.
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startStack } from '../stack/stack.mjs'

export const CHAIN = 338
export const ESCROW = '0x5FbDB2315678afecb367f032d93F642f64180aa3'
export const TOKEN = '0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512'
export const GITHUB_SECRET = "It's a Secret to Everybody"

export async function startApi({ conf = {}, parts = ['postgres', 'redis', 'api'], chain = true, env = {}, ...options } = {}) {
  const dir = mkdtempSync('/var/tmp/patchwork-api-test.')
  const stack = await startStack({
    dir, parts, programs: 'san', fsync: false,
    conf: { 'api.workers': 2, 'api.connect_wait': '5s', 'api.statement_timeout': '30s', // a slow machine is no reason for 503
      'api.origin': 'https://app.example', 'limit.login_per_minute': 100000, 'limit.login_burst': 10000,
      'limit.read_per_minute': 100000, 'limit.read_burst': 10000, 'limit.write_per_minute': 100000, 'limit.write_burst': 10000,
      'limit.project_per_minute': 100000, 'limit.project_burst': 10000,
      ...conf },
    env: { api: { LSAN_OPTIONS: `suppressions=${join(dirname(fileURLToPath(import.meta.url)), 'lsan.txt')}:print_suppressions=0`, ...env } },
    ...options,
  })
  if (chain) await stack.sql(`insert into core.chain (id, caip2, confirmations, escrow) values (${CHAIN}, 'eip155:${CHAIN}', 1, '\\x${ESCROW.slice(2)}');
    insert into core.asset (caip19, chain_id, token, symbol, decimals)
    values ('eip155:${CHAIN}/erc20:${TOKEN}', ${CHAIN}, '\\x${TOKEN.slice(2)}', 'TUSD', 6)`)
  return new Api(stack, dir)
}

export class Api {
  constructor(stack, dir) {
    this.stack = stack
    this.dir = dir
    this.url = stack.url('api')
    this.secret = stack.secret('webhook-secret')
  }

  sql = text => this.stack.sql(text)
  rows = async table => Number(await this.sql(`select count(*) from ${table}`))

  // Sanitizers' findings and our own errors are failures, too.
  async stop() {
    const ended = await this.stack.stop().then(() => '', e => e.message)
    const log = readFileSync(join(this.dir, 'log/api.log'), 'utf8')
    await this.stack.stop({ remove: true }).catch(() => {}) // it has said so already
    rmSync(this.dir, { recursive: true, force: true })
    if (ended || /level=error/.test(log)) throw new Error(`${ended}\nthe API's log:\n${log}`)
  }

  // -> { status, headers, body (parsed when it is JSON), text }
  async ask(method, path, { body, token, headers = {}, raw } = {}) {
    const sent = { ...headers }
    if (token) sent.authorization = `Bearer ${token}`
    if (body !== undefined && !('content-type' in sent)) sent['content-type'] = 'application/json'
    const resp = await fetch(this.url + path, {
      method, headers: sent, body: raw ?? (body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)),
    })
    const text = await resp.text()
    const json = /json/.test(resp.headers.get('content-type') ?? '')
    return { status: resp.status, headers: resp.headers, text, body: json && text ? JSON.parse(text) : undefined }
  }

  get = (path, options) => this.ask('GET', path, options)
  post = (path, body, options) => this.ask('POST', path, { body, ...options })
  remove = (path, options) => this.ask('DELETE', path, options)

  async challenge(account) {
    const { body } = await this.post('/v1/auth/challenge', { address: account.address, chain_id: CHAIN })
    return body
  }

  async signIn(account) {
    const { message } = await this.challenge(account)
    const signature = await account.signMessage({ message })
    const { status, body } = await this.post('/v1/auth/verify', { message, signature })
    if (status !== 200) throw new Error(`sign-in: ${status} ${JSON.stringify(body)}`)
    return body
  }

  // The session's wallet signs that it does this to that: for five minutes its token may.
  async stepUp({ account, token }, action, object) {
    const { body: { message } } = await this.post('/v1/auth/step-up',
      { action, object_id: object, address: account.address, chain: `eip155:${CHAIN}` }, { token })
    const { status, body } = await this.post('/v1/auth/step-up/verify', { message, signature: await account.signMessage({ message }) }, { token })
    if (status !== 200) throw new Error(`step-up: ${status} ${JSON.stringify(body)}`)
    return body
  }

  deliver(body, { event = 'push', guid = randomUUID(), secret = this.secret, headers = {} } = {}) {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return this.ask('POST', '/v1/webhooks/github', {
      body: text,
      headers: {
        'content-type': 'application/json', 'x-github-delivery': guid, 'x-github-event': event, 'x-github-hook-id': '42',
        'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`, ...headers,
      },
    })
  }

  // A project as it stands once GitHub and a ping have spoken.
  async verifiedProject(token, name, repo) {
    const { body } = await this.post('/v1/projects', { full_name: name }, { token })
    await this.sql(`update core.project set state = 'verified', repo_id = ${repo}, default_branch = 'main', hook_alive_at = now() where id = '${body.id}'`)
    return body.id
  }

  // What a check of who owns a project has found, as its job settles it.
  checked(project, who, { method = 'permission', passed = true } = {}) {
    return this.sql(`
      insert into core.ownership_check (project_id, person_id, method) values ('${project}', '${who.person_id}', '${method}') on conflict do nothing;
      select core.ownership_settle(id, ${passed}, ${passed ? 'null' : '\'ownership.not_admin\''}, null, null,
        (select coalesce(max(job_id), 0) + 1 from core.ownership_result), null)
      from core.ownership_check where project_id = '${project}' and person_id = '${who.person_id}' and method = '${method}'`)
  }

  async ownedProject(me, name, repo) {
    const project = await this.verifiedProject(me.token, name, repo)
    await this.checked(project, me)
    return project
  }

  bounty(token, project, fields = {}, key = randomUUID()) {
    return this.post('/v1/bounties',
      { project_id: project, issue_number: 1, chain_id: CHAIN, token: TOKEN, amount: '250000000', title: 'Fix it', ...fields },
      { token, headers: { 'idempotency-key': key } })
  }
}

export const sha256 = text => createHash('sha256').update(text).digest('hex')

// A whole contribution in rows: pull, submission, verdict, proof, payout, score; what the stages would have left.
export async function contribution(api, { project, bounty, person, number = 7 }) {
  const payload = `{"number":${number},"project":"${project}"}`
  const cid = `bafkrei${sha256(payload).slice(0, 52)}`
  const out = await api.sql(`
    with issue as (select issue_id, asset_id, amount from core.bounty where id = '${bounty}'),
    r as (select repo_id from core.project where id = '${project}'),
    d as (insert into ingest.delivery (guid, event, secret_no, body, body_sha256, state, action, repo_id, number)
      select '${randomUUID()}', 'pull_request', 1, '{}', sha256('{}'), 'done', 'closed', repo_id, ${number} from r returning id, guid),
    dk as (insert into ingest.delivery_key (provider, guid, body_sha256, delivery_id) select 'github', guid, sha256('{}'), id from d),
    p as (insert into core.pull (project_id, provider_pull_id, number, title, author_uid, author_login, author_type, state, base_ref, head_sha,
      merge_sha, merged_at, source_updated_at, delivery_id)
      select '${project}', ${9000 + number}, ${number}, 'Fix the engine', 77, 'octocat', 'User', 'merged', 'main', repeat('a', 40), repeat('b', 40),
        now(), now(), d.id from d returning id),
    l as (insert into core.pull_issue_link (pull_id, issue_id, level, source) select p.id, issue.issue_id, 5, 'closing_reference' from p, issue),
    s as (insert into core.submission (bounty_id, pull_id, claimant_id, evidence_level, state)
      select '${bounty}', p.id, '${person}', 5, 'paid' from p returning id),
    v as (insert into proof.verdict (submission_id, policy_sha256, evidence_root, evidence, checks, result, body)
      select s.id, sha256('policy'), sha256('${number}'), '{}', '[{"id":"V1","result":"pass","code":"verify.ok","detail":""},{"id":"V11","result":"flag","code":"verify.not_reviewed","detail":"nobody else approved it"}]', 'pass', '{}' from s returning id),
    f as (insert into proof.proof (submission_id, verdict_id, payload, payload_sha256, cid, pinned_at)
      select s.id, v.id, '${payload}'::bytea, sha256('${payload}'), '${cid}', now() from s, v returning id),
    g as (insert into proof.signature (proof_id, kid, envelope) select f.id, repeat('c', 64),
      '{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"k","sig":"AA=="}]}'::bytea from f),
    o as (insert into ledger.payout (key, chain_key, submission_id, person_id, bounty_id, asset_id, amount, payee, state, due_at, tx_hash, paid_at)
      select 'payout:' || s.id || ':0', sha256(('payout:' || s.id || ':0')::bytea), s.id, '${person}', '${bounty}', issue.asset_id, issue.amount,
        (select address from core.wallet where person_id = '${person}' limit 1), 'paid', now(), sha256('tx${number}'), now() from s, issue returning id),
    m as (insert into rep.formula (version, sha256, body) values (1, sha256('formula'), '{}') on conflict do nothing),
    e as (insert into rep.event (person_id, project_id, kind, points_micro, formula_version, source_type, source_id, occurred_at)
      select '${person}', '${project}', 'merge', 12500000, 1, 'submission', s.id, now() from s),
    b as (insert into rep.score (person_id, scope, formula_version, points_micro, event_count)
      select '${person}', w.scope, 1, 12500000, 1 from (values ('global'), ('${project}')) as w (scope)
      on conflict (person_id, scope, formula_version) do update set points_micro = score.points_micro + 12500000, event_count = score.event_count + 1)
    select s.id || ' ' || p.id || ' ' || o.id || ' ' || d.id || ' ' || d.guid from s, p, o, d`)
  const [submission, pull, payout, delivery, guid] = out.trim().split(' ')
  return { submission, pull, payout, delivery, guid, cid, payload }
}
