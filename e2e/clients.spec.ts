import { readFileSync } from 'node:fs';
import { expect, test, type Page } from '@playwright/test';
import type { Engine, EngineOptions } from '../src/client/types';
import type { LoadPhase } from '../src/protocol/progress';
import { installClients, type Clients } from './clients';
import { libraryUrl, openBlankPage, PLAIN_KERNELS, useLibrary } from './library';

// Whoever goes, however it goes, takes its requests along, and its engines: blocks and GPU memory come back.

declare const clients: Clients;
declare const createEngine: (options: EngineOptions) => Promise<Engine>;
declare let engine: Engine;

/** One request runs, the others wait; prompts are read token by token, so that there is time in each phase. */
const OPTIONS = {
  model: '/fixtures/zoo/llama.gguf',
  maxConcurrent: 1,
  debug: { chunkTokens: 1, variants: PLAIN_KERNELS },
} as const;
const { prompts } = JSON.parse(readFileSync('test/fixtures/zoo/llama.json', 'utf8')) as { prompts: { p3: number[] } };
const SILENCE_MS = 1000;
const STATES = ['queued', 'prefilling', 'decoding'] as const;

async function usePage(page: Page, metadata: Record<string, unknown>): Promise<string> {
  const library = await useLibrary(page, metadata);
  await page.evaluate(installClients);
  return library;
}

const openEngine = (page: Page): Promise<void> =>
  page.evaluate(async (options) => void Object.assign(globalThis, { engine: await createEngine(options) }), OPTIONS);

const answer = (page: Page): Promise<string | undefined> =>
  page.evaluate(async (prompt) => {
    const { choices } = await engine.completions.create({ prompt, max_tokens: 8, temperature: 0 });
    return choices[0]?.text;
  }, prompts.p3);

const expectWorkers = async (page: Page, count: number): Promise<void> =>
  expect.poll(() => page.evaluate(() => clients.workers())).toBe(count);

/** How request `id` ended, once nothing runs any more and all blocks are free. */
async function endOf(page: Page, id: number): Promise<string | undefined> {
  const snapshot = () => page.evaluate(() => engine.snapshot());
  await expect.poll(async () => (await snapshot()).requests.filter(({ state }) => state !== 'ended')).toEqual([]);
  const { kv, requests } = await snapshot();
  expect(kv.freeBlocks).toBe(kv.totalBlocks);
  return requests.find((request) => request.id === id)?.finishReason;
}

test('a reader that leaves cancels its request, whatever the engine does with it', async ({ page }, info) => {
  await usePage(page, info.config.metadata);
  await openEngine(page);
  const expected = await answer(page);
  const ways = ['return', 'return while a chunk is awaited', 'abort', 'drop'] as const;
  for (const state of STATES) {
    for (const way of ways) {
      const id = await page.evaluate(
        async ([state, way]) => {
          const first = state === 'queued' ? await clients.ask(engine, 'decoding') : null;
          const controller = new AbortController();
          const { id, stream } = await clients.ask(engine, state, { signal: controller.signal });
          const iterator = stream[Symbol.asyncIterator]();
          const chunk = way === 'return while a chunk is awaited' ? iterator.next() : null;
          if (way === 'abort') controller.abort();
          else if (way !== 'drop') await iterator.return?.();
          await chunk;
          await first?.stream[Symbol.asyncIterator]().return?.();
          return id;
        },
        [state, way] as const,
      );
      if (way === 'drop') await page.requestGC();
      expect(await endOf(page, id), `${way}, ${state}`).toBe('cancelled');
    }
  }
  expect(await answer(page)).toBe(expected);
});

test('a frame that is removed takes its engine along, and disturbs no other', async ({ page }, info) => {
  const library = await usePage(page, info.config.metadata);
  await openEngine(page);
  const expected = await answer(page);
  const openFrame = async () => {
    await page.evaluate(
      () =>
        new Promise((loaded) => {
          const frame = Object.assign(document.createElement('iframe'), {
            src: '/fixtures/blank.html',
            onload: loaded,
          });
          document.body.append(frame);
        }),
    );
    const frame = page.frames().at(-1);
    if (frame === undefined) throw new TypeError('there is no frame');
    return frame;
  };
  const removeFrame = () => page.evaluate(() => document.querySelector('iframe')?.remove());

  for (const state of ['download', 'decoding'] as const) {
    const frame = await openFrame();
    await frame.evaluate(installClients);
    await frame.evaluate(
      async ([library, options, state]) => {
        const { createEngine } = (await import(library)) as {
          createEngine: (options: EngineOptions) => Promise<Engine>;
        };
        await new Promise<void>((reached) => {
          const onProgress: EngineOptions['onProgress'] = ({ phase }) => phase === state && reached();
          void createEngine({ ...options, onProgress }).then(async (engine) => {
            await clients.ask(engine, state);
            reached();
          });
        });
      },
      [library, OPTIONS, state] as const,
    );
    await expectWorkers(page, 2);
    await removeFrame();
    await expectWorkers(page, 1);
  }
  expect(await answer(page)).toBe(expected);
});

/** A reader that still reads at the end of a request, and readers that do not. */
const READERS = {
  alive: 'length',
  'reads nothing': 'cancelled',
  'closes its port without a word': 'cancelled',
  // Chromium runs the promises of a removed frame on, so that it reads on, unless it waits for what the frame had.
  'is in a frame that is removed': 'length',
  'waits for a frame that is removed to be drawn': 'cancelled',
} as const;

test(
  'a reader that falls silent cancels its request, however it came to that',
  { tag: '@long' },
  async ({ page }, info) => {
    await usePage(page, info.config.metadata);
    const options = { ...OPTIONS, timeouts: { stallMs: SILENCE_MS } };
    await page.evaluate(
      async (given) => void Object.assign(globalThis, { engine: await createEngine(given) }),
      options,
    );
    const expected = await answer(page);
    for (const [reader, outcome] of Object.entries(READERS)) {
      const startedAt = Date.now();
      const id = await page.evaluate(async (reader) => {
        const channels: MessageChannel[] = [];
        const OriginalChannel = MessageChannel;
        globalThis.MessageChannel = new Proxy(OriginalChannel, {
          construct(target, given) {
            channels.push(Reflect.construct(target, given) as MessageChannel);
            return channels.at(-1) as MessageChannel;
          },
        });
        const { id, stream } = await clients.ask(engine, 'prefilling', { logprobs: 5 });
        globalThis.MessageChannel = OriginalChannel;
        const frame = document.createElement('iframe');
        document.body.append(frame);
        const realm = (reader.includes('frame') ? frame.contentWindow : globalThis) as typeof globalThis;
        const readIn = realm.eval(
          `async (stream, onChunk, waits) => {
          for await (const chunk of stream) {
            onChunk(chunk);
            if (waits) await new Promise((drawn) => requestAnimationFrame(drawn));
          }
        }`,
        ) as (stream: AsyncIterable<unknown>, onChunk: () => void, waits: boolean) => Promise<void>;
        if (reader === 'reads nothing') return id;
        await new Promise<void>((resolve) => {
          let chunks = 0;
          const onChunk = (): void => {
            chunks += 1;
            if (chunks === 10 && reader !== 'alive') resolve();
          };
          const reading = readIn(stream, onChunk, reader.startsWith('waits'));
          void reading.then(resolve);
        });
        if (reader.includes('port')) for (const { port1 } of channels) port1.close();
        frame.remove();
        return id;
      }, reader);
      expect(await endOf(page, id), reader).toBe(outcome);
      // The one that reads is long enough to be given up on the way.
      if (reader === 'alive') expect(Date.now() - startedAt).toBeGreaterThan(1.2 * SILENCE_MS);
    }
    expect(await answer(page)).toBe(expected);
  },
);

test('a worker that dies tells whoever waits, and disturbs no other engine', async ({ page }, info) => {
  const library = await usePage(page, info.config.metadata);
  await openEngine(page);
  const expected = await answer(page);
  for (const state of ['download', 'decoding'] as const) {
    for (const death of ['terminated', 'error'] as const) {
      const ends = await page.evaluate(
        async ([library, options, state, death]) => {
          let victim: Worker | null = null;
          const OriginalWorker = Worker;
          globalThis.Worker = new Proxy(OriginalWorker, {
            construct(target, given) {
              victim = Reflect.construct(target, given) as Worker;
              return victim;
            },
          });
          const script = `import ${JSON.stringify(new URL('worker.js', library).href)};
            addEventListener('message', ({ data }) => { if (data === 'die') throw new Error('died'); });`;
          const workerUrl = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
          const die = (): void => (death === 'error' ? victim?.postMessage('die') : victim?.terminate());
          const onProgress: EngineOptions['onProgress'] = ({ phase }) => phase === state && die();
          const loading = createEngine({ ...options, workerUrl, onProgress });
          try {
            if (state === 'download') return [await clients.end(loading)];
            const doomed = await loading;
            const { stream } = await clients.ask(doomed, state);
            const reading = (async () => {
              for await (const _ of stream);
            })();
            die();
            const ends = await Promise.all(
              [reading, doomed.stats(), doomed.completions.create({ prompt: [1] })].map(clients.end),
            );
            await doomed.close();
            return ends;
          } finally {
            globalThis.Worker = OriginalWorker;
          }
        },
        [library, OPTIONS, state, death] as const,
      );
      expect(
        ends.every((end) => end === 'closed'),
        `${death}, ${state}: ${ends.join()}`,
      ).toBe(true);
      await expectWorkers(page, 1);
    }
  }
  expect(await answer(page)).toBe(expected);
});

test('a load that is aborted gives way to the next one at once', { tag: '@long' }, async ({ page }, info) => {
  await usePage(page, info.config.metadata);
  for (const phase of ['download', 'compile'] satisfies LoadPhase[]) {
    const end = await page.evaluate(
      async ([options, wanted]) => {
        const abort = new AbortController();
        const onProgress: EngineOptions['onProgress'] = ({ phase }) => phase === wanted && abort.abort();
        const end = await clients.end(createEngine({ ...options, onProgress, signal: abort.signal }));
        Object.assign(globalThis, { engine: await createEngine(options) });
        const closing = [engine.completions.create({ prompt: [1], max_tokens: 300 }), engine.close(), engine.close()];
        return [end, ...(await Promise.all(closing.map(clients.end)))];
      },
      [OPTIONS, phase] as const,
    );
    expect(end, phase).toEqual(['AbortError', 'closed', 'answered', 'answered']);
    await expectWorkers(page, 0);
  }
});

test('a tab that is left or closed while its engine answers gives way to the engine of another tab', async ({
  playwright,
  launchOptions,
  baseURL,
}, info) => {
  // A browser of its own, that keeps pages as browsers do: the ones for tests are told not to.
  const browser = await playwright.chromium.launch({
    ...launchOptions,
    headless: false,
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
  try {
    const context = await browser.newContext({ baseURL: String(baseURL) });
    const [left, other] = [await context.newPage(), await context.newPage()];
    await usePage(other, info.config.metadata);
    // Without the probe: its channel keeps a page from being kept.
    await openBlankPage(left);
    await left.evaluate(installClients);
    await left.evaluate(async (url) => Object.assign(globalThis, await import(url)), libraryUrl(info.config.metadata));
    await openEngine(left);
    await left.evaluate(async () => {
      await clients.ask(engine, 'decoding');
      addEventListener('pagehide', ({ persisted }) => localStorage.setItem('kept', String(persisted)));
    });
    await expectWorkers(other, 1);
    await left.goto('/fixtures/blank.html?next');
    await expectWorkers(other, 0);
    expect(await other.evaluate(() => localStorage.getItem('kept'))).toBe('true');
    await openEngine(other);
    const expected = await answer(other);
    const tab = await context.newPage();
    await usePage(tab, info.config.metadata);
    await openEngine(tab);
    await tab.evaluate(async () => void (await clients.ask(engine, 'decoding')));
    await expectWorkers(other, 2);
    await tab.close();
    await expectWorkers(other, 1);
    expect(await answer(other)).toBe(expected);
  } finally {
    await browser.close();
  }
});
