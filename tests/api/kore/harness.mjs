// What the tests of the substrate share: the probe server, raw sockets, an own PostgreSQL and an own Redis.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { after } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

export const root = path.resolve(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), '../../..');
export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const asRoot = process.getuid() === 0;

// Whatever a failed test has left running ends with its file.
const started = new Set();
after(() => started.forEach((child) => child.kill('SIGKILL')));

export async function until(what, check, ms = 60_000) {
	const end = Date.now() + ms;
	for (;;) {
		const value = await check();
		if (value) return value;
		if (Date.now() > end) throw new Error(`waited ${ms} ms in vain: ${what}`);
		await sleep(20);
	}
}

export async function freePort() {
	const server = net.createServer().listen(0, '127.0.0.1');
	await new Promise((done) => server.once('listening', done));
	const { port } = server.address();
	await new Promise((done) => server.close(done));
	return port;
}

export function alive(pid) {
	try {
		process.kill(pid, 0);
		return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
	} catch {
		return false;
	}
}

export const childrenOf = (pid) => fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(/\s+/)
	.filter(Boolean).map(Number);

// ask: how to see that it answers, when not on a port.
export async function startApi({ binary = 'build/tests/api/probe-san', env = {}, ask } = {}) {
	const child = spawn(path.join(root, binary), [], {
		cwd: root,
		env: {
			PATH: process.env.PATH,
			PATCHWORK_API_LISTEN: '127.0.0.1:0',
			PATCHWORK_API_DATABASE: 'postgresql://postgres@127.0.0.1:1/none',
			PATCHWORK_API_REDIS: '127.0.0.1:1',
			...env,
		},
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	started.add(child);
	const api = { child, pid: child.pid, output: '', exit: null };
	child.stdout.on('data', (d) => { api.output += d; });
	child.stderr.on('data', (d) => { api.output += d; });
	const ended = new Promise((done) => child.once('exit', (code, signal) => { api.exit = { code, signal }; done(api.exit); }));
	api.ended = () => ended;
	api.port = Number((await until('api.listening', () => {
		assert.equal(api.exit, null, api.output);
		return /event=api.listening .*port=(\d+)/.exec(api.output);
	}))[1]);
	ask ??= async () => (await get(api.port, '/livez').catch(() => ({}))).status === 200;
	await until('a worker', ask);
	api.workers = () => childrenOf(api.pid);
	await until('every worker', () => api.workers().length === Number(env.PATCHWORK_API_WORKERS ?? 2));
	// Ends it and says what the sanitizers found: nothing.
	api.stop = async () => {
		if (api.exit === null) child.kill('SIGTERM');
		await ended;
		assert.doesNotMatch(api.output, /runtime error|AddressSanitizer|LeakSanitizer|event=\S+ .*level=error/);
	};
	return api;
}

// Is that at least so many answers, the last one with its body?
function whole(text, answers) {
	if (statuses(text).length < answers) return false;
	const last = text.slice(text.lastIndexOf('HTTP/1.1 '));
	const end = last.indexOf('\r\n\r\n');
	return end >= 0 && last.length >= end + 4 + Number(/content-length: (\d+)/i.exec(last.slice(0, end))?.[1] ?? 0);
}

// Sends the chunks, one packet each, and collects what comes back until the server closes or, once there are so many answers of which
// none said that it closes, `quiet` ms pass in silence.
export function raw(port, chunks, { answers = 1, quiet = 300, pause = 30, limit = 60_000 } = {}) {
	return new Promise((done) => {
		const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
		const result = { text: '', closed: false, error: null, ms: Date.now() };
		let timer;
		const finish = () => {
			clearTimeout(timer);
			clearTimeout(last);
			socket.destroy();
			result.ms = Date.now() - result.ms;
			done(result);
		};
		const last = setTimeout(finish, limit);
		const rearm = () => {
			clearTimeout(timer);
			if (answers === 0 || (whole(result.text, answers) && !/connection: close/i.test(result.text))) timer = setTimeout(finish, quiet);
		};
		socket.on('data', (d) => { result.text += d.toString('latin1'); rearm(); });
		socket.on('error', (e) => { result.error = e.code; });
		socket.on('close', () => { result.closed = true; finish(); });
		socket.on('connect', async () => {
			for (const chunk of [chunks].flat()) {
				socket.write(chunk, 'latin1');
				await sleep(pause);
			}
			rearm();
		});
	});
}

export const statuses = (text) => [...text.matchAll(/HTTP\/1\.[01] (\d{3})/g)].map((m) => Number(m[1]));

export function get(port, target, { method = 'GET', timeout = 60_000 } = {}) {
	return new Promise((done, fail) => {
		const socket = net.connect({ port, host: '127.0.0.1' });
		let text = '';
		const timer = setTimeout(() => { socket.destroy(); fail(new Error(`${target}: no answer in ${timeout} ms`)); }, timeout);
		socket.on('data', (d) => { text += d; });
		socket.on('error', (e) => { clearTimeout(timer); fail(e); });
		socket.on('close', () => {
			clearTimeout(timer);
			const at = text.indexOf('\r\n\r\n');
			if (at < 0) return fail(new Error(`${target}: closed without an answer`));
			done({ status: statuses(text)[0], head: text.slice(0, at), body: text.slice(at + 4) });
		});
		socket.write(`${method} ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
	});
}

const PG = '/usr/lib/postgresql/15/bin';

function asPostgres(args, options = {}) {
	const [file, ...rest] = asRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...args] : args;
	const r = spawnSync(file, rest, { encoding: 'utf8', cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], ...options });
	assert.equal(r.status, 0, `${args.join(' ')}\n${r.stdout}${r.stderr}`);
	return r.stdout;
}

export async function startPostgres() {
	const dir = fs.mkdtempSync('/var/tmp/pw-kore-pg-');
	const port = await freePort();
	if (asRoot) spawnSync('chown', ['postgres:postgres', dir]);
	asPostgres([`${PG}/initdb`, '--no-sync', '-A', 'trust', '-U', 'postgres', '-D', `${dir}/data`]);
	const pg = { port, url: `postgresql://postgres@127.0.0.1:${port}/postgres` };
	pg.start = () => asPostgres([`${PG}/pg_ctl`, '-D', `${dir}/data`, '-w', '-l', `${dir}/log`, '-o',
		`-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${dir} -c fsync=off`, 'start'], { stdio: 'ignore' });
	pg.stop = (mode = 'fast') => asPostgres([`${PG}/pg_ctl`, '-D', `${dir}/data`, '-w', '-m', mode, 'stop']);
	pg.sql = (text) => asPostgres(['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', pg.url, '-c', text]).trim();
	// The same, without waiting for it here.
	pg.ask = (text) => promisify(execFile)('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', pg.url, '-c', text]);
	pg.remove = () => {
		try { pg.stop('immediate'); } catch { /* stopped already */ }
		fs.rmSync(dir, { recursive: true, force: true });
	};
	pg.start();
	return pg;
}

export async function startRedis() {
	const port = await freePort();
	const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'pw-kore-redis-'));
	const redis = { port, address: `127.0.0.1:${port}` };
	redis.start = async () => {
		redis.child = spawn('redis-server', ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no',
			'--dir', dir], { stdio: 'ignore' });
		started.add(redis.child);
		await until('redis', () => new Promise((done) => {
			const s = net.connect(port, '127.0.0.1', () => s.write('PING\r\n'));
			s.on('data', (d) => { s.destroy(); done(String(d).includes('PONG')); });
			s.on('error', () => done(false));
		}));
	};
	redis.stop = async (signal = 'SIGKILL') => {
		if (redis.child.exitCode !== null || redis.child.signalCode !== null) return;
		const ended = new Promise((done) => redis.child.once('exit', done));
		redis.child.kill(signal);
		await ended;
	};
	redis.command = (...words) => new Promise((done, fail) => {
		const s = net.connect(port, '127.0.0.1', () => s.write(`${words.join(' ')}\r\n`));
		s.on('data', (d) => { s.destroy(); done(String(d)); });
		s.on('error', fail);
	});
	redis.remove = async () => { await redis.stop(); fs.rmSync(dir, { recursive: true, force: true }); };
	await redis.start();
	return redis;
}
