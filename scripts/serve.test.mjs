import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createStaticServer } from './serve.mjs';
import { useTempFolder } from './testing/temp-folder.mjs';
import { useServers } from './testing/use-server.mjs';

const inFolder = useTempFolder();
const startServer = useServers();
const GGUF = 'GGUF and so on, 0123456789';
const ETAG = `"${createHash('sha256').update(GGUF).digest('hex')}"`;

beforeEach(() => {
  const files = {
    'page/index.html': '<title>page</title>',
    'page/assets/a.js': 'a()',
    'page/assets/a.css': 'a{}',
    'lib/index.js': 'export {}',
    'models/m.gguf': GGUF,
    'models/secret.txt': 'secret',
    'models/.hidden.gguf': 'hidden',
    'outside.gguf': 'outside',
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(inFolder(path)), { recursive: true });
    writeFileSync(inFolder(path), text);
  }
});

/** @param {string} [host] */
function start(host = '127.0.0.1') {
  return startServer(
    createStaticServer({ host, page: inFolder('page'), lib: inFolder('lib'), models: inFolder('models') }),
  );
}

/** Sends bytes as they are, which `fetch` would tidy up. @param {number} port @param {string[]} lines @returns {Promise<string>} answer */
function raw(port, lines) {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`));
    socket.on('data', (chunk) => (answer += String(chunk)));
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}

/** @param {number} port @param {string} target @returns {Promise<number>} status */
async function statusOf(port, target) {
  return Number((await raw(port, [`GET ${target} HTTP/1.1`, `Host: 127.0.0.1:${port}`])).split(' ')[1]);
}

describe('the server', () => {
  it('serves page, library and models with their types and policies', async () => {
    const { url } = await start();
    const types = {
      '/': 'text/html; charset=utf-8',
      '/assets/a.js': 'text/javascript; charset=utf-8',
      '/assets/a.css?v=1': 'text/css; charset=utf-8',
      '/lib/index.js': 'text/javascript; charset=utf-8',
      '/models/m.gguf': 'application/octet-stream',
    };
    for (const [path, type] of Object.entries(types)) {
      const response = await fetch(url + path);
      expect([path, response.status, response.headers.get('content-type')]).toEqual([path, 200, type]);
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
    const page = await fetch(`${url}/`);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self' 'wasm-unsafe-eval';");
    expect(page.headers.get('access-control-allow-origin')).toBeNull();
    expect((await fetch(`${url}/lib/index.js`)).headers.get('access-control-allow-origin')).toBe('*');
  });

  it('answers HEAD without a body', async () => {
    const response = await fetch(`${(await start()).url}/models/m.gguf`, { method: 'HEAD' });
    expect(response.headers.get('content-length')).toBe(String(GGUF.length));
    expect(response.headers.get('etag')).toBe(ETAG);
    expect(response.headers.get('x-linked-etag')).toBe(ETAG);
    expect(await response.text()).toBe('');
  });

  it.each([
    ['bytes=0-3', 206, 'GGUF', `bytes 0-3/${GGUF.length}`],
    ['bytes=16-', 206, '0123456789', `bytes 16-25/${GGUF.length}`],
    ['bytes=-4', 206, '6789', `bytes 22-25/${GGUF.length}`],
    ['bytes=20-999', 206, '456789', `bytes 20-25/${GGUF.length}`],
    ['bytes=26-', 416, '', `bytes */${GGUF.length}`],
    ['bytes=-0', 416, '', `bytes */${GGUF.length}`],
    ['bytes=5-2', 200, GGUF, null],
    ['bytes=0-1,4-5', 200, GGUF, null],
    ['items=0-1', 200, GGUF, null],
  ])('answers the range %s with %i', async (range, status, body, contentRange) => {
    const response = await fetch(`${(await start()).url}/models/m.gguf`, { headers: { range } });
    expect([response.status, await response.text(), response.headers.get('content-range')]).toEqual([
      status,
      body,
      contentRange,
    ]);
  });

  it('keeps to the range only for the content that the reader has', async () => {
    const { url } = await start();
    const get = (/** @type {Record<string, string>} */ headers) => fetch(`${url}/models/m.gguf`, { headers });
    expect((await get({ range: 'bytes=0-3', 'if-range': ETAG })).status).toBe(206);
    expect((await get({ range: 'bytes=0-3', 'if-range': '"another"' })).status).toBe(200);
    expect((await get({ 'if-none-match': `W/"x", ${ETAG}` })).status).toBe(304);
    expect((await get({ 'if-none-match': '"another"' })).status).toBe(200);
    writeFileSync(inFolder('models/m.gguf'), 'GGUF changed');
    expect((await get({ range: 'bytes=0-3', 'if-range': ETAG })).status).toBe(200);
  });

  it('gives nothing outside of its folders, nothing hidden, and only models as models', async () => {
    const { port } = await start();
    const targets = [
      '/models/../outside.gguf',
      '/models/..%2foutside.gguf',
      '/models/%2e%2e/outside.gguf',
      '/models/..%5coutside.gguf',
      '/models//m.gguf',
      '/models/.hidden.gguf',
      '/models/secret.txt',
      '/models/m.gguf%00.txt',
      '/../models/m.gguf',
      '/models/',
      '/assets',
      '/nothing.js',
    ];
    for (const target of targets) expect([target, await statusOf(port, target)]).toEqual([target, 404]);
    expect(await statusOf(port, '/models/%zz.gguf')).toBe(400);
    expect(await statusOf(port, `http://127.0.0.1:${port}/`)).toBe(400);
  });

  it('refuses other methods', async () => {
    const response = await fetch(`${(await start()).url}/models/m.gguf`, { method: 'POST', body: 'x' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('answers only for names of this computer', async () => {
    const { port } = await start();
    const status = async (/** @type {string[]} */ ...hosts) =>
      Number((await raw(port, ['GET / HTTP/1.1', ...hosts.map((host) => `Host: ${host}`)])).split(' ')[1]);
    expect(await status(`localhost:${port}`)).toBe(200);
    expect(await status('127.0.0.1')).toBe(200);
    expect(await status('[::1]:80')).toBe(200);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      'localhost.evil.example',
      '192.168.0.9',
      'a@localhost',
      '',
    ]) {
      expect([host, await status(host)]).toEqual([host, 421]);
    }
    expect(await status('localhost', 'evil.example')).toBe(421);
  });

  it('answers for every address, and no foreign name, when it listens on every address', async () => {
    const { port } = await start('0.0.0.0');
    const status = async (/** @type {string} */ host) =>
      Number((await raw(port, ['GET / HTTP/1.1', `Host: ${host}`])).split(' ')[1]);
    expect(await status('192.168.0.9:80')).toBe(200);
    expect(await status('evil.example')).toBe(421);
  });
});
