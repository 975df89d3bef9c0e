import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { useTempFolder } from '../testing/temp-folder.mjs';
import { useServers } from '../testing/use-server.mjs';
import { download } from './download.mjs';

const inFolder = useTempFolder();
const startServer = useServers();
const BYTES = Buffer.from(Array.from({ length: 100_000 }, (_, index) => (index * 31) % 251));
const options = { signal: new AbortController().signal, retryDelayMs: 1 };

/**
 * Serves BYTES with ranges. With `cut`, an answer stops after so many bytes, and `breakConnection` ends it there.
 * @param {{ cut?: number, ranges?: boolean }} [behaviour]
 */
async function startFileServer({ cut = BYTES.length, ranges = true } = {}) {
  /** @type {(string | undefined)[]} */
  const requests = [];
  /** @type {import('node:http').ServerResponse} */
  let current;
  const { url } = await startServer((request, response) => {
    const { range } = request.headers;
    requests.push(range);
    const start = ranges ? Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0) : 0;
    if (start >= BYTES.length) {
      response.writeHead(416, { 'content-range': `bytes */${BYTES.length}` }).end();
      return;
    }
    const contentRange = { 'content-range': `bytes ${start}-${BYTES.length - 1}/${BYTES.length}` };
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': BYTES.length - start,
      ...(start > 0 ? contentRange : {}),
    });
    current = response;
    const end = Math.min(BYTES.length, start + cut);
    response.write(BYTES.subarray(start, end), () => end === BYTES.length && response.end());
  });
  return { url, requests, breakConnection: () => current.destroy() };
}

describe('download', () => {
  it('fetches a file and reports how far it is', async () => {
    const { url } = await startFileServer();
    const seen = [];
    await download(url, inFolder('f'), { ...options, onProgress: (loaded, total) => seen.push([loaded, total]) });
    expect(readFileSync(inFolder('f')).equals(BYTES)).toBe(true);
    expect(seen[0]).toEqual([0, BYTES.length]);
    expect(seen.at(-1)).toEqual([BYTES.length, BYTES.length]);
  });

  it('goes on where a broken connection stopped, as often as bytes come', async () => {
    const { url, requests, breakConnection } = await startFileServer({ cut: 10_000 });
    let received = 0;
    const onProgress = (/** @type {number} */ loaded) => {
      if (loaded > received && loaded % 10_000 === 0 && loaded < BYTES.length) breakConnection();
      received = loaded;
    };
    await download(url, inFolder('f'), { ...options, retries: 0, onProgress });
    expect(readFileSync(inFolder('f')).equals(BYTES)).toBe(true);
    expect(requests).toEqual([undefined, ...Array.from({ length: 9 }, (_, index) => `bytes=${(index + 1) * 10_000}-`)]);
  });

  it('goes on behind what an earlier run left, and fetches nothing when all is there', async () => {
    const { url, requests } = await startFileServer();
    writeFileSync(inFolder('f'), BYTES.subarray(0, 99_000));
    await download(url, inFolder('f'), options);
    await download(url, inFolder('f'), options);
    expect(readFileSync(inFolder('f')).equals(BYTES)).toBe(true);
    expect(requests).toEqual(['bytes=99000-', 'bytes=100000-']);
  });

  it('begins again when the server knows no ranges, or the bytes at hand are too many', async () => {
    writeFileSync(inFolder('f'), 'x'.repeat(500));
    await download((await startFileServer({ ranges: false })).url, inFolder('f'), options);
    expect(readFileSync(inFolder('f')).equals(BYTES)).toBe(true);
    writeFileSync(inFolder('f'), Buffer.concat([BYTES, BYTES]));
    await download((await startFileServer()).url, inFolder('f'), options);
    expect(readFileSync(inFolder('f')).equals(BYTES)).toBe(true);
  });

  it('refuses a file of another size before its bytes', async () => {
    const { url } = await startFileServer();
    await expect(download(url, inFolder('f'), { ...options, sizeBytes: 5 })).rejects.toThrow(
      'another file (100000 bytes',
    );
    expect(existsSync(inFolder('f'))).toBe(false);
  });

  it('gives up on a refusal at once, and on silence after the time', async () => {
    let calls = 0;
    const { url } = await startServer((_, response) => {
      calls++;
      response.writeHead(403).end();
    });
    await expect(download(url, inFolder('f'), options)).rejects.toThrow(
      '403 Forbidden (a token may be needed: HF_TOKEN)',
    );
    expect(calls).toBe(1);
    const silent = await startServer(() => {});
    await expect(download(silent.url, inFolder('f'), { ...options, connectTimeoutMs: 50 })).rejects.toThrow(
      'no answer within',
    );
  });

  it('gives up when it fails again and again without a byte', async () => {
    let calls = 0;
    const { url } = await startServer((_, response) => {
      calls++;
      response.writeHead(503).end();
    });
    await expect(download(url, inFolder('f'), { ...options, retries: 2 })).rejects.toThrow(
      'again and again: the server answered 503',
    );
    expect(calls).toBe(3);
  });

  it('stops at the signal and keeps the bytes', async () => {
    const controller = new AbortController();
    const { url } = await startServer((_, response) => {
      response.writeHead(200, { 'content-length': BYTES.length });
      response.write(BYTES.subarray(0, 5000));
    });
    const onProgress = (/** @type {number} */ loaded) => loaded === 5000 && controller.abort();
    await expect(download(url, inFolder('f'), { ...options, signal: controller.signal, onProgress })).rejects.toThrow(
      'Interrupted',
    );
    expect(readFileSync(inFolder('f')).equals(BYTES.subarray(0, 5000))).toBe(true);
  });
});
