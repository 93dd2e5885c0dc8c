// The first reading of a repository with ISSUES issues (50000), by one worker that is killed KILLS times (5) on the way: requests,
// seconds, the worker's peak memory; afterwards each issue is there once and none is missing.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { command } from '../stack/parts.mjs'
import { launch, stop, until } from '../stack/proc.mjs'
import { startStack } from '../stack/stack.mjs'
import { startIssues } from './issues.mjs'
import { note, round, say, withCpu } from './measure.mjs'

const ISSUES = Number(process.env.ISSUES || 50_000)
const KILLS = Number(process.env.KILLS || 5)
const PAGE = 100
const PERSON = '00000000-0000-7000-8000-000000000001'

const peak = pid => {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024
  } catch {
    return 0 // it has just ended
  }
}

async function read(stack, github) {
  let worker
  let memory = 0
  const begin = () => {
    worker = launch({
      argv: command(stack, 'work', 'sync'), env: stack.as('patchwork_worker'), log: stack.log('work'), pidFile: stack.pidFile('work'), tied: 'SIGKILL',
    })
  }
  const look = setInterval(() => { memory = Math.max(memory, peak(worker.pid)) }, 50)
  begin()
  for (let kill = 1; kill <= KILLS; kill++) {
    const at = Math.ceil(kill * ISSUES / PAGE / (KILLS + 1))
    await until(`${at} requests`, () => github.seen.requests >= at, { timeout: 600_000 })
    await stop(worker, { signal: 'SIGKILL' })
    begin()
  }
  await until('the whole repository', async () => await stack.sql(`select count(*) from q.ready`) === '0'
    && await stack.sql('select count(*) from q.claim') === '0' && await stack.sql('select count(*) from q.scheduled') === '0'
    && github.seen.requests >= ISSUES / PAGE, { timeout: 1_200_000, every: 200 })
  clearInterval(look)
  await stop(worker)
  return memory
}

export async function backfill() {
  const dir = mkdtempSync(join(tmpdir(), 'patchwork-bench-'))
  const github = await startIssues(ISSUES)
  const stack = await startStack({
    dir: join(dir, 'stack'), parts: ['postgres'], programs: 'rel', migrate: true,
    conf: { 'github.rest_url': github.url, 'github.graphql_url': `${github.url}/graphql`, 'worker.lease': '2s', 'worker.poll': '100ms' },
  })
  try {
    await stack.sql(`insert into core.person (id) values ('${PERSON}');
      insert into core.project (repo_id, full_name, default_branch, state, created_by) values (7, 'ada/engine', 'main', 'verified', '${PERSON}');
      select q.enqueue('sync', 'sync.reconcile', 'bench', '{}')`)
    note(`backfill: ${ISSUES} issues, ${KILLS} kills`)
    const from = performance.now()
    const { result: memory, used } = await withCpu({ postgres: stack.running.postgres.pid }, () => read(stack, github))
    const seconds = (performance.now() - from) / 1000
    const there = await stack.sql('select count(*) || \' \' || count(distinct number) || \' \' || max(number) from core.issue')
    if (there !== `${ISSUES} ${ISSUES} ${ISSUES}`) throw new Error(`${ISSUES} issues became ${there} (rows, numbers, the highest)`)
    const parked = await stack.sql('select count(*) from q.parked')
    if (parked !== '0') throw new Error(`${parked} jobs are parked`)
    const { requests, most_at_once, bytes } = github.seen
    say({
      bench: 'backfill', issues: ISSUES, kills: KILLS, requests, most_at_once, mb: round(bytes / 1e6), seconds: round(seconds), peak_mib: round(memory),
      postgres_s: round(used.postgres / 1e6), per_s: round(ISSUES / seconds), evidence: Number(await stack.sql('select count(*) from ingest.evidence')),
    })
    const least = Math.ceil(ISSUES / PAGE)
    return [
      { what: `backfill of ${ISSUES} issues, requests`, measured: requests, floor: least, bar: `< ${round(least * 1.1 + KILLS, 0)}`, met: requests < least * 1.1 + KILLS },
      { what: 'the same, seconds', measured: round(seconds) },
      { what: 'the same, the worker\'s peak memory, MiB', measured: round(memory) },
      { what: 'the same, requests at once', measured: most_at_once, bar: '1', met: most_at_once === 1 },
    ]
  } finally {
    await github.stop()
    await stack.stop({ remove: true })
    rmSync(dir, { recursive: true, force: true })
  }
}
