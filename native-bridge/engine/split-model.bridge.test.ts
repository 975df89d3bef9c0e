import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock as clock } from '../../src/base/system-clock';
import { bridgeScope, type BridgeScope } from '../../src/client/bridge/bridge-scope';
import { createEngineIn } from '../../src/client/create-engine';
import type { Engine, EngineOptions } from '../../src/client/types';
import { parseEngineOptions } from '../../src/protocol/engine-options-schema';
import type { LoadOptions } from '../../src/protocol/engine-port';
import { serverSentEvents } from '../../src/protocol/server-sent-events';
import { fileSource, modelSource } from '../../src/store/open-model';
import type { ModelSource } from '../../src/store/source';
import { splitIdentity } from '../../src/store/split-identity';
import { ScriptedServer } from '../../test/support/scripted-server';
import { splitGguf } from '../../test/support/split-gguf';
import { readZoo } from '../../test/support/zoo';
import { openBackend } from '../testing/open-backend';
import { PageWithEngine } from '../testing/page-engine';
import { PAGE, useDaemonsOver } from '../testing/use-daemon';
import { zooStore, type ZooStore } from '../testing/zoo-store';
import { eventually } from '../../test/support/eventually';

const COUNT = 3;
const nameOf = (part: number): string => `tiny-0000${part}-of-0000${COUNT}`;
const ADDRESS = `https://models.test/${nameOf(1)}.gguf`;
const body = {
  messages: [{ role: 'user', content: 'Hi' }],
  max_tokens: 24,
  temperature: 1,
  seed: 5,
  logit_bias: { 2: -100 },
} as const;
const { signal } = new AbortController();

let zoo: ZooStore;
let parts: readonly Uint8Array<ArrayBuffer>[];
let sha256 = '';
beforeAll(async () => {
  parts = splitGguf(new Uint8Array((await readZoo('smollm2')).bytes), COUNT);
  zoo = await zooStore([], Object.fromEntries(parts.map((bytes, i) => [nameOf(i + 1), bytes])));
  sha256 = await splitIdentity([1, 2, 3].map(hashOf));
});
afterAll(() => zoo.remove());

const hashOf = (part: number): string => zoo.hashes[nameOf(part)] ?? '';
const start = useDaemonsOver(async () => (await openBackend(zoo)).backend);
type Daemon = Awaited<ReturnType<typeof start>>;

/** What lies on the web: the parts, each at its address. */
const web: typeof fetch = async (input, init) => {
  const { pathname } = new URL(input instanceof Request ? input.url : input);
  const part = Number(/-0000(\d)-of-/.exec(pathname)?.[1]);
  const server = new ScriptedServer(parts[part - 1] ?? new Uint8Array());
  server.chunkBytes = 1_000_000;
  return server.fetch(input, init);
};

function sourceOf({ model }: Pick<LoadOptions, 'model'>): ModelSource {
  return modelSource(model, { clock, random: Math.random, stallMs: 10_000, fetch: web });
}

/** The page's way to the daemon, over a socket, which is cut behind so many tokens of an answer. */
function wayTo(mostTokens: number, hub: Awaited<ReturnType<BridgeScope['listHub']>> = []): BridgeScope {
  let isCut = false;
  return {
    ...bridgeScope(),
    listHub: async () => hub,
    loopbackPermission: async () => 'granted',
    fetch: async (input, init) => {
      if (isCut) throw new TypeError('Failed to fetch');
      const response = await fetch(input, {
        ...init,
        headers: { ...Object.fromEntries(new Headers(init?.headers)), origin: PAGE },
      });
      const { pathname } = new URL(input instanceof Request ? input.url : input);
      const stream = response.body;
      if (pathname !== '/v1/engine/submit' || stream === null) return response;
      async function* frames(from: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
        let tokens = 0;
        for await (const { data } of serverSentEvents(from)) {
          tokens += data.includes('"type":"token"') ? 1 : 0;
          isCut ||= tokens > mostTokens;
          if (isCut) throw new TypeError('network error');
          yield Buffer.from(`data: ${data}\n\n`);
        }
      }
      const each = frames(stream);
      const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
        const { value, done } = await each.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      };
      // Nothing is read ahead: an error would take it along.
      return new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), response);
    },
  };
}

async function open(page: PageWithEngine, options: Partial<EngineOptions>, bridge?: BridgeScope): Promise<Engine> {
  const given = { model: ADDRESS, workerUrl: '/worker.js', ...options };
  const engine = await createEngineIn(page.scope, parseEngineOptions(given), bridge);
  onTestFinished(() => engine.close());
  return engine;
}

const there = ({ url, token }: Daemon): Partial<EngineOptions> => ({ bridgeUrl: url, bridgeToken: token });

async function answerOf(
  engine: Engine,
  onText: () => void = () => undefined,
): Promise<{ text: string; devices: unknown[] }> {
  let text = '';
  const devices = new Set<string | undefined>();
  for await (const { choices, device } of await engine.chat.completions.create({ ...body, stream: true })) {
    text += choices[0]?.delta.content ?? '';
    if (choices[0]?.delta.content) onText();
    devices.add(device?.name);
  }
  return { text, devices: [...devices] };
}

describe('a model in several files, in a page and at the daemon', () => {
  it('is one model: an answer goes from the page to the daemon and back by its tokens', async () => {
    const page = new PageWithEngine(sourceOf);
    const whole = await answerOf(await open(page, { device: 'webgpu' }));
    expect(whole).toMatchObject({ devices: ['page'] });

    const daemon = await start();
    const moving = new PageWithEngine(sourceOf);
    const engine = await open(moving, there(daemon), wayTo(5));
    expect(engine.info).toMatchObject({ model: { sha256 }, device: { name: 'page' } });
    moving.mostTokens = 4;
    const [moved] = await new Promise<[Awaited<ReturnType<typeof answerOf>>, unknown]>((resolve, reject) => {
      let move: Promise<unknown> | null = null;
      const answer = answerOf(engine, () => {
        moving.mostTokens = Infinity;
        move ??= engine.use('bridge').catch(reject);
      });
      answer.then(async (told) => resolve([told, await move]), reject);
    });
    expect(moved).toEqual({ text: whole.text, devices: ['page', 'CPU reference'] });
    expect(moving.asked).toMatchObject([{ kind: 'chat' }, { kind: 'resume', emittedIds: { length: 4 + 5 } }]);
  });

  it('is found by the hash that the hub tells, and goes on in a page that loads these parts and no others', async () => {
    const daemon = await start();
    const path = `${nameOf(1)}.gguf`;
    const model = `hf:o/r/${path}`;
    const hub = [{ model, path, sizeBytes: 1, quantisation: null, sha256 }];
    const page = new PageWithEngine(() => sourceOf({ model: ADDRESS }));
    const engine = await open(page, { ...there(daemon), model }, wayTo(5, hub));
    expect(engine.info).toMatchObject({ model: { sha256 }, device: { name: 'CPU reference' }, notes: [] });
    const { devices } = await answerOf(engine);
    expect(devices).toEqual(['CPU reference', 'page']);
    expect(page.loads).toMatchObject([{ sha256 }]);
    expect(page.asked).toMatchObject([{ kind: 'resume', emittedIds: { length: 5 } }]);

    const others = splitGguf(new Uint8Array((await readZoo('smollm2')).bytes), COUNT, { trailing: 1 });
    const files = others.map((bytes, i) => new File([bytes], `${nameOf(i + 1)}.gguf`));
    const other = new PageWithEngine(() => sourceOf({ model: files }));
    const wrong = await open(other, { ...there(daemon), model }, wayTo(5, hub));
    await expect(wrong.use('webgpu')).rejects.toMatchObject({ code: 'corrupt-model' });
  });

  it('is named by pages by that hash alone: not by its files, their order, or one of them', async () => {
    const daemon = await start();
    const swapped = await splitIdentity([2, 1, 3].map(hashOf));
    const hostile = [
      ...[`${nameOf(1)}.gguf`, ADDRESS, sha256, `sha256:${sha256.slice(0, 12)}`, `${zoo.modelsFolder}/blobs`, '../x'],
      ...[swapped, ...[1, 2, 3].map(hashOf)].map((hash) => `sha256:${hash}`),
    ];
    const ask = (model: string, call = ''): Promise<Response> => {
      const headers = { origin: PAGE, authorization: `Bearer ${daemon.token}` };
      return fetch(`${daemon.url}/v1/engine${call}?model=${encodeURIComponent(model)}`, { headers });
    };
    for (const name of hostile) {
      for (const call of ['', '/fit']) {
        const response = await ask(name, call);
        expect([name, response.status, await response.json()]).toMatchObject([
          name,
          400,
          { error: { param: 'model' } },
        ]);
      }
    }
    expect(daemon.backend.metrics()['engine_loads_total']).toBe(0);
    expect(await (await ask(`sha256:${sha256}`, '/fit')).json()).toMatchObject({ verdict: 'fits' });
    expect(await (await ask(`sha256:${sha256.toUpperCase()}`)).json()).toMatchObject({ model: { sha256 } });
  });

  it('is not there while a part is missing, and both sides say which', async () => {
    const daemon = await start();
    await zoo.store.delete(hashOf(2));
    const page = new PageWithEngine(sourceOf);
    const engine = await open(page, there(daemon), wayTo(5));
    const missing = {
      code: 'invalid-request',
      param: 'model',
      message: expect.stringContaining(`${nameOf(2)}.gguf is missing`),
    };
    await expect(engine.use('bridge')).rejects.toMatchObject(missing);
    for (const name of [`${nameOf(1)}.gguf`, undefined]) {
      const asked = daemon.backend.chat({ ...body, model: name }, { signal, asks: 'native' });
      await expect(asked).rejects.toMatchObject(missing);
    }
    const unnamed = daemon.backend.chat({ ...body, model: undefined }, { signal, asks: 'page' });
    await expect(unnamed).rejects.toMatchObject({ ...missing, message: expect.not.stringContaining('://') });
    const headers = { authorization: `Bearer ${daemon.token}`, origin: PAGE };
    const listed = await (await fetch(`${daemon.url}/v1/models`, { headers })).json();
    expect(listed).toMatchObject({ data: [{ sha256: null, missing_files: [`${nameOf(2)}.gguf`] }] });

    const options = { clock, random: Math.random, stallMs: 10_000, fetch: web };
    await zoo.store.pull(fileSource(`https://models.test/${nameOf(2)}.gguf`, options), signal);
    await eventually(() => expect(engine.use('bridge')).resolves.toMatchObject({ device: { name: 'CPU reference' } }));
  });
});
