// PostgreSQL from inside the loop: answers, refusals, limits, and recovery from whatever happens to the server.
import net from 'node:net';
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { get, sleep, startApi, startPostgres, until } from './harness.mjs';

let pg;
before(async () => {
	pg = await startPostgres();
	pg.sql('create table probe (v text); create table shape (a text); insert into shape values (\'seven\')');
});
after(() => pg.remove());

async function started(env = {}) {
	const api = await startApi({ env: { PATCHWORK_API_WORKERS: '1', PATCHWORK_API_DATABASE: pg.url, PATCHWORK_API_CONNECTIONS: '2',
		PATCHWORK_API_CONNECT_WAIT: '10s', PATCHWORK_API_STATEMENT_TIMEOUT: '30s', ...env } });
	api.sql = async (what) => (await get(api.port, `/sql/${what}`)).body.trim();
	api.whole = () => until('all connections', async () => {
		const want = env.PATCHWORK_API_CONNECTIONS ?? '2';
		return (await get(api.port, '/state')).body.startsWith(`ready ${want} `);
	});
	await api.whole();
	return api;
}

const OURS = "from pg_stat_activity where application_name = 'patchwork-api'";
const KILL = `select pg_terminate_backend(pid) ${OURS}`;

// Once so many statements that begin() has made sleep in PostgreSQL, that is done there: by who looks already when they begin.
async function whileAtWork(n, begin, act = 'select') {
	const watch = pg.ask(`do $$ begin while (select count(*) ${OURS} and wait_event = 'PgSleep') < ${n} loop
		perform pg_sleep(0.005); perform pg_stat_clear_snapshot(); end loop; end $$; ${act}`);
	await until('somebody looks', () => pg.sql("select count(*) from pg_stat_activity where query like 'do $$%' and state = 'active'") === '1');
	const begun = begin();
	await watch;
	return begun;
}

test('a statement is prepared once per connection, many run at once', async () => {
	const api = await started();
	const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => api.sql(`echo?v${i}`)));
	answers.forEach((a, i) => assert.equal(a, `row v${i}`));
	const pids = new Set(await Promise.all(Array.from({ length: 40 }, () => api.sql('pid?x'))));
	assert.ok(pids.size <= 2);
	assert.equal(await api.sql('write?one'), 'row one');
	assert.equal(pg.sql("select count(*) from probe where v = 'one'"), '1');
	await api.stop();
});

test('a refusal of PostgreSQL reaches its caller alone', async () => {
	const api = await started();
	const [broken, fine] = await Promise.all([api.sql('broken?x'), api.sql('echo?fine')]);
	assert.match(broken, /^error bug db\.statement /);
	assert.equal(fine, 'row fine');
	assert.match(await api.sql('broken?x'), /^error bug db\.statement /);
	assert.match(await api.sql('sleep?no-number'), /^error bug db\.statement /);
	assert.equal(await api.sql('echo?again'), 'row again');
	assert.match((await get(api.port, '/state')).body, /ready 2 .*in_hand 0/);
	await api.stop();
});

test('a slow statement holds up neither the loop nor the other connection; it ends at its timeout', async () => {
	const api = await started({ PATCHWORK_API_STATEMENT_TIMEOUT: '10s' });
	let over = false;
	const slow = api.sql('sleep?60').finally(() => { over = true; });
	assert.equal(await api.sql('echo?quick'), 'row quick');
	assert.equal((await get(api.port, '/livez')).status, 200);
	assert.equal(over, false);
	assert.match(await slow, /^error retry db\.busy /);
	await api.stop();
});

test('beyond api.queue calls are refused at once', async () => {
	const api = await started({ PATCHWORK_API_QUEUE: '10', PATCHWORK_API_CONNECTIONS: '1' });
	const order = [];
	const tell = (answer) => { order.push(answer); return answer; };
	const first = api.sql('sleep?8').then(tell);
	await until('it runs', async () => /in_hand 1/.test((await get(api.port, '/state')).body));
	const answers = await Promise.all(Array.from({ length: 24 }, () => api.sql('echo?x').then(tell)));
	assert.equal(answers.filter((answer) => answer === 'row x').length, 9);
	assert.equal(answers.filter((answer) => answer.startsWith('error retry api.busy')).length, 15);
	assert.match(await first, /^row/);
	assert.ok(order.slice(0, 15).every((answer) => answer.startsWith('error retry api.busy')), 'refused without waiting');
	assert.equal(await api.sql('echo?free'), 'row free');
	await api.stop();
});

test('a client that leaves: its write is kept, its answer dropped', async () => {
	const api = await started();
	const client = net.connect(api.port, '127.0.0.1');
	await whileAtWork(1, () => client.write('GET /sql/slow_write?gone HTTP/1.1\r\nHost: x\r\n\r\n'));
	client.destroy();
	await until('the row', () => pg.sql("select count(*) from probe where v = 'gone'") === '1');
	await until('nothing in hand', async () => /in_hand 0/.test((await get(api.port, '/state')).body));
	assert.equal(await api.sql('echo?next'), 'row next');
	await api.stop();
});

test('killed backends: reads are repeated, writes say that they may have happened, all connections come back', async () => {
	const api = await started();
	const connects = async () => Number(/^patchwork_api_db_connects_total (\d+)$/m.exec((await get(api.port, '/metrics')).body)[1]);
	let known = await connects();
	const renewed = async () => { // ready ones may be those whose end the worker has not seen yet
		await until('two new connections', async () => await connects() >= known + 2);
		known = await connects();
		await api.whole();
	};
	pg.sql(KILL);
	await renewed();
	assert.equal(await api.sql('echo?idle'), 'row idle');

	const { read } = await whileAtWork(1, () => ({ read: api.sql('sleep?0.6') }), KILL);
	assert.match(await read, /^row/);
	await renewed();

	const { writes } = await whileAtWork(2, () => ({ writes: Array.from({ length: 4 }, (_, i) => api.sql(`slow_write?k${i}`)) }), KILL);
	const answers = await Promise.all(writes);
	const rows = pg.sql("select v from probe where v like 'k_'").split('\n');
	answers.forEach((answer, n) => {
		if (answer.startsWith('row')) assert.ok(rows.includes(`k${n}`));
		else if (answer.startsWith('error retry ')) assert.ok(!rows.includes(`k${n}`), `${answer}, and yet it is there`);
		else assert.match(answer, /^error uncertain api\.outcome_unknown/);
	});
	assert.ok(answers.filter((answer) => /^error (retry db\.unreachable|uncertain)/.test(answer)).length >= 2, answers.join('\n'));
	await renewed();
	assert.equal(await api.sql('echo?back'), 'row back');
	await api.stop();
});

test('PostgreSQL stops and starts again under load', async () => {
	const api = await started();
	const seen = new Map();
	let stop = false;
	let slowest = 0;
	const clients = Array.from({ length: 8 }, async () => {
		while (!stop) {
			const began = Date.now();
			const a = await api.sql('echo?load');
			slowest = Math.max(slowest, Date.now() - began);
			const kind = a.startsWith('row') ? 'row' : a.split(' ').slice(0, 3).join(' ');
			seen.set(kind, (seen.get(kind) ?? 0) + 1);
		}
	});
	await until('answers', () => seen.get('row') > 20);
	pg.stop('immediate');
	await sleep(500);
	assert.match(await api.sql('echo?down'), /^error retry api\.database_down/);
	pg.start();
	await api.whole();
	const before = seen.get('row');
	await until('answers again', () => seen.get('row') > before + 20);
	stop = true;
	await Promise.all(clients);
	assert.ok(slowest < 40_000, `${slowest} ms`);
	for (const kind of seen.keys())
		assert.match(kind, /^row$|^error retry (api\.database_down|db\.unreachable)$/);
	assert.match((await get(api.port, '/state')).body, /ready 2 .*in_hand 0/);
	await api.stop();
});

test('a server that accepts and never answers does not hold a request', async () => {
	const { createServer } = await import('node:net');
	const mute = createServer(() => {}).listen(0, '127.0.0.1');
	await new Promise((done) => mute.once('listening', done));
	const api = await startApi({ env: { PATCHWORK_API_WORKERS: '1', PATCHWORK_API_DATABASE: `postgresql://x@127.0.0.1:${mute.address().port}/x` } });
	const began = Date.now();
	assert.match((await get(api.port, '/sql/echo?x')).body, /^error retry api\.database_down/);
	assert.ok(Date.now() - began < 40_000);
	await api.stop();
	mute.close();
	mute.closeAllConnections?.();
});

test('a statement whose result type has changed is prepared anew without an error', async () => {
	const api = await started({ PATCHWORK_API_CONNECTIONS: '1' });
	assert.equal(await api.sql('shape?x'), 'row seven');
	pg.sql("alter table shape add b int4 default 1");
	assert.equal(await api.sql('shape?x'), 'row seven');
	assert.equal(await api.sql('shape?x'), 'row seven');
	assert.match((await get(api.port, '/metrics')).body, /patchwork_api_db_connects_total 2\n/);
	await api.stop();
});
