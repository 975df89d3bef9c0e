import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { splitIdentity } from '../../store/split-identity';
import { rejection } from '../testing/rejection';
import type { EngineOptions } from '../types';
import { eventsOf, messages, pageInfo, read, Reading, setUp } from './testing/bridged-page';
import { BRIDGE_URL, bridgeInfo, TOKEN, type FakeBridge } from './testing/fake-bridge';
import { eventually } from '../../../test/support/eventually';

describe('an engine of the bridge', () => {
  it('answers with what the daemon sends, and names its device', async () => {
    const { bridge, scope, create } = setUp();
    const phases: string[] = [];
    const engine = await create({ device: 'bridge', onProgress: ({ phase }) => phases.push(phase) });
    expect(engine.info).toEqual(bridgeInfo);
    expect(phases).toEqual(['upload', 'ready']);
    const creating = read(engine);
    const request = await bridge.arrival();
    expect(request.request).toEqual({ kind: 'chat', body: { messages, stream: true } });
    request.accept();
    request.token(7, 'Hel');
    request.token(8, 'lo');
    request.finish();
    const reading = await creating;
    await reading.whole;
    expect([reading.text, reading.devices]).toEqual(['Hello', ['Radeon']]);
    expect(reading.chunks.every((chunk) => chunk.system_fingerprint === 'fp_bridge')).toBe(true);
    expect(bridge.asked).toEqual([
      `GET /v1/models Bearer ${TOKEN}`,
      `GET /v1/engine?model=sha256%3A${'ab'.repeat(32)} Bearer ${TOKEN}`,
      `GET /v1/engine/events?model=sha256%3A${'ab'.repeat(32)} Bearer ${TOKEN}`,
      `POST /v1/engine/submit Bearer ${TOKEN}`,
    ]);
    expect(await engine.tokenize('abc')).toEqual([1, 2, 3]);
    expect(scope.started).toEqual([]);
  });

  it('does not hand on a name that the page alone has for its model', async () => {
    const { bridge, create } = setUp();
    const model = 'hf:owner/repo/x.gguf';
    const engine = await create({ model });
    const creating = engine.chat.completions.create({ messages, model, stream: true });
    const request = await bridge.arrival();
    expect(request.request).toEqual({ kind: 'chat', body: { messages, stream: true } });
    request.accept();
    request.finish();
    await new Reading(await creating).whole;
  });

  it('ends a request at the daemon when its reader leaves', async () => {
    const { bridge, create } = setUp();
    const engine = await create({ device: 'bridge' });
    const creating = engine.chat.completions.create({ messages, stream: true });
    const request = await bridge.arrival();
    request.accept();
    await (await creating)[Symbol.asyncIterator]().return?.();
    await eventually(() => expect(request.wasCancelled).toBe(true));
  });

  it('leaves connections to other tabs: a fifth request waits for an end, and one that was stopped for nothing', async () => {
    const { bridge, create } = setUp();
    const engine = await create({ device: 'bridge' });
    const controllers = Array.from({ length: 6 }, () => new AbortController());
    const all = controllers.map(({ signal }) =>
      engine.completions.create({ prompt: [1] }, { signal }).then(
        () => 'answered',
        (error: Error) => error.name,
      ),
    );
    const first = await bridge.arrival();
    for (let index = 1; index < 4; index++) await bridge.arrival();
    const submits = (): number => bridge.asked.filter((call) => call.includes('submit')).length;
    await engine.tokenize('abc'); // by now a fifth would have come
    expect(submits()).toBe(4);
    controllers[4]?.abort();
    first.accept();
    first.finish();
    await bridge.arrival(); // the sixth
    await all[0];
    for (const controller of controllers) controller.abort();
    expect(await Promise.all(all)).toEqual(['answered', ...Array.from({ length: 5 }, () => 'AbortError')]);
    expect(submits()).toBe(5);
    // What was stopped has left its connection.
    void engine.completions.create({ prompt: [1] }).catch(() => undefined);
    await bridge.arrival();
  });

  it('passes on what the daemon refuses of a request', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    bridge.refusal = { status: 400, body: { error: { code: 'context-overflow', message: 'Too long.', param: null } } };
    await expect(engine.chat.completions.create({ messages })).rejects.toMatchObject({
      code: 'context-overflow',
      message: 'Too long.',
    });
  });

  it.each<[string, (bridge: FakeBridge) => void, string, string]>([
    ['is not there', (bridge) => void (bridge.isReachable = false), 'bridge-unreachable', 'npx forgelight serve'],
    ['may not be reached', (bridge) => void (bridge.permission = 'denied'), 'bridge-denied', 'site settings'],
    [
      'does not know the page',
      (bridge) =>
        void (bridge.refusal = { status: 401, body: { error: { code: 'not-paired', message: 'Pair first.' } } }),
      'not-paired',
      'Pair first',
    ],
    ['does not have the model', (bridge) => void (bridge.models = []), 'invalid-request', 'forgelight pull'],
    ['is another program', (bridge) => void (bridge.refusal = { status: 404, body: 'x' }), 'bridge-unreachable', '404'],
    ['is of another kind', (bridge) => void (bridge.info = {}), 'bridge-unreachable', 'version'],
  ])('fails by name where the daemon %s, and with `auto` says so and answers here', async (_, spoil, code, words) => {
    const { bridge, scope, create } = setUp();
    spoil(bridge);
    await expect(create({ device: 'bridge' })).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    expect(scope.started).toEqual([]);
    const engine = await create();
    expect(engine.info.device).toEqual(pageInfo.device);
    expect(engine.info.notes).toEqual([expect.stringContaining(words)]);
  });

  it.each(['bridge', 'auto'] as const)(
    'rejects with an AbortError when its signal fires, with `%s`',
    async (device) => {
      const { bridge, scope, create } = setUp();
      const abort = new AbortController();
      const creating = rejection(create({ device, signal: abort.signal }));
      abort.abort(new Error('enough'));
      expect(await creating).toMatchObject({ name: 'AbortError' });
      // Also where it fires while this page loads the model.
      if (device === 'bridge') return;
      bridge.isReachable = false;
      const late = new AbortController();
      scope.host.onLoad = () => {
        late.abort(new Error('enough'));
        return new Promise(() => undefined);
      };
      expect(await rejection(create({ device, signal: late.signal }))).toMatchObject({ name: 'AbortError' });
    },
  );

  it('says both reasons where neither can answer', async () => {
    const { bridge, scope, create } = setUp();
    bridge.isReachable = false;
    scope.hasWebGpu = false;
    await expect(create()).rejects.toMatchObject({ code: 'no-webgpu', message: expect.stringContaining(BRIDGE_URL) });
  });

  it.each<Partial<EngineOptions>>([{ device: 'webgpu' }, { device: 'auto', bridgeUrl: undefined as never }])(
    'is not looked for with %j',
    async (options) => {
      const { bridge, create } = setUp();
      const asked = vi.fn<typeof fetch>();
      vi.stubGlobal('fetch', asked);
      onTestFinished(() => void vi.unstubAllGlobals());
      const engine = await create(options);
      expect(engine.info).toEqual(pageInfo);
      expect([bridge.asked, asked.mock.calls]).toEqual([[], []]);
      await expect(engine.use('bridge')).rejects.toMatchObject({ code: 'invalid-request' });
    },
  );
});

it('no token is sent to another computer, and nothing else', async () => {
  const { bridge, scope, create } = setUp();
  for (const device of ['auto', 'bridge'] as const) {
    for (const bridgeUrl of ['https://evil.example', 'http://192.168.1.9:8788', 'http://127.0.0.1.evil.example']) {
      const refused = { code: 'invalid-request', param: 'bridgeUrl' };
      await expect(create({ device, bridgeUrl })).rejects.toMatchObject(refused);
    }
  }
  expect([bridge.asked, scope.started]).toEqual([[], []]);
});

describe('an answer that runs on the bridge', () => {
  it.each<[string, (request: Awaited<ReturnType<FakeBridge['arrival']>>, bridge: FakeBridge) => void]>([
    ['breaks off', (request) => request.fail(new TypeError('network error'))],
    ['ends too early', (request) => request.end()],
    ['is shut down', (request) => request.frame({ error: { code: 'closed', message: 'The daemon ends.' } })],
    ['sends what is no event', (request) => request.frame({ type: 'token', tokenId: 'x' })],
    ['says nothing for too long', (_request, bridge) => bridge.clock.advance(120_000)],
  ])('goes on in this page when that %s: no token is lost, none comes twice', async (_, spoil) => {
    const { bridge, scope, create } = setUp();
    const engine = await create();
    const events = eventsOf(engine);
    const creating = read(engine);
    const request = await bridge.arrival();
    request.accept();
    request.token(7, 'one ');
    request.token(8, 'two ');
    const reading = await creating;
    await reading.until('one two ');
    bridge.isReachable = false;
    spoil(request, bridge);
    const here = await scope.host.arrival();
    expect(here.request).toEqual({
      ...{ kind: 'resume', of: 'chat', body: { messages, stream: true } },
      ...{ seed: 3, promptIds: [5], emittedIds: [7, 8] },
    });
    here.accept();
    here.token('three');
    here.end({ kind: 'stop' });
    await reading.whole;
    expect([reading.text, reading.devices]).toEqual(['one two three', ['Radeon', 'GPU']]);
    expect(events).toMatchObject([
      { type: 'state', state: 'lost' },
      { type: 'lost' },
      { type: 'restored', info: { device: { name: 'GPU' } }, sameAnswers: false },
      { type: 'state', state: 'ready' },
    ]);
    expect(engine.info.device.name).toBe('GPU');
  });

  it('is tried again after each break that a token came before', async () => {
    const { bridge, create } = setUp();
    const creating = read(await create({ device: 'bridge' }));
    for (let breaks = 0; breaks < 3; breaks++) {
      const request = await bridge.arrival();
      request.accept();
      request.token(breaks, `${breaks} `);
      await (await creating).until('0 1 2 '.slice(0, 2 * (breaks + 1)));
      request.fail(new TypeError('network error'));
    }
    const last = await bridge.arrival();
    expect(last.request).toMatchObject({ kind: 'resume', emittedIds: [0, 1, 2] });
    last.accept();
    last.finish();
    await (
      await creating
    ).whole;
    expect((await creating).text).toBe('0 1 2 ');
  });

  it('moves here and back when it is told to', async () => {
    const { bridge, scope, create } = setUp();
    const engine = await create();
    const creating = read(engine);
    const request = await bridge.arrival();
    request.accept();
    request.token(7, 'one ');
    const reading = await creating;
    await reading.until('one ');
    expect((await engine.use('webgpu')).device.name).toBe('GPU');
    expect(request.wasCancelled).toBe(true);
    const here = await scope.host.arrival();
    here.accept();
    here.token('two ');
    await reading.until('one two ');
    expect((await engine.use('bridge')).device.name).toBe('Radeon');
    await scope.host.cancellation();
    const back = await bridge.arrival();
    expect(back.request).toMatchObject({ emittedIds: [7, 2] });
    back.accept();
    back.token(9, 'three');
    back.finish();
    await reading.whole;
    expect(reading.text).toBe('one two three');
  });

  it('of a model in several files, which this page loaded first, moves there and back by the hash of its parts', async () => {
    const { bridge, scope, create } = setUp();
    const sha256 = await splitIdentity(['1', '2'].map((digit) => digit.repeat(64)));
    const other = await splitIdentity(['2', '1'].map((digit) => digit.repeat(64)));
    const model = 'https://m.example/x-00001-of-00002.gguf';
    const named = (info: typeof bridgeInfo) => ({ ...info, model: { ...info.model, sha256 } });
    bridge.models = [{ id: `sha256:${other}`, name: 'x-00001-of-00002.gguf', sha256: other }];
    const expected: unknown[] = [];
    scope.host.onLoad = (load) => {
      expected.push(load.sha256);
      return Promise.resolve({ ok: true, value: named(pageInfo) });
    };
    const engine = await create({ model, sha256: undefined as never });
    expect(engine.info.device.name).toBe('GPU');
    await expect(engine.use('bridge')).rejects.toMatchObject({ code: 'invalid-request', param: 'model' });
    bridge.models = [{ id: `sha256:${sha256}`, name: 'x-00001-of-00002.gguf', sha256 }];
    bridge.info = named(bridgeInfo);
    const creating = read(engine);
    const here = await scope.host.arrival();
    here.accept();
    here.token('one ');
    const reading = await creating;
    await reading.until('one ');
    expect((await engine.use('bridge')).device.name).toBe('Radeon');
    expect(bridge.asked).toContain(`GET /v1/engine?model=sha256%3A${sha256} Bearer ${TOKEN}`);
    const there = await bridge.arrival();
    expect(there.request).toMatchObject({ kind: 'resume', emittedIds: [expect.any(Number)] });
    there.accept();
    there.token(9, 'two ');
    await reading.until('one two ');
    bridge.isReachable = false;
    there.end();
    const back = await scope.host.arrival();
    expect(back.request).toMatchObject({ kind: 'resume', emittedIds: [expect.any(Number), 9] });
    back.accept();
    back.token('three');
    back.end({ kind: 'stop' });
    await reading.whole;
    expect([reading.text, reading.devices]).toEqual(['one two three', ['GPU', 'Radeon']]);
    expect(expected).toEqual([undefined]);
  });

  it('of a model in several files goes on in a page that has to load the same parts', async () => {
    const { bridge, scope, create } = setUp();
    const sha256 = await splitIdentity(['1', '2'].map((digit) => digit.repeat(64)));
    const path = 'x-Q8_0-00001-of-00002.gguf';
    bridge.hub.push({ model: `hf:a/b/${path}`, path, sizeBytes: 1, quantisation: 'Q8_0', sha256 });
    bridge.models = [{ id: `sha256:${sha256}`, name: path, sha256 }];
    bridge.info = { ...bridgeInfo, model: { ...bridgeInfo.model, sha256 } };
    const expected: unknown[] = [];
    scope.host.onLoad = (load) => {
      expected.push(load.sha256);
      return Promise.resolve({ ok: true, value: pageInfo });
    };
    const engine = await create({ model: 'hf:a/b:Q8_0', sha256: undefined as never });
    const creating = read(engine);
    const request = await bridge.arrival();
    request.accept();
    request.token(7, 'one ');
    const reading = await creating;
    await reading.until('one ');
    bridge.isReachable = false;
    request.end();
    const here = await scope.host.arrival();
    expect(here.request).toMatchObject({ kind: 'resume', emittedIds: [7] });
    here.accept();
    here.end({ kind: 'stop' });
    await reading.whole;
    expect(expected).toEqual([sha256]);
  });

  it('ends where it was stopped while this page’s engine is made ready', async () => {
    const { bridge, scope, create } = setUp();
    const engine = await create();
    scope.host.onLoad = () => new Promise(() => undefined);
    const controller = new AbortController();
    const stream = await (async () => {
      const creating = engine.chat.completions.create({ messages, stream: true }, { signal: controller.signal });
      const request = await bridge.arrival();
      request.accept();
      bridge.isReachable = false;
      request.end();
      return creating;
    })();
    const reading = rejection(new Reading(stream).whole);
    await eventually(() => expect(scope.started).toHaveLength(1));
    controller.abort();
    expect(await reading).toMatchObject({ name: 'AbortError' });
  });

  it('fails by name where nothing else can answer, and the engine with it', async () => {
    const { bridge, create } = setUp();
    const engine = await create({ device: 'bridge' });
    const events = eventsOf(engine);
    const creating = rejection(engine.chat.completions.create({ messages }));
    const request = await bridge.arrival();
    bridge.isReachable = false;
    request.end();
    expect(await creating).toMatchObject({ code: 'bridge-unreachable' });
    await eventually(() => expect(events.at(-1)).toMatchObject({ type: 'state', state: 'gone' }));
  });

  it('stays where it is when a bridge comes back that was not there; new ones go there', async () => {
    const { bridge, scope, create } = setUp();
    bridge.isReachable = false;
    const engine = await create();
    const first = read(engine);
    const here = await scope.host.arrival();
    here.accept();
    bridge.isReachable = true;
    bridge.clock.advance(1000);
    await eventually(() => expect(engine.info.device.name).toBe('Radeon'));
    const second = read(engine);
    const request = await bridge.arrival();
    request.accept();
    request.token(1, 'there');
    request.finish();
    here.end({ kind: 'stop' }, 'here');
    const readings = await Promise.all([first, second]);
    await Promise.all(readings.map(({ whole }) => whole));
    expect(readings.map(({ devices }) => devices)).toEqual([['GPU'], ['Radeon']]);
  });
});
