import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock';
import type { AskOptions } from '../server/backend';
import { answerOf, chunkFrame, FakeUpstreams, type Reply } from './testing/fake-upstreams';
import { UpstreamBackend, type UpstreamEvent, type UpstreamOptions } from './upstream-backend';
import { upstreamAddress } from './upstream-url';

const KEY = 'sk-secret';
const FIRST = 'http://first:1';
const SECOND = 'http://second:2';
const MESSAGES = { messages: [{ role: 'user', content: 'Hi' }] };

const opened: UpstreamBackend[] = [];
afterEach(() => Promise.all(opened.splice(0).map((backend) => backend.close())));

/** A backend before servers that answer what these scripts say, then `answerOf('a', 'b')`. */
function backendOf(
  scripts: Record<string, readonly Reply[]>,
  { onCheck, ...options }: Partial<UpstreamOptions> & Partial<Pick<FakeUpstreams, 'onCheck'>> = {},
) {
  // Pauses between tries pass at once; watchdogs and checks wait for `advance`.
  const clock = new FakeClock(4_000);
  const servers = new FakeUpstreams(
    (origin, index) => scripts[origin]?.[index] ?? answerOf('a', 'b'),
    () => clock.now(),
  );
  if (onCheck !== undefined) servers.onCheck = onCheck;
  const events: UpstreamEvent[] = [];
  const backend = new UpstreamBackend({
    addresses: Object.keys(scripts).map(upstreamAddress),
    key: KEY,
    clock,
    fetch: servers.fetch,
    random: () => 0,
    checkEveryMs: 1_000_000,
    firstMs: 60_000,
    stallMs: 50_000,
    onEvent: (event) => events.push(event),
    ...options,
  });
  opened.push(backend);
  const chat = async (body: object = {}, asked: Partial<AskOptions> = {}) => {
    const options = { signal: new AbortController().signal, asks: 'native' as const, ...asked };
    return (await backend.chat({ ...MESSAGES, stream: true, ...body }, options)) as AsyncIterable<object>;
  };
  return { backend, servers, clock, events, chat };
}

async function textOf(chunks: AsyncIterable<object>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) {
    text += (chunk as { choices: { delta: { content?: string | null } }[] }).choices[0]?.delta.content ?? '';
  }
  return text;
}

const errorWith = (code: string, message: RegExp) =>
  expect.objectContaining({
    name: 'ForgelightError',
    code,
    message: expect.stringMatching(message) as string,
  }) as Error;

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => null,
    (error: unknown) => error,
  );

describe('UpstreamBackend', () => {
  it('knows by its answers that an upstream is back, before it is looked at again', async () => {
    const { backend, chat } = backendOf({ [FIRST]: [] }, { onCheck: () => ({ kind: 'refused' }) });
    const states: string[] = [];
    for (let answers = 0; answers < 3; answers++) {
      await backend.models();
      states.push(backend.state().status);
      await textOf(await chat());
    }
    expect(states).toEqual(['failed', 'failed', 'ready']);
  });

  it('streams through, with fields that it does not know, and with the key in a header alone', async () => {
    const frame = chunkFrame({ content: 'a', reasoning_content: 'hm' }, { vendor: { x: 1 } });
    const { servers, chat } = backendOf({
      [FIRST]: [{ kind: 'stream', frames: [frame, 'data: [DONE]\n\n'], end: 'silence' }],
    });
    const chunks: object[] = [];
    for await (const chunk of await chat({ model: 'tiny', chat_template_kwargs: { y: [2] } })) chunks.push(chunk);
    expect(chunks).toEqual([{ ...JSON.parse(frame.slice('data: '.length)), device: `upstream: ${FIRST}` }]);
    const [request] = servers.requests;
    expect(request?.url).toBe(`${FIRST}/v1/chat/completions`);
    expect(request?.body).toEqual({ ...MESSAGES, stream: true, model: 'tiny', chat_template_kwargs: { y: [2] } });
    expect(request?.headers.get('authorization')).toBe(`Bearer ${KEY}`);
    // What comes behind [DONE] is not waited for.
    expect(servers.open).toBe(0);
  });

  it('passes whole answers, completions and embeddings', async () => {
    const body = { object: 'whatever', vendor: 1, device: 'hip: AMD Radeon' };
    const answer = { ...body, device: `upstream: ${FIRST} (hip: AMD Radeon)` };
    const reply: Reply = { kind: 'json', body };
    const { backend, servers } = backendOf({ [FIRST]: [reply, reply, reply] });
    const options = { signal: new AbortController().signal, asks: 'native' as const };
    expect(await backend.chat(MESSAGES, options)).toEqual(answer);
    expect(await backend.complete({ prompt: [1, 2] }, options)).toEqual(answer);
    expect(await backend.embed({ input: 'x', stream: true }, options)).toEqual(answer);
    expect(servers.requests.map(({ url, body }) => [url, body])).toEqual([
      [`${FIRST}/v1/chat/completions`, { ...MESSAGES, model: 'tiny' }],
      [`${FIRST}/v1/completions`, { prompt: [1, 2], model: 'tiny' }],
      [`${FIRST}/v1/embeddings`, { input: 'x', model: 'tiny' }],
    ]);
  });

  it.each<[string, Reply]>([
    ['the network', { kind: 'refused' }],
    ['429 with a time', { kind: 'status', status: 429, retryAfter: '3' }],
    ['502', { kind: 'status', status: 502 }],
    ['503', { kind: 'status', status: 503 }],
    ['504', { kind: 'status', status: 504 }],
    [
      'a stream that ends before a token',
      { kind: 'stream', frames: [chunkFrame({ role: 'assistant' })], end: 'close' },
    ],
    ['one that breaks there', { kind: 'stream', frames: [chunkFrame({ role: 'assistant' })], end: 'break' }],
    ['one that tells of 503', { kind: 'stream', frames: ['data: {"error":{"code":503}}\n\n'], end: 'close' }],
  ])('asks again after %s', async (_, reply) => {
    const { servers, chat, clock, backend } = backendOf({ [FIRST]: [reply, reply] });
    expect(await textOf(await chat())).toBe('ab');
    expect(servers.requests).toHaveLength(3);
    expect(servers.open).toBe(0);
    const pauses = clock.delays.filter((delayMs) => delayMs <= 4_000);
    expect(pauses).toEqual(reply.kind === 'status' && reply.status === 429 ? [3_000, 3_000] : [125, 250]);
    expect(backend.metrics()).toMatchObject({ upstream_retries_total: 2, upstream_answered_total: 1 });
  });

  it.each<[Reply, string, RegExp]>([
    [
      { kind: 'status', status: 400, body: '{"error":{"message":"bad x","param":"x"}}' },
      'invalid-request',
      /: "bad x"/,
    ],
    [{ kind: 'status', status: 400, body: '{"error":{"code":"context_length_exceeded"}}' }, 'context-overflow', /400/],
    [{ kind: 'status', status: 401, body: `{"error":"no such key: ${KEY}"}` }, 'network', /FORGELIGHT_UPSTREAM_KEY/],
    [{ kind: 'status', status: 429, body: 'slow down' }, 'busy', /slow down/],
    [{ kind: 'status', status: 429, retryAfter: '3600' }, 'busy', /429/],
    [{ kind: 'status', status: 404, body: '<html>' }, 'invalid-request', /404\. Look at the address/],
    [{ kind: 'status', status: 500, body: 'oh' }, 'network', /500: "oh"/],
    [{ kind: 'status', status: 302 }, 'network', /redirects/],
    [{ kind: 'json', body: {} }, 'network', /does not stream/],
    [{ kind: 'stream', frames: ['data: nonsense\n\n'], end: 'close' }, 'network', /something else than JSON/],
    [
      { kind: 'stream', frames: Array<string>(9).fill('x'.repeat(1_000_000)), end: 'silence' },
      'network',
      /longer than/,
    ],
    [{ kind: 'stream', frames: ['data: {"error":{"message":"no"}}\n\n'], end: 'close' }, 'network', /"no"/],
  ])('does not ask again after %j', async (reply, code, words) => {
    const { servers, chat, events } = backendOf({ [FIRST]: [reply] });
    await expect(chat()).rejects.toThrow(errorWith(code, words));
    await expect(chat().then(textOf)).resolves.toBe('ab');
    expect(servers.requests).toHaveLength(2);
    expect(servers.open).toBe(0);
    expect(JSON.stringify(events)).not.toContain(KEY);
  });

  it('names the upstream, and never its key', async () => {
    const body = JSON.stringify({ error: { message: `Incorrect API key provided: ${KEY}` } });
    const { chat } = backendOf({ [FIRST]: [{ kind: 'status', status: 401, body }] });
    await expect(chat()).rejects.toThrow(
      `Upstream ${FIRST} answered 401: "Incorrect API key provided: …". Set FORGELIGHT_UPSTREAM_KEY to a key of it.`,
    );
  });

  it('names no device at length: it stands in a header', async () => {
    const { backend } = backendOf({ [FIRST]: [{ kind: 'json', body: { device: 'x'.repeat(10_000) } }] });
    const answer = await backend.chat(MESSAGES, { signal: new AbortController().signal, asks: 'native' });
    expect(answer).toEqual({ device: `upstream: ${FIRST} (${'x'.repeat(200)})` });
  });

  it('quotes no more of what a server says than a person reads', async () => {
    const body = JSON.stringify({ error: { message: 'x'.repeat(10_000) } });
    const { chat } = backendOf({ [FIRST]: [{ kind: 'status', status: 400, body }] });
    await expect(chat()).rejects.toThrow(`Upstream ${FIRST} answered 400: "${'x'.repeat(500)}".`);
  });

  it('gives up after four rounds', async () => {
    const { servers, chat } = backendOf({ [FIRST]: Array<Reply>(9).fill({ kind: 'refused' }) });
    await expect(chat()).rejects.toThrow(
      errorWith('network', /^Upstream http:\/\/first:1 cannot be reached \(ECONNREFUSED\)/),
    );
    expect(servers.requests).toHaveLength(4);
  });

  it.each<[string, Reply]>([
    ['is not there', { kind: 'refused' }],
    ['has too much to do', { kind: 'status', status: 429 }],
    ['refuses the key', { kind: 'status', status: 401 }],
    ['breaks off before a token', { kind: 'stream', frames: [chunkFrame({ role: 'assistant' })], end: 'break' }],
  ])('asks the second when the first %s', async (_, reply) => {
    const { servers, chat } = backendOf({ [FIRST]: [reply], [SECOND]: [] });
    const chunks: { device?: unknown }[] = [];
    for await (const chunk of await chat()) chunks.push(chunk as object);
    expect(chunks.map(({ device }) => device)).toEqual(chunks.map(() => `upstream: ${SECOND}`));
    expect(chunks.length).toBeGreaterThan(1);
    expect(servers.requests.map(({ url }) => new URL(url).origin)).toEqual([FIRST, SECOND]);
  });

  it.each<['close' | 'break' | 'silence', RegExp]>([
    ['close', /ended its answer too early/],
    ['break', /cannot be reached \(terminated\)/],
    ['silence', /said nothing for 50 s/],
  ])('asks nobody else once a token was told (%s)', async (end, words) => {
    const { servers, chat, clock } = backendOf({
      [FIRST]: [{ kind: 'stream', frames: [chunkFrame({ content: 'a' })], end }],
      [SECOND]: [],
    });
    const iterator = (await chat())[Symbol.asyncIterator]();
    expect(await iterator.next()).toMatchObject({ done: false });
    const failing = failureOf(iterator.next());
    await new Promise(setImmediate);
    clock.advance(50_000);
    expect(await failing).toEqual(errorWith(end === 'silence' ? 'timeout' : 'network', words));
    expect(servers.requests).toHaveLength(1);
    expect(servers.open).toBe(0);
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it.each<[string, readonly string[]]>([
    ['why it ends', [chunkFrame({}, { choices: [{ index: 0, delta: {}, finish_reason: 'length' }] })]],
    ['how much it was', [chunkFrame({}, { choices: [], usage: { completion_tokens: 1 } })]],
    ['nothing, for 32 chunks', Array<string>(31).fill(chunkFrame({ content: '' }))],
  ])('takes what says %s for the beginning of an answer: nobody else is asked behind it', async (_, frames) => {
    const first: Reply = { kind: 'stream', frames: [chunkFrame({ role: 'assistant' }), ...frames], end: 'break' };
    const { servers, chat } = backendOf({ [FIRST]: [first], [SECOND]: [] });
    const chunks: object[] = [];
    const reading = async (): Promise<void> => {
      for await (const chunk of await chat()) chunks.push(chunk);
    };
    expect(await failureOf(reading())).toEqual(errorWith('network', /cannot be reached \(terminated\)/));
    expect([chunks.length, servers.requests.length]).toEqual([1 + frames.length, 1]);
  });

  it('tells of no server that it is busy once it has begun: who asks again gets another answer', async () => {
    const frames = [chunkFrame({ content: 'a' }), 'data: {"error":{"code":503}}\n\n'];
    const { chat } = backendOf({ [FIRST]: [{ kind: 'stream', frames, end: 'close' }] });
    expect(await failureOf(chat().then(textOf))).toEqual(errorWith('network', /answered 503.* The answer had begun/));
  });

  it('has a watchdog before the first token', async () => {
    const { servers, chat, clock } = backendOf({ [FIRST]: [{ kind: 'silent' }] });
    const failing = failureOf(chat());
    await new Promise(setImmediate);
    clock.advance(60_000);
    expect(await failing).toEqual(errorWith('timeout', /said nothing for 60 s/));
    expect(servers.open).toBe(0);
  });

  it('closes the socket when the client goes: while it waits, between tokens, and before it reads', async () => {
    const held: Reply = { kind: 'stream', frames: [chunkFrame({ content: 'a' })], end: 'silence' };
    const { servers, chat, backend } = backendOf({ [FIRST]: [{ kind: 'silent' }, held, held, held] });
    const leave = new AbortController();
    const waiting = failureOf(chat({}, { signal: leave.signal }));
    await new Promise(setImmediate);
    leave.abort();
    expect(await waiting).toMatchObject({ name: 'AbortError' });
    for await (const _ of await chat()) break;
    await (await chat())[Symbol.asyncIterator]().return?.();
    const second = new AbortController();
    const iterator = (await chat({}, { signal: second.signal }))[Symbol.asyncIterator]();
    await iterator.next();
    second.abort();
    expect(servers.open).toBe(0);
    await expect(iterator.next()).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }) as Error);
    expect(servers.requests.every(({ signal }) => signal.aborted)).toBe(true);
    expect(backend.metrics()).toMatchObject({ upstream_cancelled_total: 4, upstream_requests_live: 0 });
  });

  it('ends everything with `closed`, once', async () => {
    const { servers, chat, backend, clock } = backendOf({
      [FIRST]: [{ kind: 'silent' }, { kind: 'stream', frames: [chunkFrame({ content: 'a' })], end: 'silence' }],
    });
    const waiting = failureOf(chat());
    await new Promise(setImmediate);
    const iterator = (await chat())[Symbol.asyncIterator]();
    await backend.close();
    await backend.close();
    expect(await waiting).toEqual(errorWith('closed', /serve/));
    await expect(iterator.next()).rejects.toThrow(errorWith('closed', /serve/));
    await expect(chat()).rejects.toThrow(errorWith('closed', /serve/));
    expect([servers.open, clock.waiting]).toEqual([0, 0]);
  });

  it('lists models and says who answers', async () => {
    const { backend } = backendOf(
      { [FIRST]: [], [SECOND]: [] },
      {
        onCheck: (origin) =>
          origin === FIRST
            ? { kind: 'status', status: 503, body: '{"error":{"message":"Loading model"}}' }
            : { kind: 'json', body: { data: [{ id: 'big' }, { id: 'big' }, { nameless: true }] } },
      },
    );
    expect(backend.state()).toEqual({ status: 'idle' });
    expect(await backend.models()).toEqual([{ id: 'big', sha256: null, sizeBytes: null, isLoaded: true }]);
    expect(backend.state()).toEqual({ status: 'ready', model: 'big', device: `upstream: ${SECOND}` });
    expect(backend.metrics()).toMatchObject({ upstreams: 2, upstreams_up: 1 });
  });

  it('reads no list of models that does not end', async () => {
    const body = { data: [{ id: 'x'.repeat(4_000_000) }] };
    const { backend, servers } = backendOf({ [FIRST]: [] }, { onCheck: () => ({ kind: 'json', body }) });
    expect(await backend.models()).toEqual([]);
    expect(servers.open).toBe(0);
  });

  it.each<[Reply, string, RegExp]>([
    [{ kind: 'json', body: ['not OpenAI'] }, 'network', /^Upstream http:\/\/first:1 gives no list/],
    // To a question such an answer is one, to the list it is none.
    [{ kind: 'status', status: 404 }, 'invalid-request', /^Upstream http:\/\/first:1 answered 404/],
    [{ kind: 'status', status: 429 }, 'busy', /^Upstream http:\/\/first:1 answered 429/],
  ])('is failed when its only server lists nothing: %j', async (reply, code, words) => {
    const { backend } = backendOf({ [FIRST]: [] }, { onCheck: () => reply });
    await backend.models();
    expect(backend.state()).toMatchObject({
      status: 'failed',
      error: { code, message: expect.stringMatching(words) as string },
    });
  });

  it('asks those that have the model; lets programs name any, and pages what is listed', async () => {
    const { chat, servers } = backendOf(
      { [FIRST]: [], [SECOND]: [] },
      { onCheck: (origin) => ({ kind: 'json', body: { data: [{ id: origin === FIRST ? 'one' : 'two' }] } }) },
    );
    await textOf(await chat({ model: 'two' }, { asks: 'page' }));
    await textOf(await chat({ model: 'alias' }));
    await textOf(await chat({}, { asks: 'page' }));
    await expect(chat({ model: '/etc/passwd' }, { asks: 'page' })).rejects.toThrow(
      errorWith('invalid-request', /models/),
    );
    expect(servers.requests.map(({ url, body }) => [new URL(url).origin, (body as { model: string }).model])).toEqual([
      [SECOND, 'two'],
      [FIRST, 'alias'],
      [FIRST, 'one'],
    ]);
  });

  it('goes on with the second when checks find the first down, and comes back', async () => {
    const { chat, servers, clock, events } = backendOf({ [FIRST]: [], [SECOND]: [] }, { checkEveryMs: 400_000 });
    await textOf(await chat());
    servers.onCheck = (origin) => (origin === FIRST ? { kind: 'refused' } : { kind: 'json', body: { data: [] } });
    const pass = async (ms: number) => {
      await new Promise(setImmediate);
      clock.sleep(ms);
      await new Promise(setImmediate);
    };
    for (const ms of [400_000, 50_000, 50_000]) await pass(ms);
    await textOf(await chat());
    servers.onCheck = () => ({ kind: 'json', body: { data: [] } });
    for (const ms of [50_000, 50_000]) await pass(ms);
    await textOf(await chat());
    expect(servers.requests.map(({ url }) => new URL(url).origin)).toEqual([FIRST, SECOND, FIRST]);
    expect(events.filter(({ upstream }) => upstream === FIRST).map(({ type }) => type)).toEqual(['up', 'down', 'up']);
  });

  it('hears of answers that break off: after three in a row the other one is asked first', async () => {
    const broken: Reply = { kind: 'stream', frames: [chunkFrame({ content: 'a' })], end: 'break' };
    const { servers, events, chat } = backendOf({ [FIRST]: [broken, broken, broken], [SECOND]: [] });
    const answers = [await chat(), await chat(), await chat()];
    for (const answer of answers) await expect(textOf(answer)).rejects.toMatchObject({ code: 'network' });
    expect(events).toContainEqual(expect.objectContaining({ type: 'down', upstream: FIRST }));
    expect(await textOf(await chat())).toBe('ab');
    expect(servers.requests.at(-1)?.url.startsWith(SECOND)).toBe(true);
  });

  it('takes no body that is no object', async () => {
    const { backend } = backendOf({ [FIRST]: [] });
    const options = { signal: new AbortController().signal, asks: 'native' as const };
    for (const body of [null, 'x', [], 3]) {
      await expect(backend.chat(body, options)).rejects.toThrow(errorWith('invalid-request', /JSON object/));
    }
  });
});
