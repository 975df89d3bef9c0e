import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drawIcon } from './app-icon.mjs';
import { precacheOf } from './web-app.mjs';

describe('the list of the page’s files', () => {
  let folder = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'forgelight-page-'));
    await mkdir(join(folder, 'assets/ab'), { recursive: true });
    await writeFile(join(folder, 'index.html'), 'page');
    await writeFile(join(folder, 'assets/ab/worker.js'), 'worker');
    await writeFile(join(folder, 'service-worker.js'), 'itself');
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('names all but the service worker, each with its hash', async () => {
    const { files } = await precacheOf(folder);
    expect(files).toEqual([
      { path: 'assets/ab/worker.js', integrity: 'sha256-h+unbn8xZFNARbqSLndw+1i70UrXMrv1um8RzFaYnm4=' },
      { path: '', integrity: expect.stringMatching(/^sha256-/) },
    ]);
  });

  it('has another version when a byte of any file is another', async () => {
    const before = await precacheOf(folder);
    await writeFile(join(folder, 'service-worker.js'), 'another one');
    expect(await precacheOf(folder)).toEqual(before);
    await writeFile(join(folder, 'index.html'), 'Page');
    expect((await precacheOf(folder)).version).not.toBe(before.version);
  });
});

describe('an icon', () => {
  /** @param {Buffer} png @param {number} size */
  function pixels(png, size) {
    const start = png.indexOf('IDAT') + 4;
    const rows = inflateSync(png.subarray(start, start + png.readUInt32BE(start - 8)));
    return (/** @type {number} */ x, /** @type {number} */ y) => {
      const at = y * (1 + size * 4) + 1 + x * 4;
      return [...rows.subarray(at, at + 4)];
    };
  }

  it('has the mark in its middle, the ground around it, and corners that are cut where they should be', () => {
    const at = pixels(drawIcon({ size: 32, margin: 0.2, corner: 0.22 }), 32);
    expect(at(16, 14)).toEqual([255, 138, 76, 255]);
    expect(at(3, 16)).toEqual([33, 30, 27, 255]);
    expect(at(0, 0)[3]).toBe(0);
    const full = pixels(drawIcon({ size: 32, margin: 0.27, corner: 0 }), 32);
    expect(full(0, 0)).toEqual([33, 30, 27, 255]);
  });
});
