// Rate windows: counted in Redis, in the worker while Redis is away.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { get, sleep, startApi, startRedis, until } from './harness.mjs';

let redis;
let api;
before(async () => {
	redis = await startRedis();
	api = await startApi({ env: { PATCHWORK_API_WORKERS: '1', PATCHWORK_API_REDIS: redis.address } });
	await degraded(0);
});
after(async () => {
	await api.stop();
	await redis.remove();
});

const degraded = (n) => until(`degraded ${n}`, async () => (await get(api.port, '/state')).body.includes(`degraded ${n} `));

async function take(key, rate, burst) {
	const [word, remaining, retryAfter, reset] = (await get(api.port, `/window/${key}?${rate},${burst}`)).body.trim().split(' ');
	return { allowed: word === 'allowed', remaining: Number(remaining), retryAfter: Number(retryAfter), reset: Number(reset) };
}

// The same behaviour with and without Redis.
async function behaves(key) {
	const burst = [];
	for (let i = 0; i < 15; i++) burst.push(await take(key, 1, 10));
	assert.equal(burst.filter((v) => v.allowed).length, 10);
	assert.deepEqual(burst.slice(0, 10).map((v) => v.remaining), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
	assert.ok(burst.slice(10).every((v) => v.retryAfter > 0 && v.retryAfter <= 60_000_000));
	assert.ok(burst[14].reset > 540_000_000 && burst[14].reset <= 600_000_000, `${burst[14].reset}`);
	assert.equal((await take(`${key}-other`, 60, 10)).remaining, 9);
	const fast = async () => (await take(`${key}-fast`, 600, 10)).allowed;
	const began = Date.now();
	let allowed = 0;
	for (let i = 0; i < 10; i++) allowed += await fast();
	assert.equal(allowed, 10);
	await sleep(350);
	for (let i = 0; i < 6; i++) allowed += await fast();
	assert.ok(allowed >= 13 && allowed <= 10 + Math.floor((Date.now() - began) / 100) + 1, `${allowed} in ${Date.now() - began} ms`); // ten a second
}

test('burst, steady rate, remaining and waiting time', () => behaves('redis'));

test('the count is in Redis, to the microsecond, and expires', async () => {
	await take('exact', 60, 10);
	assert.match(await redis.command('GET', 'window:exact'), /\r\n1\d{15}\r\n/);
	const ttl = Number(/:(\d+)/.exec(await redis.command('PTTL', 'window:exact'))[1]);
	assert.ok(ttl > 0 && ttl <= 1100, `${ttl}`);
});

test('a Redis that has lost the script is given it again', async () => {
	await redis.command('SCRIPT', 'FLUSH');
	assert.equal((await take('flushed', 1, 3)).remaining, 2);
	assert.equal((await take('flushed', 1, 3)).remaining, 1);
	await degraded(0);
});

test('Redis down: windows go on in the worker, and are Redis\'s again when it is back', async () => {
	await take('away', 1, 5);
	await redis.stop();
	await degraded(1);
	assert.equal((await take('away', 1, 5)).remaining, 4, 'a window of its own');
	await behaves('local');
	await redis.start();
	await degraded(0);
	assert.equal((await take('away', 60, 5)).remaining, 4, 'an empty Redis');
	assert.match(await redis.command('EXISTS', 'window:away'), /:1/);
});

test('a Redis that does not answer delays a request by a quarter second at most, once', async () => {
	redis.child.kill('SIGSTOP');
	const began = Date.now();
	assert.equal((await take('mute', 1, 5)).remaining, 4);
	assert.ok(Date.now() - began < 20_000, `${Date.now() - began} ms`);
	assert.equal((await take('mute', 1, 5)).remaining, 3);
	redis.child.kill('SIGCONT');
	await degraded(0);
});

test('the table of the worker is bounded: a flood of keys neither fails nor lets its sender through', async () => {
	await redis.stop();
	await degraded(1);
	for (let i = 0; i < 5; i++) await take('steady', 1, 5);
	for (let round = 0; round < 20; round++)
		await Promise.all(Array.from({ length: 50 }, (_, i) => take(`flood-${round}-${i}`, 600, 5)));
	assert.equal((await take('steady', 1, 5)).allowed, false);
	assert.match((await get(api.port, '/metrics')).body, /patchwork_api_window_local_total \d{4}/);
	await redis.start();
	await degraded(0);
});
