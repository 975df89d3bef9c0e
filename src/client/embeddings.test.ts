import { describe, expect, it } from 'vitest';
import { defined } from '../base/assert';
import { connect } from './testing/connect';
import type { FakeRequest } from './testing/fake-host';
import { rejection } from './testing/rejection';
import type { EmbeddingBody } from './types';

type Connected = ReturnType<typeof connect>;

const abortError = expect.objectContaining({ name: 'AbortError' });

/** Accepts a request and gives `values` as its vector. */
function answer(request: FakeRequest, values: readonly number[]): void {
  request.accept();
  request.embedding(values);
  request.end({ kind: 'stop' });
}

function inputOf({ request }: FakeRequest): unknown {
  return request.kind === 'embed' ? (request.body as { input: unknown }).input : null;
}

interface Queue {
  /** Requests that are taken at a time; the others are refused. */
  readonly places: number;
  readonly refusesFirst: boolean;
}

/** Answers `count` requests, each with the number that its text is. Gives how many there were at most at a time. */
async function serve({ host, engine }: Connected, count: number, { places, refusesFirst }: Queue): Promise<number> {
  let most = 0;
  for (let left = count; left > 0;) {
    const held = [await host.arrival()];
    await engine.tokenize(''); // there and back: what was sent before has arrived
    while (host.arrived > 0) held.push(await host.arrival());
    most = Math.max(most, held.length);
    const refused = held.splice(places);
    const refuse = (): void => refused.forEach((request) => request.refuse('busy', 'as many as this engine takes'));
    if (refusesFirst) refuse();
    for (const request of held) answer(request, [Number(inputOf(request))]);
    if (!refusesFirst) {
      await engine.tokenize(''); // the answers are read
      refuse();
    }
    left -= held.length;
  }
  return most;
}

describe('embeddings.create', () => {
  it("gives OpenAI's answer", async () => {
    const { host, engine } = connect();
    const creating = engine.embeddings.create({ input: 'Hi', model: 'letters', user: 'someone' });
    const request = await host.arrival();
    expect(request.request).toEqual({ kind: 'embed', body: { input: 'Hi' }, param: 'input' });
    answer(request, [0.5, -0.25]);
    expect(await creating).toEqual({
      object: 'list',
      data: [{ object: 'embedding', index: 0, embedding: [0.5, -0.25] }],
      model: 'letters',
      usage: { prompt_tokens: 3, total_tokens: 3 },
    });
  });

  it('gives base64 of little-endian f32 where asked to', async () => {
    const { host, engine } = connect();
    const creating = engine.embeddings.create({ input: [7, 8], encoding_format: 'base64' });
    const request = await host.arrival();
    expect(inputOf(request)).toEqual([7, 8]);
    answer(request, [1, -2]);
    expect((await creating).data[0]?.embedding).toBe('AACAPwAAAMA=');
  });

  it('takes as many inputs as there are, a few at a time, and answers in their order', async () => {
    const connected = connect();
    const { host } = connected;
    const input = Array.from({ length: 200 }, (_, i) => String(i));
    const serving = serve(connected, 200, { places: 4, refusesFirst: false });
    const { data, usage } = await connected.engine.embeddings.create({ input });
    expect(data.map(({ index, embedding }) => [index, ...embedding])).toEqual(input.map((text) => [+text, +text]));
    expect(usage).toEqual({ prompt_tokens: 600, total_tokens: 600 });
    expect(host.submitted).toBe(200);
    expect(await serving).toBe(4);
  });

  const queues = [2, 9].flatMap((count) =>
    [1, 2, 3].flatMap((places) => [true, false].map((refusesFirst) => ({ count, places, refusesFirst }))),
  );
  it.each(queues)('finds its way through a full queue: %j', async ({ count, ...queue }) => {
    const connected = connect();
    const input = Array.from({ length: count }, (_, i) => String(i));
    const serving = serve(connected, count, queue);
    const { data } = await connected.engine.embeddings.create({ input });
    expect(data.map(({ embedding }) => embedding[0])).toEqual(input.map(Number));
    await serving;
  });

  it('is busy when the engine takes none of its inputs', async () => {
    const { host, engine } = connect();
    const failure = rejection(engine.embeddings.create({ input: ['a', 'b'] }));
    for (const request of [await host.arrival(), await host.arrival()]) request.refuse('busy', 'full');
    expect(await failure).toMatchObject({ code: 'busy' });
  });

  it('names each input, and fails with the first that fails, which ends the others', async () => {
    const { host, engine } = connect();
    const failure = rejection(engine.embeddings.create({ input: ['a', 'b', 'c', 'd', 'e'] }));
    const requests = [await host.arrival(), await host.arrival(), await host.arrival(), await host.arrival()];
    expect(requests.map(({ request }) => (request.kind === 'embed' ? request.param : null))).toEqual([
      'input[0]',
      'input[1]',
      'input[2]',
      'input[3]',
    ]);
    const [first, second] = requests;
    defined(first, 'request').accept();
    defined(second, 'request').refuse('context-overflow', 'input[1] is too long');
    expect(await failure).toMatchObject({ code: 'context-overflow', message: 'input[1] is too long' });
    await host.cancellation(3);
    expect(host.cancelled).toEqual([1, 3, 4]);
    expect(host.submitted).toBe(1); // the second, which had ended; the fifth was never sent
  });

  it('ends all its requests when it is aborted', async () => {
    const { host, engine } = connect();
    const controller = new AbortController();
    const failure = rejection(engine.embeddings.create({ input: ['a', 'b', 'c'] }, { signal: controller.signal }));
    const [first] = [await host.arrival(), await host.arrival(), await host.arrival()];
    first.accept();
    controller.abort();
    expect(await failure).toEqual(abortError);
    await host.cancellation(3);
    expect(new Set(host.cancelled)).toEqual(new Set([1, 2, 3]));
    expect(await rejection(engine.embeddings.create({ input: 'a' }, { signal: controller.signal }))).toEqual(
      abortError,
    );
    expect(host.submitted).toBe(0);
  });

  it('refuses a wrong body before anything is sent, and everything once the engine is closed', async () => {
    const { host, engine } = connect();
    const wrong = { input: ['a'], dimensions: 8 } as EmbeddingBody as { input: string[]; encoding_format: 'float' };
    expect(await rejection(engine.embeddings.create(wrong))).toMatchObject({
      code: 'invalid-request',
      param: 'dimensions',
    });
    await engine.close();
    expect(await rejection(engine.embeddings.create({ input: 'a' }))).toMatchObject({ code: 'closed' });
    expect(host.submitted).toBe(0);
  });
});
