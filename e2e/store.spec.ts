import { readFileSync } from 'node:fs';
import { expect, test, type Page, type TestInfo } from '@playwright/test';
import type { Engine, EngineOptions } from '../src/client/types';
import type { ModelStore, ModelStoreOptions } from '../src/client/model-store';
import type { PullProgress } from '../src/store/store-host';
import { drawnFile, FaultyServer } from './faulty-server';
import { libraryUrl, openBlankPage, PLAIN_KERNELS } from './library';
import { OwnChromium, withProfile } from './own-chromium';

// The store in real browsers over a profile on disk: what a browser without one keeps is no file.

declare const createEngine: (options: EngineOptions) => Promise<Engine>;
declare const openModelStore: (options?: ModelStoreOptions) => Promise<ModelStore>;
/** Left in the page between two looks at it. */
declare let store: ModelStore;
declare let pulled: Promise<readonly string[]>;
declare let progress: PullProgress | null;

const MIB = 2 ** 20;
const FILE = drawnFile(24 * MIB, 7);
/** Half a percent of the file, and at least so much, may be lost with a browser. */
const GRAIN_BYTES = 256 * 1024;
/** A chunk of the network may be on its way between journal and file. */
const CHUNK_BYTES = MIB;
const KILLS = Number(process.env['FORGELIGHT_KILLS'] ?? 5);

const withServer = async (work: (server: FaultyServer) => Promise<void>): Promise<void> => {
  const server = await FaultyServer.start();
  try {
    await work(server);
  } finally {
    await server.close();
  }
};

/** A page of a browser of our own, with the library's exports as globals and an open store. */
async function storePage(browser: OwnChromium, info: TestInfo): Promise<Page> {
  const page = await browser.context.newPage();
  await openBlankPage(page, info.project.use.baseURL);
  await page.evaluate(async (url) => {
    Object.assign(globalThis, await import(url));
    Object.assign(globalThis, { store: await openModelStore(), progress: null });
  }, libraryUrl(info.config.metadata));
  return page;
}

/** Begins a download, and leaves its promise in the page. */
function startPull(page: Page, address: string): Promise<void> {
  return page.evaluate((model) => {
    const onProgress = (now: PullProgress): void => void Object.assign(globalThis, { progress: now });
    const promise = store.pull(model, { onProgress });
    promise.catch(() => undefined);
    Object.assign(globalThis, { pulled: promise });
  }, address);
}

const isAt = (page: Page, bytes: number) =>
  page.waitForFunction((least) => progress !== null && progress.loaded >= least, bytes, { polling: 5 });

/** The same numbers in [0, 1) every time. */
function drawing(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32;
}

test(`a browser that is killed ${KILLS} times while it downloads loses no more than the journal's grain`, async () => {
  const info = test.info();
  test.setTimeout(300_000 + KILLS * 60_000);
  const draw = drawing(1);
  const seen = { whole: 0, resumed: 0 };
  await withServer(async (server) => {
    const address = server.put('/drawn.gguf', FILE.bytes);
    server.bytesPerSecond = 16 * MIB;
    await withProfile(async (profile) => {
      let received = 0;
      for (let turn = 0; turn <= KILLS; turn++) {
        const browser = await OwnChromium.start(profile, info.project);
        const page = await storePage(browser, info);
        const entries = await page.evaluate(() => store.list());
        expect(entries.filter(({ reason }) => reason !== null)).toEqual([]);
        expect(entries.length).toBeLessThanOrEqual(1);
        const whole = entries.filter(({ state }) => state === 'ok');
        expect(whole.every((entry) => 'sha256' in entry && entry.sha256 === FILE.sha256)).toBe(true);
        await startPull(page, address);
        await isAt(page, 1);
        const resumed = await page.evaluate(() => progress?.resumed ?? NaN);
        expect(resumed).toBeGreaterThanOrEqual(received - GRAIN_BYTES - CHUNK_BYTES);
        if (resumed > 0) seen.resumed += 1;
        if (whole.length > 0 || turn === KILLS) {
          // Whole at last: the bytes are proven, and the next turn begins anew.
          expect(await page.evaluate(() => pulled)).toEqual([FILE.sha256]);
          expect(await page.evaluate((sha256) => store.delete(sha256), FILE.sha256)).toBe(true);
          seen.whole += 1;
          received = 0;
        } else {
          // Some of them near the end, where the file is moved and its record written.
          const until = draw() < 0.3 ? FILE.bytes.length : resumed + draw() * (FILE.bytes.length - resumed);
          await isAt(page, until);
          // A moment later, which is another one each time.
          for (let looks = Math.floor(draw() * 20); looks > 0; looks--) await page.evaluate(() => progress?.loaded);
          received = await page.evaluate(() => progress?.loaded ?? NaN);
        }
        await browser.kill();
      }
    });
  });
  expect(seen.whole).toBeGreaterThan(0);
  expect(seen.resumed).toBeGreaterThan(0);
});

test('of three tabs one downloads, and when it is closed midway another goes on', async () => {
  const info = test.info();
  await withServer(async (server) => {
    const address = server.put('/drawn.gguf', FILE.bytes);
    server.bytesPerSecond = 16 * MIB;
    // Who downloads first never comes to the end, however long the others take to be there.
    server.heldBehindBytes = (request) => (request === 0 ? 16 * MIB : Infinity);
    await withProfile(async (profile) => {
      const browser = await OwnChromium.start(profile, info.project);
      const first = await storePage(browser, info);
      const others = [await storePage(browser, info), await storePage(browser, info)];
      await startPull(first, address);
      await isAt(first, MIB);
      for (const page of others) await startPull(page, address);
      // Who waits watches.
      for (const page of others) await isAt(page, 2 * MIB);
      expect(server.requests).toHaveLength(1);
      await isAt(first, FILE.bytes.length / 2);
      await first.close();
      for (const page of others) expect(await page.evaluate(() => pulled)).toEqual([FILE.sha256]);
      const [, ...later] = server.requests;
      const start = Number(/^bytes=(\d+)-$/.exec(later[0]?.range ?? '')?.[1]);
      expect(later).toHaveLength(1);
      expect(start).toBeGreaterThanOrEqual(FILE.bytes.length / 2 - GRAIN_BYTES - CHUNK_BYTES);
      const [page] = others;
      expect(await page?.evaluate(() => store.list())).toMatchObject([{ state: 'ok', names: [address] }]);
      await browser.kill();
    });
  });
});

test('a model is loaded from the store without its server, by address or hash, and not deleted while it is in use', async () => {
  const info = test.info();
  const bytes = readFileSync('test/fixtures/zoo/llama.gguf');
  const { p3 } = (JSON.parse(readFileSync('test/fixtures/zoo/llama.json', 'utf8')) as { prompts: { p3: number[] } })
    .prompts;
  await withProfile(async (profile) => {
    const browser = await OwnChromium.start(profile, info.project);
    const page = await storePage(browser, info);
    const answer = (model: string) =>
      page.evaluate(
        async ([address, prompt, variants]) => {
          const engine = await createEngine({ model: address, maxConcurrent: 1, debug: { variants } });
          const { choices } = await engine.completions.create({ prompt, max_tokens: 4, temperature: 0 });
          const refused = await store.delete(engine.info.model.sha256).catch(({ code }: { code: string }) => code);
          await engine.close();
          return { text: choices[0]?.text, sha256: engine.info.model.sha256, refused };
        },
        [model, p3, PLAIN_KERNELS] as const,
      );
    let address = '';
    let first: Awaited<ReturnType<typeof answer>> | null = null;
    await withServer(async (server) => {
      address = server.put('/llama.gguf', bytes);
      first = await answer(address);
      expect(first.refused).toBe('busy');
      expect(server.requests).toHaveLength(1);
    });
    expect(await answer(address)).toEqual(first);
    const { sha256 } = await answer(address);
    expect(await answer(`sha256:${sha256}`)).toEqual(first);

    const copy = await page.evaluate(async (hash) => {
      const { stream, fileName } = await store.export(hash);
      return {
        sizeBytes: (await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).blob()).size,
        fileName,
      };
    }, sha256);
    expect(copy).toEqual({ sizeBytes: bytes.length, fileName: 'llama.gguf' });

    expect(await page.evaluate((hash) => store.delete(hash), sha256)).toBe(true);
    await expect(answer(`sha256:${sha256}`)).rejects.toThrow(/is not in the store/);
    await browser.kill();
  });
});

test('a file that was damaged on disk is reported, not loaded, and repaired when that is asked for', async () => {
  const info = test.info();
  await withServer(async (server) => {
    const address = server.put('/drawn.gguf', FILE.bytes);
    await withProfile(async (profile) => {
      const browser = await OwnChromium.start(profile, info.project);
      const page = await storePage(browser, info);
      await page.evaluate((model) => store.pull(model), address);
      await page.evaluate(async (name) => {
        const root = await navigator.storage.getDirectory();
        const blobs = await (await root.getDirectoryHandle('forgelight-models')).getDirectoryHandle('blobs');
        const writable = await (await blobs.getFileHandle(name)).createWritable({ keepExistingData: true });
        await writable.write({ type: 'write', position: 5_000_000, data: new Uint8Array([1, 2, 3]) });
        await writable.close();
      }, `${FILE.sha256}.gguf`);
      const failure = await page.evaluate(
        (model) => store.pull(model).catch(({ code }: { code: string }) => code),
        address,
      );
      expect(failure).toBe('corrupt-model');
      expect(await page.evaluate(() => store.list())).toMatchObject([
        { state: 'corrupt', reason: expect.stringContaining('SHA-256') },
      ]);
      await page.evaluate((sha256) => store.repair(sha256), FILE.sha256);
      expect(await page.evaluate(() => store.list())).toMatchObject([{ state: 'ok', reason: null }]);
      expect(server.requests.map(({ status }) => status)).toEqual([200, 200]);
      await browser.kill();
    });
  });
});
