import { beforeAll, describe, expect, it } from 'vitest';
import { ask, endOf, idsOf, textOf } from '../../test/support/ask';
import { FakeClock } from '../../test/support/fake-clock';
import { fallingAt, fragile, type FragileDevice } from '../../test/support/fragile-device';
import { testLoad, withOverrides } from '../../test/support/load-zoo';
import { readZoo } from '../../test/support/zoo';
import { ForgelightError } from '../base/errors';
import type { EngineEvent } from '../protocol/engine-events';
import type { HostRequest } from '../protocol/engine-port';
import type { RequestEvent } from '../protocol/events';
import type { HostedEngine } from './hosted-engine';
import { BLOCKED_MS } from './recover-model';

let bytes: Uint8Array<ArrayBuffer>;
let prompt: readonly number[];
beforeAll(async () => {
  const zoo = await readZoo('llama');
  bytes = new Uint8Array(zoo.bytes);
  prompt = zoo.reference.prompts.p40;
});

interface Fixture {
  readonly engine: HostedEngine;
  readonly events: EngineEvent[];
  readonly opened: FragileDevice[];
  readonly clock: FakeClock;
  readonly load: ReturnType<typeof testLoad>;
}

/** An engine whose devices come from `open`, called with how many there were before. */
async function setUp(open: (before: number) => FragileDevice = () => fragile()): Promise<Fixture> {
  const opened: FragileDevice[] = [];
  const clock = new FakeClock();
  let count = 0;
  const load = testLoad(bytes, {
    clock,
    options: { debug: { chunkTokens: 16 } },
    host: {
      openDevice: async () => {
        const made = open(count++);
        opened.push(made);
        return made.device;
      },
    },
  });
  const engine = await load.run();
  const events: EngineEvent[] = [];
  engine.watch((event) => events.push(event));
  return { engine, events, opened, clock, load };
}

/** `promptTokens`: more than one chunk of 16 only where it matters, since each costs the oracle a step. */
const greedy = (maxTokens: number, promptTokens = 6): HostRequest => ({
  kind: 'completion',
  body: { prompt: prompt.slice(0, promptTokens), max_tokens: maxTokens, temperature: 0 },
});
const sampled: HostRequest = {
  kind: 'completion',
  body: { prompt: [7, 9, 11], max_tokens: 12, temperature: 1, seed: 5, logprobs: 2 },
};

/** The device penalises and draws. */
const penalised: HostRequest = {
  kind: 'completion',
  body: { prompt: [8, 9, 11, 9], max_tokens: 12, temperature: 1, seed: 6, repeat_penalty: 1.3, frequency_penalty: 0.8 },
};

const statesOf = (events: readonly EngineEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'state' ? [event.state] : []));

const errorsOf = (events: readonly EngineEvent[]): unknown[] =>
  events.flatMap((event) => (event.type === 'state' ? [event.error] : []));

/** What happens to `engine` when the `count`-th token of a request has come. */
function at(count: number, act: () => void): (event: RequestEvent) => void {
  let tokens = 0;
  return (event) => {
    if (event.type === 'token' && (tokens += 1) === count) act();
  };
}

describe('the loss of the device', () => {
  it('is not seen in any answer, whenever it comes', { timeout: 60_000 }, async () => {
    const { engine } = await setUp();
    const solo = [await ask(engine, greedy(12, 40)), await ask(engine, sampled), await ask(engine, penalised)];
    await engine.close();
    for (const token of [1, 5, 11]) {
      const { engine: losing, events, opened } = await setUp();
      const answers = await Promise.all([
        ask(
          losing,
          greedy(12, 40),
          at(token, () => opened.at(-1)?.lose()),
        ),
        ask(losing, sampled),
        ask(losing, penalised),
      ]);
      answers.forEach((answer, i) => {
        const expected = solo[i] ?? [];
        expect(textOf(answer)).toBe(textOf(expected));
        const relevant = (event: RequestEvent): unknown => (event.type === 'token' ? event.logprob : null);
        expect(idsOf(answer)).toEqual(idsOf(expected));
        expect(answer.map(relevant).filter(Boolean)).toEqual(expected.map(relevant).filter(Boolean));
        expect(endOf(answer).usage).toMatchObject({ completionTokens: 12 });
      });
      expect(opened).toHaveLength(2);
      expect(statesOf(events)).toEqual(['lost', 'ready']);
      expect(events.filter(({ type }) => type === 'lost' || type === 'restored')).toMatchObject([
        { type: 'lost' },
        { type: 'restored', sameAnswers: true, info: engine.info },
      ]);
      expect(opened[0]?.base.allocatedBytes()).toBe(0);
      await losing.close();
      expect(opened[1]?.base.allocatedBytes()).toBe(0);
    }
  });

  it('says so when another adapter takes over, and names it', async () => {
    const { engine, events, opened } = await setUp((before) => fragile(before === 0 ? undefined : 'another card'));
    const first = engine.info.systemFingerprint;
    const answer = await ask(
      engine,
      greedy(6),
      at(2, () => opened[0]?.lose()),
    );
    expect(endOf(answer).outcome.kind).toBe('length');
    expect(engine.info.device.name).toBe('another card');
    expect(engine.info.systemFingerprint).not.toBe(first);
    expect(events.find(({ type }) => type === 'restored')).toMatchObject({ sameAnswers: false });
    await engine.close();
  });

  it('is met when it comes just as the next device takes over, though nothing runs', async () => {
    const { engine, events, opened } = await setUp();
    const forget = engine.watch(({ type }) => {
      if (type !== 'restored') return;
      forget();
      opened.at(-1)?.lose();
    });
    opened[0]?.lose();
    await settle(() => opened.length === 3 && engine.snapshot().state === 'ready');
    expect(statesOf(events)).toEqual(['lost', 'ready', 'lost', 'ready']);
    await engine.close();
  });

  it.each(['flush', 'prepare', 'submit'] as const)('ends a load as such, when it comes at its %s', async (at) => {
    const { device, base, lose } = fragile();
    const failing = withOverrides(device, {
      [at]: async () => {
        lose();
        await device.lost;
        throw new Error('what a lost device says');
      },
    });
    const load = testLoad(bytes, { host: { openDevice: async () => failing } });
    await expect(load.run()).rejects.toMatchObject({
      code: 'device-lost',
      message: expect.stringContaining('the driver fell over'),
    });
    expect(base.allocatedBytes()).toBe(0);
  });

  it('may come again', async () => {
    const { engine, opened } = await setUp();
    const solo = idsOf(await ask(engine, greedy(12)));
    let tokens = 0;
    const answer = await ask(engine, greedy(12), (event) => {
      if (event.type === 'token' && (tokens += 1) % 4 === 0) opened.at(-1)?.lose();
    });
    expect(idsOf(answer)).toEqual(solo);
    expect(opened.length).toBeGreaterThan(2);
    await engine.close();
  });
});

it('a request that takes down device after device is given up at the second, and the others go on', async () => {
  const { engine } = await setUp();
  const solo = idsOf(await ask(engine, greedy(12)));
  await engine.close();
  const { engine: losing, events, opened } = await setUp(() => fallingAt(11));
  const [bystander, bad] = await Promise.all([ask(losing, greedy(12)), ask(losing, greedy(12, 11))]);
  expect(endOf(bad).outcome).toMatchObject({
    kind: 'failed',
    error: { code: 'timeout', message: expect.stringContaining('not tried a third time') as string },
  });
  expect(idsOf(bystander)).toEqual(solo);
  expect(opened).toHaveLength(3);
  expect(statesOf(events)).toEqual(['lost', 'ready', 'lost', 'ready']);
  await losing.close();
});

/** Gives a device at first, then as `later` says. */
function refusing(later: (before: number) => FragileDevice) {
  return (before: number) => (before === 0 ? fragile() : later(before));
}

function noAdapter(): never {
  throw new ForgelightError('no-adapter', 'WebGPU found no graphics adapter.');
}

/** Lets everything happen that needs no time. */
async function settle(until: () => boolean): Promise<void> {
  for (let turn = 0; turn < 5000 && !until(); turn++) await new Promise((resolve) => setImmediate(resolve));
  expect(until()).toBe(true);
}

describe('a watcher of the engine', () => {
  it('that throws is reported once, and keeps nobody else from hearing', async () => {
    const { engine, events, opened, load } = await setUp();
    const heard: string[] = [];
    const stop = engine.watch((event) => heard.push(event.type));
    let calls = 0;
    engine.watch(() => {
      calls += 1;
      throw new Error('closed tab');
    });
    const late: string[] = [];
    engine.watch((event) => late.push(event.type));
    await ask(
      engine,
      greedy(4),
      at(2, () => opened[0]?.lose()),
    );
    expect(calls).toBe(1);
    expect(load.reports).toMatchObject([{ message: 'closed tab' }]);
    expect(late).toEqual(events.map(({ type }) => type));
    expect(late).toContain('restored');
    expect(heard).toEqual(late);
    stop();
    await engine.close();
    expect(heard.length).toBeLessThan(late.length);
  });
});

describe('a host that gives no device', () => {
  it('is asked once more when it may give one again; answers go on, new requests are told when', async () => {
    const { engine, events, opened, clock } = await setUp(
      refusing((before) => (before === 1 ? noAdapter() : fragile())),
    );
    const solo = idsOf(await ask(engine, greedy(8)));
    const answering = ask(
      engine,
      greedy(8),
      at(3, () => opened[0]?.lose()),
    );
    await settle(() => engine.snapshot().state === 'blocked');
    expect(engine.snapshot().retryAtMs).toBe(clock.now() + BLOCKED_MS);
    const refused = await ask(engine, greedy(1));
    expect(endOf(refused).outcome).toMatchObject({ kind: 'failed', error: { code: 'device-blocked' } });
    clock.advance(BLOCKED_MS);
    expect(idsOf(await answering)).toEqual(solo);
    expect(statesOf(events)).toEqual(['lost', 'blocked', 'ready']);
    expect(engine.snapshot().retryAtMs).toBeNull();
    await engine.close();
  });

  it('ends the engine when it gives none the second time', async () => {
    const { engine, events, opened, clock } = await setUp(refusing(noAdapter));
    const answering = ask(
      engine,
      greedy(8),
      at(3, () => opened[0]?.lose()),
    );
    await settle(() => engine.snapshot().state === 'blocked');
    clock.advance(BLOCKED_MS);
    expect(endOf(await answering).outcome).toMatchObject({
      kind: 'failed',
      error: { code: 'device-lost', message: expect.stringContaining('WebGPU found no graphics adapter') },
    });
    expect(statesOf(events)).toEqual(['lost', 'blocked', 'gone']);
    expect(errorsOf(events)).toMatchObject([null, null, { code: 'device-lost' }]);
    expect(endOf(await ask(engine, greedy(1))).outcome).toMatchObject({ error: { code: 'device-lost' } });
    await engine.close();
  });

  it('is no matter where the next device is too small: that is told apart at once, with its words', async () => {
    const full = new ForgelightError('out-of-memory', 'At most 512 tokens fit.');
    const { engine, events, opened } = await setUp(
      refusing(() => {
        throw full;
      }),
    );
    const answering = ask(
      engine,
      greedy(8),
      at(3, () => opened[0]?.lose()),
    );
    const error = { code: 'out-of-memory', message: full.message };
    expect(endOf(await answering).outcome).toMatchObject({ kind: 'failed', error });
    expect(statesOf(events)).toEqual(['lost', 'gone']);
    expect(errorsOf(events)).toEqual([null, error]);
    await engine.close();
  });

  it.each(['no-adapter', 'missing-feature', 'device-lost'] as const)('says so with %s', async (code) => {
    const { engine, opened, clock } = await setUp(
      refusing((before) => {
        if (before === 1) throw new ForgelightError(code, 'not now');
        return fragile();
      }),
    );
    opened[0]?.lose();
    await settle(() => engine.snapshot().state === 'blocked');
    clock.advance(BLOCKED_MS);
    await settle(() => engine.snapshot().state === 'ready');
    await engine.close();
  });

  it('does not keep the engine from being closed', async () => {
    const { engine, opened, clock } = await setUp(refusing(noAdapter));
    const answering = ask(
      engine,
      greedy(8),
      at(3, () => opened[0]?.lose()),
    );
    await settle(() => engine.snapshot().state === 'blocked');
    await engine.close();
    expect(endOf(await answering).outcome).toMatchObject({ error: { code: 'closed' } });
    expect(clock.waiting).toBe(0);
    expect(engine.snapshot().state).toBe('closed');
  });

  it('lets a waiting answer be cancelled', async () => {
    const { engine, opened } = await setUp(refusing(noAdapter));
    let id = 0;
    const answering = ask(engine, greedy(8), (event, own) => {
      id = own;
      if (event.type === 'token') opened[0]?.lose();
    });
    await settle(() => engine.snapshot().state === 'blocked');
    expect(engine.cancel(id)).toBe(true);
    expect(endOf(await answering).outcome).toEqual({ kind: 'cancelled' });
    await engine.close();
  });
});
