// WebSocket and route rows of conf/kore.patch: frames made by hand against the sanitized server.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { get, raw, startApi, statuses, until } from './harness.mjs';

const [CONT, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
const MAX = 65536; // kore_websocket_maxframe

// announced: the length that the header gives, whatever follows.
function frame(op, payload = '', { fin = true, masked = true, rsv = 0, announced } = {}) {
	const data = Buffer.from(payload);
	const n = announced ?? data.length;
	const length = n < 126 ? Buffer.alloc(0) : Buffer.alloc(n < 65536 ? 2 : 8);
	if (length.length === 2) length.writeUInt16BE(n);
	if (length.length === 8) length.writeBigUInt64BE(BigInt(n));
	const short = { 0: n, 2: 126, 8: 127 }[length.length];
	const mask = masked ? randomBytes(4) : Buffer.alloc(0);
	if (masked) data.forEach((byte, i) => { data[i] = byte ^ mask[i % 4]; });
	return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | rsv | op, (masked ? 0x80 : 0) | short]), length, mask, data]);
}

const upgrade = (key, more = 'Sec-WebSocket-Version: 13\r\n') => `GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n`
	+ `Connection: Upgrade\r\n${key ? `Sec-WebSocket-Key: ${key}\r\n` : ''}${more}\r\n`;

class Client {
	frames = []; // { op, data } as the server sent them
	closed = false;
	#rest = Buffer.alloc(0);

	static async open(port) {
		const client = new Client();
		const key = randomBytes(16).toString('base64');
		client.socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
		client.socket.on('error', () => {}).on('close', () => { client.closed = true; });
		const head = await new Promise((done, fail) => {
			client.socket.on('data', (d) => client.#take(d, done));
			client.socket.on('close', () => fail(new Error('closed during the handshake')));
			client.socket.write(upgrade(key));
		});
		assert.match(head, /^HTTP\/1\.1 101 /);
		const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
		assert.equal(/sec-websocket-accept: (\S+)/i.exec(head)[1], accept);
		return client;
	}

	#take(d, onHead) {
		this.#rest = Buffer.concat([this.#rest, d]);
		if (!this.head) {
			const end = this.#rest.indexOf('\r\n\r\n');
			if (end < 0) return;
			this.head = this.#rest.toString('latin1', 0, end);
			this.#rest = this.#rest.subarray(end + 4);
			onHead(this.head);
		}
		for (;;) {
			const b = this.#rest;
			if (b.length < 2) return;
			const extra = { 126: 2, 127: 8 }[b[1]] ?? 0;
			if (b.length < 2 + extra) return;
			const n = extra === 2 ? b.readUInt16BE(2) : extra === 8 ? Number(b.readBigUInt64BE(2)) : b[1];
			if (b.length < 2 + extra + n) return;
			assert.equal(b[0] & 0xf0, 0x80, 'whole, without reserved bits');
			this.frames.push({ op: b[0] & 15, data: b.subarray(2 + extra, 2 + extra + n) });
			this.#rest = b.subarray(2 + extra + n);
		}
	}

	write = (...bytes) => this.socket.write(Buffer.concat(bytes));
	texts = () => this.frames.filter((f) => f.op === TEXT).map((f) => f.data.toString());

	// What comes back for a message, in its turn.
	async ask(text, op = TEXT) {
		const before = this.frames.length;
		this.write(frame(op, text));
		await until('an answer', () => this.frames.length > before || this.closed);
		assert.ok(this.frames.length > before, 'closed');
		return this.frames[before];
	}

	say = async (text) => (await this.ask(text)).data.toString();

	async close() {
		this.socket.destroy();
		await until('closed', () => this.closed);
	}
}

let api;
before(async () => { api = await startApi({ env: { PATCHWORK_API_WORKERS: '1' } }); });
after(() => api.stop());

test('a handshake without key or with another version is refused', async () => {
	for (const text of [upgrade(null), upgrade('AAAAAAAAAAAAAAAAAAAAAA==', ''), upgrade('AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Version: 12\r\n')])
		assert.deepEqual(statuses((await raw(api.port, text)).text), [400]);
});

test('whole messages are delivered: each form of the length, in one packet and in many, several in one', async () => {
	const client = await Client.open(api.port);
	for (const n of [0, 1, 125, 126, 127, 65535, MAX]) {
		const sent = randomBytes(n);
		const { op, data } = await client.ask(sent, BINARY);
		assert.equal(op, BINARY);
		assert.ok(data.equals(sent), `${n} bytes`);
	}
	client.frames.length = 0;
	for (const byte of frame(TEXT, 'in small pieces')) client.write(Buffer.from([byte]));
	client.write(frame(TEXT, 'one'), frame(TEXT, 'two'), frame(TEXT, 'é'));
	await until('four', () => client.frames.length === 4);
	assert.deepEqual(client.texts(), ['in small pieces', 'one', 'two', 'é']);
	const pong = await client.ask('are you there', PING);
	assert.deepEqual([pong.op, pong.data.toString()], [PONG, 'are you there']);
	client.write(frame(PONG, 'unasked'));
	assert.equal(await client.say('still open'), 'still open');
	await client.close();
});

const refusals = {
	'TEXT without FIN': [frame(TEXT, 'all late', { fin: false })],
	'BINARY without FIN': [frame(BINARY, 'all late', { fin: false })],
	'a message in two fragments': [frame(TEXT, 'all ', { fin: false }), frame(CONT, 'late')],
	'a continuation of nothing': [frame(CONT, 'all late')],
	'a continuation without FIN': [frame(CONT, 'all late', { fin: false })],
	'an empty fragment': [frame(TEXT, '', { fin: false })],
	'an unmasked frame': [frame(TEXT, 'all late', { masked: false })],
	'one byte too many': [frame(TEXT, `all late${' '.repeat(MAX - 7)}`)],
	'a length beyond all bounds': [frame(TEXT, ' '.repeat(200), { announced: 2 ** 52 })],
	'reserved bits': [frame(TEXT, 'all late', { rsv: 0x40 })],
	'an unknown opcode': [frame(3, 'all late')],
	'a PING without FIN': [frame(PING, 'all late', { fin: false })],
	'a PING of 126 bytes': [frame(PING, ' '.repeat(126))],
};
for (const [name, bytes] of Object.entries(refusals)) {
	test(`${name} closes the connection and is not delivered`, async () => {
		const bystander = await Client.open(api.port);
		const client = await Client.open(api.port);
		const open = Number(await bystander.say('sockets'));
		client.write(...bytes);
		await until('closed', () => client.closed);
		assert.deepEqual(client.frames.filter((f) => f.op !== CLOSE), []);
		await until('its end was told', async () => Number(await bystander.say('sockets')) === open - 1);
		assert.ok(bystander.texts().every((text) => /^\d+$/.test(text)), bystander.texts().join());
		await bystander.close();
	});
}

test('what was whole before a fragment is delivered, what comes behind it is not', async () => {
	const client = await Client.open(api.port);
	assert.equal(await client.say('first'), 'first');
	client.write(frame(TEXT, 'frag', { fin: false }), frame(TEXT, 'behind'));
	await until('closed', () => client.closed);
	assert.deepEqual(client.texts(), ['first']);
});

test('CLOSE is answered with CLOSE', async () => {
	const client = await Client.open(api.port);
	client.write(frame(CLOSE, Buffer.from([0x03, 0xe8])));
	await until('closed', () => client.closed);
	assert.deepEqual(client.frames.map((f) => f.op), [CLOSE]);
});

test('the groups of a route\'s expression are filled', async () => {
	assert.equal((await get(api.port, '/capture/bounty/42')).body, 'bounty\n42\n');
	assert.equal((await get(api.port, '/capture/bounty/x')).status, 404);
});

// Two sockets in each of two workers. The one with the fewest connections accepts the next; what comes on top, because a
// worker has not yet noticed that somebody left, stays open until both have two.
async function quartet(port) {
	const byWorker = new Map();
	const early = []; // the other one is still starting
	const extra = [];
	await until('sockets in both workers', async () => {
		const client = await Client.open(port);
		const pid = await client.say('pid');
		const own = byWorker.get(pid) ?? byWorker.set(pid, []).get(pid);
		(own.length < 2 ? own : byWorker.size === 1 ? early : extra).push(client);
		return [...byWorker.values()].flat().length === 4;
	});
	await Promise.all([...early, ...extra].map((client) => client.close()));
	assert.ok(extra.length <= 2, `${extra.length} more for one worker than for the other`);
	const all = [...byWorker.values()].flat();
	all.forEach((client) => { client.frames.length = 0; });
	return { all, pids: [...byWorker.keys()].map(Number) };
}

// A broadcast is over for a socket when a later one of each worker has arrived: they share one channel, in order.
async function told(all, send) {
	for (const client of all) client.frames.length = 0;
	for (const client of all) client.write(frame(TEXT, send));
	const ends = all.map((_, i) => `end ${i}`);
	await until('as many as there must be', () => all.every((client) => client.frames.length >= all.length - (send.startsWith('others') ? 1 : 0)));
	for (const [i, client] of all.entries()) client.write(frame(TEXT, `all ${ends[i]}`));
	await until('the ends', () => all.every((client) => ends.every((end) => client.texts().includes(end))));
	return all.map((client) => client.texts().filter((text) => !text.startsWith('end ')));
}

async function once(all) {
	assert.deepEqual(await told(all, 'all news'), all.map(() => Array(4).fill('news')));
	assert.deepEqual(await told(all, 'others news'), all.map(() => Array(3).fill('news')));
}

test('a broadcast reaches the sockets of both workers once, its sender not at all when it is left out', async () => {
	const pair = await startApi({ env: { PATCHWORK_API_WORKERS: '2' } });
	const { all, pids } = await quartet(pair.port);
	assert.deepEqual(pids.sort(), pair.workers().sort());
	await once(all);
	await Promise.all(all.map((client) => client.close()));
	await pair.stop();
});

test('once it is, too, when a worker has died and another took its place', async () => {
	const pair = await startApi({ env: { PATCHWORK_API_WORKERS: '2' } });
	for (let i = 0; i < 2; i++) {
		const before = pair.workers();
		process.kill(before[i], 'SIGKILL');
		await until('another worker', () => pair.workers().length === 2 && !pair.workers().includes(before[i]));
	}
	const { all } = await quartet(pair.port);
	await once(all);
	await Promise.all(all.map((client) => client.close()));
	await pair.stop();
});
