// Life of the processes: the system call filter, drain, death of parent and of workers.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { alive, get, root, sleep, startApi, startPostgres, startRedis, until } from './harness.mjs';

const shipped = { binary: 'build/tests/api/probe-rel' };
const asleep = (api, n) => until(`${n} sleep`, () => (api.output.match(/event=probe\.sleeps/g) ?? []).length === n);
const pidOf = async (api) => Number((await get(api.port, '/pid')).body);

test('the filter: normal work passes, a forbidden call ends the worker', async () => {
	const pg = await startPostgres();
	const redis = await startRedis();
	const api = await startApi({ ...shipped, env: { PATCHWORK_API_WORKERS: '1', PATCHWORK_API_DATABASE: pg.url.replace('127.0.0.1', 'localhost'),
		PATCHWORK_API_REDIS: redis.address } });
	try {
		await until('connections', async () => /ready [1-9]\d* degraded 0/.test((await get(api.port, '/state')).body));
		const first = await pidOf(api);
		assert.match(fs.readFileSync(`/proc/${first}/status`, 'utf8'), /^Seccomp:\s+2$/m);
		assert.equal((await get(api.port, '/allocate')).body, 'ok\n');
		assert.equal((await get(api.port, '/sql/echo?hi')).body, 'row hi\n');
		assert.match((await get(api.port, '/window/a?60,5')).body, /^allowed 4 /);
		assert.match((await get(api.port, '/metrics')).body, /patchwork_api_db_calls_total 1\n/);
		pg.stop();
		pg.start();
		await redis.stop();
		await redis.start();
		await until('both back', async () => /ready 8 degraded 0/.test((await get(api.port, '/state')).body));
		const waiting = get(api.port, '/sql/sleep?0.5');
		process.kill(first, 'SIGSTOP');
		await sleep(100);
		process.kill(first, 'SIGCONT');
		assert.equal((await waiting).status, 200);
		assert.equal(await pidOf(api), first, 'no worker died of normal work');

		for (const call of ['execve', 'ptrace', 'setuid', 'mount', 'fork', 'chmod', 'listen', 'personality']) {
			const pid = await pidOf(api);
			await assert.rejects(get(api.port, `/forbidden/${call}`), undefined, call);
			await until(`${call} killed ${pid}`, () => !alive(pid));
			await until('another worker', async () => (await get(api.port, '/livez').catch(() => ({}))).status === 200);
			assert.notEqual(await pidOf(api), pid);
		}
		assert.equal(api.output.match(/died from sandbox violation/g).length, 8, api.output);
		await api.stop();
	} finally {
		api.child.kill('SIGKILL');
		pg.remove();
		await redis.remove();
	}
});

test('a worker that hangs is left out: the other one accepts', async () => {
	const api = await startApi({ ...shipped, env: { PATCHWORK_API_WORKERS: '2' } });
	const kept = [];
	const answered = () => new Promise((done, fail) => {
		const socket = net.connect(api.port, '127.0.0.1', () => socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n'));
		kept.push(socket);
		socket.once('data', done);
		socket.setTimeout(30_000, () => fail(new Error('no answer'))).on('error', fail);
	});
	try {
		for (const pid of api.workers()) { // one of them holds the lock
			process.kill(pid, 'SIGSTOP');
			for (let i = 0; i < 5; i++) await answered();
			process.kill(pid, 'SIGCONT');
			for (const socket of kept.splice(0)) socket.destroy();
		}
		for (let i = 0; i < 5; i++) await answered();
		for (const socket of kept) socket.destroy();
		await api.stop();
	} finally {
		api.child.kill('SIGKILL');
	}
});

for (const workers of ['1', '2']) {
	test(`SIGTERM with ${workers} worker(s): what is in hand is answered, nothing new is accepted`, async () => {
		const api = await startApi({ env: { PATCHWORK_API_WORKERS: workers, PATCHWORK_API_DRAIN: '60s' } });
		const slow = Array.from({ length: 6 }, () => get(api.port, '/sleep/2000'));
		await asleep(api, 6);
		const began = Date.now();
		api.child.kill('SIGTERM');
		for (const answer of await Promise.all(slow)) {
			assert.equal(answer.body, 'slept\n');
			assert.match(answer.head, /connection: close/);
		}
		assert.deepEqual(await api.ended(), { code: 0, signal: null });
		assert.ok(Date.now() - began < 45_000, 'as soon as all is answered');
		await assert.rejects(get(api.port, '/livez'));
		await api.stop();
	});
}

test('the drain ends at its limit', async () => {
	const api = await startApi({ env: { PATCHWORK_API_DRAIN: '500ms' } });
	const slow = get(api.port, '/sleep/60000', { timeout: 90_000 }).catch((e) => e);
	await asleep(api, 1);
	const began = Date.now();
	api.child.kill('SIGTERM');
	assert.deepEqual(await api.ended(), { code: 0, signal: null });
	assert.ok(Date.now() - began < 45_000, 'not when the handler is done');
	assert.ok(await slow instanceof Error);
});

test('workers end with their killed parent, after answering, and give the port back', async () => {
	const api = await startApi({ env: { PATCHWORK_API_WORKERS: '2' } });
	const workers = api.workers();
	assert.equal(workers.length, 2);
	const slow = get(api.port, '/sleep/1000');
	await asleep(api, 1);
	api.child.kill('SIGKILL');
	assert.equal((await slow).body, 'slept\n');
	await until('no worker', () => workers.every((pid) => !alive(pid)));
	const server = net.createServer().listen(api.port, '127.0.0.1');
	await new Promise((done, fail) => server.once('listening', done).once('error', fail));
	server.close();
	await api.stop();
});

test('a worker that dies comes back after a pause; the others do not notice', async () => {
	const api = await startApi({ env: { PATCHWORK_API_WORKERS: '2' } });
	const before = api.workers();
	const victim = before[0];
	const began = Date.now();
	process.kill(victim, 'SIGKILL');
	await until('it is gone', () => !api.workers().includes(victim));
	assert.equal((await get(api.port, '/livez')).status, 200);
	await until('a second worker', () => api.workers().length === 2);
	const pause = Date.now() - began;
	assert.ok(pause >= 450, `${pause} ms`);
	assert.ok(api.workers().includes(before[1]));
	await api.stop();
});

test('a worker that always dies is started about twice a second, not more', async () => {
	const api = await startApi({ env: { PATCHWORK_API_WORKERS: '1' } });
	let deaths = 0;
	const end = Date.now() + 2600;
	while (Date.now() < end) {
		await get(api.port, '/exit', { timeout: 1500 }).catch(() => { deaths++; });
	}
	assert.ok(deaths >= 1 && deaths <= 7, `${deaths} deaths in 2.6 s`);
	await until('alive again', async () => (await get(api.port, '/livez').catch(() => ({}))).status === 200);
	assert.match((await get(api.port, '/metrics')).body, /patchwork_api_worker_starts_total [2-9]\n/);
	await api.stop();
});

test('a configuration that cannot be used ends the start and says why', async () => {
	const taken = net.createServer().listen(0, '127.0.0.1');
	await new Promise((done) => taken.once('listening', done));
	const file = path.join(os.tmpdir(), `pw-kore-${process.pid}.conf`);
	const env = { PATH: process.env.PATH };
	const run = (text) => {
		fs.writeFileSync(file, text);
		return spawnSync(path.join(root, 'build/tests/api/probe-san'), [file], { encoding: 'utf8', timeout: 60_000, env });
	};
	for (const [text, status, said] of [
		['api.nothing = 1\n', 2, /conf\.unknown_key.*api\.nothing/],
		['api.workers = many\n', 2, /conf\.value.*api\.workers/],
		['api.workers = 0\n', 2, /conf\.value.*api\.workers/],
		['api.listen = nowhere\n', 1, /cannot_bind=nowhere/],
		[`api.listen = 127.0.0.1:${taken.address().port}\n`, 1, /cannot_bind=127/],
	]) {
		const r = run(text);
		assert.equal(r.status, status, `${text}${r.stdout}${r.stderr}`);
		assert.match(r.stderr, said);
	}
	fs.rmSync(file);
	taken.close();
});

test('a unix socket, taken over from a start that was killed', async () => {
	const where = path.join(os.tmpdir(), `pw-kore-${process.pid}.sock`);
	const ask = () => new Promise((done) => {
		const s = net.connect(where, () => s.write('GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'));
		let text = '';
		s.on('data', (d) => { text += d; });
		s.on('error', () => done(''));
		s.on('close', () => done(text));
	});
	for (const signal of ['SIGKILL', 'SIGTERM']) {
		const api = await startApi({ env: { PATCHWORK_API_LISTEN: `unix:${where}` }, ask });
		assert.match(await ask(), /^HTTP\/1.1 200 /);
		api.child.kill(signal);
		await api.ended();
	}
	fs.rmSync(where, { force: true });
});

test('the log names the reason why PostgreSQL is away once', async () => {
	const api = await startApi({ env: { PATCHWORK_API_WORKERS: '1' } });
	await until('it says so', () => api.output.includes('event=db.away'));
	await sleep(1200);
	assert.equal(api.output.match(/event=db\.away/g).length, 1);
	assert.match(api.output, /event=db\.away .*refused/);
	await api.stop();
});
