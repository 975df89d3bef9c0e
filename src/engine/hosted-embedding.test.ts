import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectEmbedding, type EmbeddingReference } from '../../test/models/embedding-suite';
import { testLoad, withOverrides } from '../../test/support/load-zoo';
import { readEmbedder, readZoo } from '../../test/support/zoo';
import { createReferenceDevice } from '../device/reference/reference-device';
import type { HostRequest } from '../protocol/engine-port';
import type { RequestEvent } from '../protocol/events';
import type { HostedEngine } from './hosted-engine';

const MODELS = ['minilm', 'bert-cls', 'nomic-bert', 'qwen3-embedding'] as const;
let lastId = 0;

function ask(
  engine: HostedEngine,
  request: HostRequest,
  onEvent?: (event: RequestEvent, id: number) => void,
): Promise<RequestEvent[]> {
  lastId += 1;
  const id = lastId;
  const events: RequestEvent[] = [];
  return new Promise((resolve) => {
    engine.submit(id, request, (event) => {
      events.push(event);
      onEvent?.(event, id);
      if (event.type === 'ended') resolve(events);
    });
  });
}

const embed = (input: unknown, more: object = {}, param = 'input'): HostRequest => ({
  kind: 'embed',
  body: { input, ...more },
  param,
});

function failureOf(events: readonly RequestEvent[]): unknown {
  expect(events.map(({ type }) => type)).toEqual(['ended']);
  const [ended] = events;
  return ended?.type === 'ended' && ended.outcome.kind === 'failed' ? ended.outcome.error : null;
}

async function load(name: string, options: Readonly<Record<string, unknown>> = {}): Promise<HostedEngine> {
  const { bytes } = name === 'llama' ? await readZoo(name) : await readEmbedder(name);
  return await testLoad(new Uint8Array(bytes), { options }).run();
}

describe.each(MODELS)('embeddings of %s, loaded as users load it', (name) => {
  let engine: HostedEngine;
  let reference: EmbeddingReference;
  beforeAll(async () => {
    engine = await load(name, { debug: { chunkTokens: 16 } });
    ({ reference } = await readEmbedder(name));
  });
  afterAll(() => engine.close());

  it('are exact, of texts and of their ids, several at a time', async () => {
    const asked = reference.embeddings.flatMap(({ text, ids }) => [embed(text), embed(ids)]);
    const answers = await Promise.all(asked.map((request) => ask(engine, request)));
    for (const [i, events] of answers.entries()) {
      const expected = reference.embeddings[Math.floor(i / 2)];
      const found = events.filter((event) => event.type === 'embedding');
      expect(events[0]).toMatchObject({ type: 'accepted', promptIds: expected?.ids });
      expect(found).toHaveLength(1);
      expectEmbedding(found[0]?.embedding ?? [], expected?.exact_b64 ?? '');
      const { outcome, usage } = events.at(-1) as Extract<RequestEvent, { type: 'ended' }>;
      expect([outcome.kind, usage.promptTokens, usage.completionTokens]).toEqual(['stop', expected?.ids.length, 0]);
    }
    const { kv } = engine.snapshot();
    expect(kv.freeBlocks).toBe(kv.totalBlocks);
  });

  it('are all that the model gives', async () => {
    const requests: readonly HostRequest[] = [
      { kind: 'chat', body: { messages: [{ role: 'user', content: 'Hi' }] } },
      { kind: 'completion', body: { prompt: 'Hi' } },
      { kind: 'evaluate', ids: [1], positions: 'last' },
    ];
    for (const request of requests) {
      expect(failureOf(await ask(engine, request))).toMatchObject({
        code: 'invalid-request',
        param: 'model',
        message: expect.stringContaining('engine.embeddings.create'),
      });
    }
    expect(engine.info.notes.join()).toContain('engine.embeddings.create');
  });
});

it.each(['minilm', 'qwen3-embedding'])('%s has run every pipeline before anyone waits for a vector', async (name) => {
  const device = createReferenceDevice();
  const labels: string[] = [];
  const watched = withOverrides(device, {
    submit: (steps, ...readbacks) => {
      labels.push(...steps.map(({ plan }) => plan.label));
      return device.submit(steps, ...readbacks);
    },
  });
  const { bytes } = await readEmbedder(name);
  const engine = await testLoad(new Uint8Array(bytes), { device: watched }).run();
  expect(labels).toContain('warmup');
  await engine.close();
});

describe('a request for an embedding', () => {
  let engine: HostedEngine;
  beforeAll(async () => {
    engine = await load('minilm', { contextLength: 32 });
  });
  afterAll(() => engine.close());

  it('takes a text as long as the context, and refuses one token more by the name of the input', async () => {
    const ids = Array.from({ length: 33 }, () => 47);
    const fits = await ask(engine, embed(ids.slice(1)));
    expect(fits.map(({ type }) => type)).toEqual(['accepted', 'prefill', 'embedding', 'ended']);
    expect(failureOf(await ask(engine, embed(ids, {}, 'input[3]')))).toMatchObject({
      code: 'context-overflow',
      param: 'input[3]',
      message: expect.stringMatching(/^input\[3\] has 33 tokens, but this model takes 32/),
    });
  });

  it('is refused where the body or its ids are wrong', async () => {
    const failure = async (request: HostRequest): Promise<unknown> => failureOf(await ask(engine, request));
    expect(await failure(embed([1, 700], {}, 'input[1]'))).toMatchObject({
      code: 'invalid-request',
      param: 'input[1][1]',
    });
    expect(await failure(embed(['a', 'b']))).toMatchObject({ code: 'invalid-request', param: 'input' });
    expect(await failure(embed('a', { model: 'other' }))).toMatchObject({ code: 'invalid-request', param: 'model' });
    expect(await failure(embed('a', { dimensions: 64 }))).toMatchObject({ param: 'dimensions' });
  });

  it('ends when it is cancelled', async () => {
    const events = await ask(engine, embed('How do I quantize a model?'), ({ type }, id) => {
      if (type === 'accepted') expect(engine.cancel(id)).toBe(true);
    });
    expect(events.map(({ type }) => type)).toEqual(['accepted', 'ended']);
    expect(events.at(-1)).toMatchObject({ outcome: { kind: 'cancelled' } });
  });
});

it('a model that writes text makes no embeddings, and says what to do instead', async () => {
  const engine = await load('llama');
  expect(failureOf(await ask(engine, embed('Hi')))).toMatchObject({
    code: 'invalid-request',
    param: 'model',
    message: expect.stringContaining('load an embedding model'),
  });
  await engine.close();
});
