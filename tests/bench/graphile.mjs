// The same measurements as `patchwork bench queue`, by Graphile Worker with the settings that were best for it:
//     node tests/bench/graphile.mjs POSTGRESQL_URL [JOBS]
// in a database of its own on the same cluster. JSON lines on stdout.
import { run, makeWorkerUtils, Logger } from "graphile-worker";
import pg from "pg";

const [url, count = "200000"] = process.argv.slice(2);
if (!url) {
	console.error("usage: graphile.mjs POSTGRESQL_URL [JOBS]");
	process.exit(2);
}
const jobs = Number(count);
const rounds = 3;
const logger = new Logger(() => () => {});
const say = (bench, fields) => console.log(JSON.stringify({ bench, peer: "graphile-worker 0.18", ...fields }));
const perSecond = (n, since) => Math.round((n * 1000) / (performance.now() - since));
const at = (sorted, share) => Number(sorted[Math.floor((sorted.length - 1) * share)].toFixed(2));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// concurrent jobs, jobs fetched at once, and the wait for more completions to write together
const settings = [
	{ concurrentJobs: 24, size: 500, completeJobBatchDelay: 0 },
	{ concurrentJobs: 100, size: 500, completeJobBatchDelay: 0 },
];
const preset = ({ concurrentJobs, size, completeJobBatchDelay }) => ({
	worker: { concurrentJobs, maxPoolSize: 10, localQueue: { size }, completeJobBatchDelay, failJobBatchDelay: 0 },
});

const pool = new pg.Pool({ connectionString: url, max: 10 });
pool.on("error", () => {});
const utils = await makeWorkerUtils({ pgPool: pool, logger });
await utils.migrate();
const empty = async () => {
	await pool.query("truncate graphile_worker._private_jobs");
	await pool.query("checkpoint");
};

const wal = async () => Number((await pool.query("select pg_current_wal_insert_lsn() - '0/0' as at")).rows[0].at);

async function singles(n) {
	const since = performance.now();
	for (let i = 0; i < n; i++) await utils.addJob("noop", { n: 1 });
	say("queue.enqueue", { connections: 1, jobs: n, per_s: perSecond(n, since) });
	await empty();
}

async function bulk() {
	const since = performance.now();
	for (let left = jobs; left > 0; left -= 1000)
		await utils.addJobs(Array.from({ length: Math.min(left, 1000) }, () => ({ identifier: "noop", payload: { n: 1 } })));
	say("queue.enqueue_bulk", { statement: 1000, jobs, per_s: perSecond(jobs, since) });
}

async function drain(round, setting) {
	let done = 0, finish;
	const all = new Promise((resolve) => (finish = resolve));
	await empty();
	const before = await wal();
	await bulk();
	const since = performance.now();
	const runner = await run({
		pgPool: pool, logger, noHandleSignals: true, preset: preset(setting),
		taskList: { noop: () => { if (++done === jobs) finish(); } },
	});
	await all;
	for (;;) { // a job has ended when its row is gone
		const { rows } = await pool.query("select exists (select from graphile_worker._private_jobs) as left");
		if (!rows[0].left) break;
		await sleep(5);
	}
	const per_s = perSecond(jobs, since);
	await runner.stop();
	say("queue.drain", { ...setting, round, jobs, history: false, per_s, wal_per_job: Math.round((await wal() - before) / jobs) });
}

async function start(samples) {
	await pool.query("checkpoint");
	const waits = [];
	const runner = await run({
		pgPool: pool, logger, noHandleSignals: true, pollInterval: 1000, preset: { worker: { concurrentJobs: 2 } },
		taskList: { start: ({ at: sent }) => { waits.push(performance.now() - sent); } },
	});
	await sleep(500);
	for (let i = 0; i < samples; i++) {
		await utils.addJob("start", { at: performance.now() });
		await sleep(20 + Math.random() * 20);
	}
	for (let i = 0; i < 500 && waits.length < samples; i++) await sleep(10);
	if (waits.length !== samples) throw new Error(`${waits.length} of ${samples} jobs were started`);
	waits.sort((a, b) => a - b);
	say("queue.start", { samples, p50_ms: at(waits, 0.5), p99_ms: at(waits, 0.99), max_ms: at(waits, 1) });
	await runner.stop();
}

await singles(2000);
await start(400);
for (let round = 1; round <= rounds; round++)
	for (const setting of settings) await drain(round, setting);
await utils.release();
await pool.end().catch(() => {});
