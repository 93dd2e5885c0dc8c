// Each HTTP row of conf/kore.patch, by raw sockets against the sanitized server.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import net from 'node:net';
import { get, raw, sleep, startApi, statuses, until } from './harness.mjs';

let api;
before(async () => {
	api = await startApi({ env: { PATCHWORK_API_HEADER_TIMEOUT: '3s', PATCHWORK_API_KEEPALIVE: '4s', PATCHWORK_API_BODY_TIMEOUT: '10s',
		PATCHWORK_API_BODY_MAX: '1m', PATCHWORK_API_BODY_MEMORY: '1m', PATCHWORK_API_WORKERS: '1' } });
});
after(() => api.stop());

const send = (chunks, options) => raw(api.port, chunks, options);
const H = 'Host: x\r\n';

// One refusal: this status, a problem document, the connection closed, nothing else answered.
function refused(r, status, code) {
	assert.deepEqual(statuses(r.text), [status], r.text);
	assert.match(r.text, /content-type: application\/problem\+json/);
	assert.match(r.text, new RegExp(`"status":${status},"code":"${code}","request_id":"[0-9a-f-]{36}"`));
	assert.ok(r.closed, 'connection stays open');
}
const malformed = (r) => refused(r, 400, 'api.malformed_request');

test('a plain request, keep-alive, a second one after the answer', async () => {
	const r = await send([`GET /echo HTTP/1.1\r\n${H}\r\n`, `GET /livez HTTP/1.1\r\n${H}\r\n`], { answers: 2, pause: 100 });
	assert.deepEqual(statuses(r.text), [200, 200]);
	assert.equal(r.closed, false);
});

test('a body that fits is read whole, in one packet and in many', async () => {
	for (const chunks of [
		[`POST /echo HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello`],
		[`POST /echo HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\n`, 'he', 'llo'],
		['POST /echo HT', `TP/1.1\r\n${H}Content-Le`, 'ngth: 5\r\n', '\r\nhello'],
	]) {
		const r = await send(chunks);
		assert.deepEqual(statuses(r.text), [200]);
		assert.match(r.text, /\n5\nhello$/);
	}
});

test('more bytes than Content-Length announces', async () => {
	malformed(await send(`POST /echo HTTP/1.1\r\n${H}Content-Length: 1\r\n\r\nlonger than one`));
	malformed(await send(`POST /echo HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\nx`));
});

test('a body with GET, HEAD, DELETE, OPTIONS', async () => {
	for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
		const smuggled = `GET /pid HTTP/1.1\r\n${H}\r\n`;
		const r = await send([`${method} /echo HTTP/1.1\r\n${H}Content-Length: ${smuggled.length}\r\n\r\n`, smuggled]);
		assert.deepEqual(statuses(r.text), [400], method);
		assert.ok(r.closed);
	}
	const r = await send(`GET /echo HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`);
	assert.deepEqual(statuses(r.text), [200]);
});

test('F5: Transfer-Encoding, with and without Content-Length', async () => {
	malformed(await send(`POST /echo HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nhello`));
	malformed(await send(`POST /echo HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`));
	malformed(await send(`GET /echo HTTP/1.1\r\n${H}transfer-encoding: identity\r\n\r\n`));
	malformed(await send(`GET /echo HTTP/1.1\r\n${H}Transfer-Encoding:\r\n\r\n`));
});

test('two lengths, two hosts, lengths that are not digits', async () => {
	malformed(await send(`POST /echo HTTP/1.1\r\n${H}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`));
	malformed(await send('GET /echo HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'));
	for (const length of ['+5', '-5', '0x5', '5,5', '5 5', '', '99999999999999999999'])
		malformed(await send(`POST /echo HTTP/1.1\r\n${H}Content-Length: ${length}\r\n\r\nhello`));
	const r = await send(`POST /echo HTTP/1.1\r\n${H}Content-Length: 5 \r\n\r\nhello`);
	assert.deepEqual(statuses(r.text), [200]);
	refused(await send(`POST /echo HTTP/1.1\r\n${H}\r\n`), 411, 'api.length_required');
});

test('Hostile: is not Host:', async () => {
	malformed(await send('GET /echo HTTP/1.1\r\nHostile: evil\r\n\r\n'));
	const r = await send(`GET /echo HTTP/1.1\r\nHostile: evil\r\n${H}\r\n`);
	assert.match(r.text, /\nhost: x\nHostile: evil\n/);
	malformed(await send('GET /echo HTTP/1.1\r\nHost:\r\n\r\n'));
});

test('a second request in the packet of the first', async () => {
	malformed(await send(`GET /livez HTTP/1.1\r\n${H}\r\nGET /pid HTTP/1.1\r\n${H}\r\n`));
	malformed(await send(`POST /echo HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhelloGET /pid HTTP/1.1\r\n${H}\r\n`));
});

test('a second request while the first is at work is answered after it', async () => {
	const body = `POST /sleep/300 HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\n`;
	const r = await send([body, 'hello', `GET /livez HTTP/1.1\r\n${H}\r\n`], { answers: 2 });
	assert.deepEqual(statuses(r.text), [200, 200]);
	assert.ok(r.text.indexOf('slept') < r.text.indexOf('ok\n'), r.text);
});

test('F5: 100 headers are all there, 101 are refused', async () => {
	const headers = (n) => Array.from({ length: n - 1 }, (_, i) => `X-${i}: v${i}\r\n`).join('');
	const r = await send(`GET /echo HTTP/1.1\r\n${H}${headers(100)}\r\n`);
	assert.deepEqual(statuses(r.text), [200]);
	assert.match(r.text, /\nX-98: v98\n/);
	refused(await send(`GET /echo HTTP/1.1\r\n${H}${headers(101)}\r\n`), 431, 'api.headers_too_large');
	refused(await send(`GET /echo HTTP/1.1\r\n${H}${headers(400)}\r\n`), 431, 'api.headers_too_large');
	const last = await send(`POST /echo HTTP/1.1\r\n${H}${headers(99)}Content-Length: 5\r\n\r\nhello`);
	assert.match(last.text, /\n5\nhello$/);
});

test('a header block above the limit', async () => {
	refused(await send(`GET /echo HTTP/1.1\r\n${H}X: ${'a'.repeat(20_000)}\r\n\r\n`), 431, 'api.headers_too_large');
	refused(await send([`GET /echo HTTP/1.1\r\n${H}X: ${'a'.repeat(9_000)}`, 'a'.repeat(9_000)]), 431, 'api.headers_too_large');
	const r = await send(`GET /echo HTTP/1.1\r\n${H}X: ${'a'.repeat(15_000)}\r\n\r\n`);
	assert.deepEqual(statuses(r.text), [200]);
});

test('F5: header values: empty, tab, space around; names without colon, without name', async () => {
	const r = await send(`GET /echo HTTP/1.1\r\n${H}Empty:\r\nBlank:   \r\nTab: a\tb\r\nRoom:   v  \r\n\r\n`);
	assert.match(r.text, /\nEmpty: \nBlank: \nTab: a\tb\nRoom: v\n/);
	malformed(await send(`GET /echo HTTP/1.1\r\n${H}nothing\r\n\r\n`));
	malformed(await send(`GET /echo HTTP/1.1\r\n${H}: v\r\n\r\n`));
	malformed(await send(`GET /echo HTTP/1.1\r\n${H}Name : v\r\n\r\n`));
	malformed(await send(`GET /echo HTTP/1.1\r\n${H}X: a\r\n folded\r\n\r\n`));
	malformed(await send(`GET /echo HTTP/1.1\r\n${H}X: \xe9\r\n\r\n`));
});

test('NUL and a lone CR in the header block, words in the request line', async () => {
	malformed(await send(`GET /echo HTTP/1.1\r\n${H}X: a\0b\r\nY: c\r\n\r\n`));
	malformed(await send(`POST /echo HTTP/1.1\r\n${H}X: a\rContent-Length: 5\r\n\r\nhello`));
	malformed(await send(`GET /echo HTTP/1.1 more\r\n${H}\r\n`));
	refused(await send(`GET /echo HTTP/2.0\r\n${H}\r\n`), 505, 'api.http_version');
	refused(await send(`GET /${'a'.repeat(3000)} HTTP/1.1\r\n${H}\r\n`), 414, 'api.uri_too_long');
	malformed(await send(`TRACE / HTTP/1.1\r\n${H}\r\n`));
});

test('Expect: 100-continue', async () => {
	const head = `POST /echo HTTP/1.1\r\n${H}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
	const r = await send([head, 'hello'], { answers: 2, pause: 200 });
	assert.deepEqual(statuses(r.text), [100, 200]);
	assert.match(r.text, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200/);
	assert.deepEqual(statuses((await send(`${head}hello`)).text), [200]);
	refused(await send(`POST /echo HTTP/1.1\r\n${H}Expect: 100-continue\r\nContent-Length: 2000000\r\n\r\n`), 413, 'api.body_too_large');
});

test('an idle connection closes without a word, before and after a request', async () => {
	const [fresh, used] = await Promise.all([[], `GET /livez HTTP/1.1\r\n${H}\r\n`].map((chunks) => send(chunks, { quiet: 40_000 })));
	assert.equal(fresh.text, '');
	assert.deepEqual(statuses(used.text), [200]);
	for (const r of [fresh, used]) assert.ok(r.closed && r.ms > 3500 && r.ms < 40_000, `${r.ms} ms`);
});

test('F5: headers and bodies that do not end', async () => {
	const both = [['GET / HT', 'TP', '/1'], [`POST /echo HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhe`]];
	const [head, body] = await Promise.all(both.map((chunks) => send(chunks)));
	for (const r of [head, body]) refused(r, 408, 'api.timeout');
	assert.ok(head.ms < 9000 && body.ms < 30_000, `${head.ms} ms, ${body.ms} ms`); // three times what each was given
});

test('the header clock starts with the first byte, not with the last answer', async () => {
	const r = await send([`GET /livez HTTP/1.1\r\n${H}\r\n`, 'GET /livez HTTP/1.1\r\n', `${H}\r\n`], { answers: 2, pause: 1900 });
	assert.deepEqual(statuses(r.text), [200, 200]);
});

test('no clock runs while a handler works', async () => {
	const all = await Promise.all([
		[`POST /sleep/11500 HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\n`, 'hello'],
		[`POST /sleep/4700 HTTP/1.1\r\n${H}Content-Length: 0\r\n\r\n`],
		[`GET /sleep/4700 HTTP/1.1\r\n${H}\r\n`],
	].map((chunks) => send(chunks)));
	assert.deepEqual(all.map((r) => statuses(r.text)), [[200], [200], [200]]);
});

test('content_length of an earlier request is not this one\'s', async () => {
	const r = await send([`POST /echo HTTP/1.1\r\n${H}Content-Length: 5\r\n\r\nhello`, `GET /echo HTTP/1.1\r\n${H}\r\n`], { answers: 2, pause: 100 });
	assert.deepEqual(statuses(r.text), [200, 200]);
	assert.match(r.text, /\n\n0\n$/);
});

test('bytes after a refusal are dropped, a client that leaves harms nobody', async () => {
	const r = await send([`GET /echo HTTP/1.1\r\n${H}${H}\r\n`, `GET /pid HTTP/1.1\r\n${H}\r\n`]);
	malformed(r);
	for (const chunks of [['GET'], [`POST /echo HTTP/1.1\r\n${H}Content-Length: 500\r\n\r\nabc`], [`GET /sleep/400 HTTP/1.1\r\n${H}\r\n`]])
		await send(chunks, { answers: 0, quiet: 20 });
	await sleep(600);
	assert.equal((await get(api.port, '/livez')).body, 'ok\n');
});

test('F5: large bodies share a ceiling, held and announced; small ones pass, and the place is free again', async () => {
	const post = (n, body = '') => `POST /echo HTTP/1.1\r\n${H}Content-Length: ${n}\r\n\r\n${body}`;
	let held;
	await until('the ceiling is reached', async () => {
		if (!held || held.destroyed) held = net.connect(api.port, '127.0.0.1', () => held.write(post(900_000, 'x'))).on('error', () => {}).resume();
		return /^HTTP\/1.1 503/.test((await send(post(200_000), { answers: 0, quiet: 300 })).text);
	});
	refused(await send(post(200_000)), 503, 'api.busy');
	assert.deepEqual(statuses((await send(post(60_000, 'x'.repeat(60_000)))).text), [200]);
	held.destroy();
	await until('its place is free', async () => statuses((await send(post(200_000, 'x'.repeat(200_000)))).text)[0] === 200);
	const whole = await send(post(1 << 20, 'y'.repeat(1 << 20)));
	assert.deepEqual(statuses(whole.text), [200], 'nothing is held any more');
});

test('a body of a megabyte arrives whole', async () => {
	const body = 'abcdefgh'.repeat(1 << 17);
	const r = await send(`POST /echo HTTP/1.1\r\n${H}Content-Length: ${body.length}\r\n\r\n${body}`);
	assert.ok(r.text.endsWith(`\n${body.length}\n${body}`));
});
