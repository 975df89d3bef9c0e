import { describe, expect, it } from 'vitest';
import { defined } from '../../base/assert';
import type { Engine } from '../types';
import { eventsOf, pageInfo, read, setUp, type Setup } from './testing/bridged-page';
import { bridgeInfo, type FakeBridge } from './testing/fake-bridge';
import { eventually } from '../../../test/support/eventually';

const watchAt = (bridge: FakeBridge, index: number) => defined(bridge.watches[index], 'a stream of news');
const watching = (bridge: FakeBridge, count: number): Promise<void> =>
  eventually(() => expect(bridge.watches).toHaveLength(count));
const answering = (engine: Engine, device: string): Promise<void> =>
  eventually(() => expect(engine.info.device.name).toBe(device));
const deviceOfNext = async ({ bridge, scope }: Setup, engine: Engine): Promise<readonly (string | undefined)[]> => {
  const reading = read(engine);
  const there = bridge.arrival().then((request) => {
    request.accept();
    request.token(1, 'x');
    request.finish();
  });
  const here = scope.host.arrival().then((request) => {
    request.accept();
    request.end({ kind: 'stop' }, 'x');
  });
  await Promise.race([there, here]);
  const { whole, chunks } = await reading;
  await whole;
  return chunks.map(({ device }) => device?.name);
};
/** Lets all that is not timed come to an end. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};
const asks = (bridge: FakeBridge, path: string): number => bridge.asked.filter((call) => call.includes(path)).length;
const lost = { type: 'state', state: 'lost' };
const fallenBack = [
  { ...lost, error: { code: 'bridge-unreachable' } },
  { type: 'lost' },
  { type: 'restored', info: { device: { name: 'GPU' } } },
  { type: 'state', state: 'ready' },
];

describe('a bridge that goes away while nothing is asked', () => {
  it('is noticed at once, this page answers, and the bridge again when it is back', async () => {
    const page = setUp();
    const { bridge } = page;
    const engine = await page.create();
    const events = eventsOf(engine);
    await watching(bridge, 1);
    bridge.die();
    await answering(engine, 'GPU');
    expect(events).toMatchObject(fallenBack);
    bridge.isReachable = true;
    bridge.clock.advance(1_000);
    await answering(engine, 'Radeon');
    expect(events.slice(4)).toMatchObject([
      { type: 'restored', info: { device: { name: 'Radeon' } } },
      { type: 'state', state: 'ready' },
    ]);
    expect(await deviceOfNext(page, engine)).toContain('Radeon');
    await watching(bridge, 2);
    bridge.die(); // and once more
    await answering(engine, 'GPU');
  });

  it('is noticed by a call that is no request, too', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const events = eventsOf(engine);
    bridge.isReachable = false; // its stream of news says nothing yet
    await engine.tokenize('abc').catch(() => undefined);
    await answering(engine, 'GPU');
    expect(events).toMatchObject(fallenBack);
  });

  it('is looked for with growing pauses, until it is back or the engine is closed', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    await watching(bridge, 1);
    bridge.die();
    await answering(engine, 'GPU');
    const before = asks(bridge, '/v1/models');
    for (let second = 0; second < 300; second++) {
      bridge.clock.advance(1_000);
      await settle();
    }
    // After 1, 2, 4, 8, 16 and 32 s, then every minute.
    expect(asks(bridge, '/v1/models') - before).toBe(9);
    await engine.close();
    bridge.clock.advance(600_000);
    await settle();
    expect(asks(bridge, '/v1/models') - before).toBe(9);
  });

  it('is not looked for where it has taken its token back, until something is asked', async () => {
    const page = setUp();
    const { bridge } = page;
    const engine = await page.create();
    await watching(bridge, 1);
    bridge.refusal = { status: 401, body: { error: { code: 'not-paired', message: 'Taken back.' } } };
    watchAt(bridge, 0).frame({ error: { code: 'not-paired', message: 'Taken back.' } });
    await answering(engine, 'GPU');
    bridge.clock.advance(1_000);
    await settle();
    const before = bridge.asked.length;
    bridge.clock.advance(600_000);
    await settle();
    expect(bridge.asked).toHaveLength(before);
    bridge.refusal = null; // paired anew
    expect(await deviceOfNext(page, engine)).toContain('GPU'); // it does not wait
    await answering(engine, 'Radeon');
  });

  it('is the end of an engine that has nothing else', async () => {
    const { bridge, create } = setUp();
    const events = eventsOf(await create({ device: 'bridge' }));
    await watching(bridge, 1);
    bridge.die();
    await eventually(() => expect(events).toMatchObject([lost, { type: 'lost' }, { type: 'state', state: 'gone' }]));
    expect(bridge.clock.waiting).toBe(0);
  });

  it('is waited for where this page cannot answer', async () => {
    const { bridge, scope, create } = setUp();
    const engine = await create();
    const events = eventsOf(engine);
    scope.hasWebGpu = false;
    await watching(bridge, 1);
    bridge.die();
    // That nothing answers meanwhile is told once, however often it is looked for.
    for (let looks = 0; looks < 4; looks++) {
      await settle();
      expect(events).toMatchObject([lost, { type: 'lost' }, { ...lost, error: { code: 'bridge-unreachable' } }]);
      bridge.clock.advance(60_000);
    }
    await settle();
    bridge.isReachable = true;
    bridge.clock.advance(60_000);
    await eventually(() => expect(events.at(-1)).toMatchObject({ type: 'state', state: 'ready' }));
    expect(engine.info.device.name).toBe('Radeon');
  });
});

describe('news of the bridge', () => {
  it('are heard again where the stream alone broke', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const events = eventsOf(engine);
    await watching(bridge, 1);
    watchAt(bridge, 0).end();
    await watching(bridge, 2);
    bridge.clock.advance(20_000);
    watchAt(bridge, 1).fail(new TypeError('network error'));
    await watching(bridge, 3);
    await settle();
    expect([events, engine.info]).toEqual([[], bridgeInfo]);
    watchAt(bridge, 2).end(); // within ten seconds: there is something wrong
    await answering(engine, 'GPU');
  });

  it('tell of a device that was lost there, and of another one', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const events = eventsOf(engine);
    await watching(bridge, 1);
    const other = { ...bridgeInfo, device: { ...bridgeInfo.device, name: 'Other' } };
    const frames = [
      { type: 'state', state: 'lost', retryAtMs: null, error: null },
      { type: 'lost' },
      { type: 'state', state: 'ready', retryAtMs: null, error: null },
      { type: 'restored', info: other, sameAnswers: true },
    ];
    for (const frame of [...frames, { type: 'of a newer daemon' }, null, { type: 'state', state: 7 }]) {
      watchAt(bridge, 0).frame(frame);
    }
    await answering(engine, 'Other');
    await settle();
    expect(events).toEqual(frames);
  });

  it('tell that the model was taken off the device: nothing moves, and the next request goes there', async () => {
    const page = setUp();
    const { bridge } = page;
    const engine = await page.create();
    const events = eventsOf(engine);
    let unloaded = 0;
    engine.on('unloaded', () => (unloaded += 1));
    await watching(bridge, 1);
    for (let time = 0; time < 2; time++) watchAt(bridge, 0).frame({ type: 'unloaded' });
    await eventually(() => expect(unloaded).toBe(1));
    expect(await deviceOfNext(page, engine)).toContain('Radeon');
    watchAt(bridge, 0).frame({ type: 'state', state: 'ready', retryAtMs: null, error: null });
    await eventually(() => expect(events).toMatchObject([{ type: 'state', state: 'ready' }]));
    expect(page.scope.started).toEqual([]);
  });

  it('that the engine there is gone are its end here', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    await watching(bridge, 1);
    watchAt(bridge, 0).frame({ type: 'state', state: 'gone', retryAtMs: null, error: { code: 'x', message: 'Died.' } });
    await answering(engine, 'GPU');
  });

  it('are none of an older daemon’s, whose end is heard with the next request', async () => {
    const { bridge, create } = setUp();
    const answer = bridge.fetch;
    const older: typeof fetch = (input, init) =>
      new Request(input).url.includes('/events')
        ? Promise.resolve(
            Response.json({ error: { code: 'invalid-request', message: 'No such call.' } }, { status: 404 }),
          )
        : answer(input, init);
    const engine = await create({}, Object.assign(bridge, { fetch: older }));
    const events = eventsOf(engine);
    bridge.clock.advance(60_000);
    await settle();
    expect([events, engine.info]).toEqual([[], bridgeInfo]);
  });

  it('hold no connection while nobody sees the page, and are caught up with when somebody does', async () => {
    const { bridge, create } = setUp();
    const engine = await create();
    const events = eventsOf(engine);
    await watching(bridge, 1);
    bridge.sight.show(false);
    await eventually(() => expect(watchAt(bridge, 0).wasCancelled).toBe(true));
    bridge.sight.show(true);
    await watching(bridge, 2);
    bridge.sight.show(false);
    bridge.die();
    bridge.clock.advance(600_000);
    await settle();
    expect([events, bridge.watches.length, asks(bridge, '/events')]).toEqual([[], 2, 2]);
    bridge.sight.show(true);
    await answering(engine, 'GPU');
    bridge.sight.show(false); // nobody looks for it now either
    const before = bridge.asked.length;
    bridge.clock.advance(600_000);
    await settle();
    expect(bridge.asked).toHaveLength(before);
  });
});

describe('a closed engine', () => {
  it.each<[string, (page: Setup, engine: Engine) => Promise<unknown> | void]>([
    ['that heard news', ({ bridge }) => watching(bridge, 1)],
    ['that nobody saw', ({ bridge }) => (bridge.sight.show(false), settle())],
    [
      'that had fallen back',
      async ({ bridge }, engine) => {
        await watching(bridge, 1);
        bridge.die();
        await answering(engine, pageInfo.device.name);
      },
    ],
    ['whose bridge just went away', async ({ bridge }) => (await watching(bridge, 1), bridge.die())],
  ])('%s leaves no timer, no listener and no stream', async (_, prepare) => {
    const page = setUp();
    const { bridge } = page;
    const engine = await page.create();
    await prepare(page, engine);
    await engine.close();
    await settle();
    expect([bridge.clock.waiting, bridge.sight.watched]).toEqual([0, 0]);
    expect(bridge.watches.every(({ wasCancelled, hasEnded }) => wasCancelled || hasEnded)).toBe(true);
    const before = bridge.asked.length;
    bridge.clock.advance(600_000);
    await settle();
    expect(bridge.asked).toHaveLength(before);
  });
});
